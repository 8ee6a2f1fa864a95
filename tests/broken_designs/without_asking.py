"""What designs share that rely on webhooks: they subscribe, and never ask the shop for what they were not told."""


def nothing_is_asked_for() -> None:
    """The position of no kind of thing is ever looked at."""
    from reference.shopify_app.reconciliation import service

    service.Reconciliation._kind = lambda self, kind, report: None
