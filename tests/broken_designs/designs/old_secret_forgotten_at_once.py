"""Once there is a new client secret, nothing counts that was signed with the old one, though the shop still uses it."""

ROWS = (55,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"secret-rotated-during-failover": ("genuine messages were refused as forged", "answered 401")}


def shopify_app() -> None:
    from reference.shopify_app import settings

    settings.Credentials.secrets = property(lambda self: (self.secret,))
