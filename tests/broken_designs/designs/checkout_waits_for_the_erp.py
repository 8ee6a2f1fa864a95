"""Whoever pays waits until the ERP has taken the order: while that is away, nobody can pay."""

ROWS = (59,)
CAUGHT_BY = {"third-party-lost": ("pay does not work",)}
ENVIRONMENT = "shopify"
PATIENCE_S = 1.0


def shopify_app() -> None:
    import http.client
    import json
    from urllib.parse import urlsplit

    from reference.dynamo import CallFailed
    from reference.shopify_app import shopper

    begin = shopper.Shopper.__init__

    def started(self, settings, shop, ask_for):
        erp = urlsplit(shop.parties["erp"])

        def told_first(effect):
            body = json.dumps({"checkout": effect.key}).encode()
            headers = {"Content-Type": "application/json", "Idempotency-Key": f"checkout-{effect.key}"}
            connection = http.client.HTTPConnection(erp.hostname, erp.port, timeout=PATIENCE_S)
            try:
                connection.request("POST", f"{erp.path}/v1/records/checkout-{effect.key}", body, headers)
                answered = connection.getresponse().status
            except OSError as error:
                raise CallFailed("checkout", settings.region, "ErpAway", str(error), transient=True) from error
            finally:
                connection.close()
            if answered >= 400:
                raise CallFailed("checkout", settings.region, "ErpAway", str(answered), transient=True)
            return ask_for(effect)

        begin(self, settings, shop, told_first)

    shopper.Shopper.__init__ = started
