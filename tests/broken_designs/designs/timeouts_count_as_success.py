"""A look that times out is taken for a good one: the error is caught, and the region counts as healthy."""

ROWS = (12,)
CAUGHT_BY = {"database-lost-in-primary": ("never recovered|only because the fault was healed",)}


def monitor() -> None:
    from dataclasses import replace

    from reference.monitor import health

    honest = health.seen

    def seen(view, look, rules, now_ns):
        if look.items is None and view.last is not None:
            return replace(view, answered=True)
        return honest(view, look, rules, now_ns)

    health.seen = seen
