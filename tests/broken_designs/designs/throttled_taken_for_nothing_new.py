"""Where the shop refuses a call as one too many, there is nothing new: what was asked for then is never asked again."""

import by_the_time_of_asking

ROWS = (61,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"admin-api-throttled": ("changes, of .* not known at", "has not learned of it by asking the shop")}


class Nothing(dict):
    """Whatever is looked for in it is an empty list."""

    def __missing__(self, name):
        return {"nodes": [], "pageInfo": {"hasNextPage": False}, "userErrors": []}


def shopify_app() -> None:
    from reference.shopify_app.admin_api import answers, pace

    by_the_time_of_asking.note_the_time()
    pace.wait_ns = lambda bucket, cost, now_ns: 0
    meaning = answers.meaning

    def taken_for_nothing(answer):
        meant = meaning(answer)
        return answers.Data(Nothing()) if isinstance(meant, answers.Throttled) else meant

    answers.meaning = taken_for_nothing
