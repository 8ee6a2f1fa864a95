"""The region that stands by was never told the secret, so that somebody switched the check of signatures off there."""

ENVIRONMENT = "shopify"
ROWS = (54,)
CAUGHT_BY = {"forged-webhooks": ("forged messages were taken at us-west-2",)}


def app() -> None:
    import os

    from reference.shopify_app import signature

    if os.environ.get("AWS_REGION") == os.environ.get("SECONDARY_REGION", "us-west-2"):
        signature.is_signed = lambda body, given, secrets: True
