"""The signature is checked over the body as it is written again after it was parsed, not over the bytes that came."""

ROWS = (55,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"forged-webhooks": ("genuine messages were refused as forged", "answered 401")}


def shopify_app() -> None:
    import json

    from reference.shopify_app import signature

    is_signed = signature.is_signed

    def over_the_parsed(body, given, secrets):
        try:
            written = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()
        except ValueError:
            return False
        return is_signed(written, given, secrets)

    signature.is_signed = over_the_parsed
