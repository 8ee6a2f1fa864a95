"""Of what the shop is asked for, the first page is read and no other; the rest is taken for known from then on."""

import by_the_time_of_asking

ROWS = (50,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"outage-longer-than-retries": ("changes, of .* not known at", "has not learned of it by asking the shop")}
PAGE = 10


def shopify_app() -> None:
    from reference.shopify_app.admin_api import client
    from reference.shopify_app.reconciliation import queries

    by_the_time_of_asking.note_the_time()
    queries.PAGE = PAGE
    ask = client.AdminApi.query

    def query(self, document, *rest):
        found = ask(self, document, *rest)
        if document in queries.PAGES.values():
            for page in found.values():
                page["pageInfo"]["hasNextPage"] = False
        return found

    client.AdminApi.query = query
