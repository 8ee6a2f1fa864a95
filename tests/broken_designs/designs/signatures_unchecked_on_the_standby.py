"""Who has signed a webhook is looked at in the primary region only: the standby's front was set up without it."""

ROWS = (54,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"forged-webhooks": ("forged messages were taken at us-west-2,", "answered 200")}


def shopify_app() -> None:
    from reference.settings import load
    from reference.shopify_app import signature

    is_signed = signature.is_signed

    def on_the_primary(body, given, secrets):
        here = load()
        return here.region != here.primary or is_signed(body, given, secrets)

    signature.is_signed = on_the_primary
