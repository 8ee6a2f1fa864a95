"""The edge's health check asks whether the process lives, and not whether it can serve anybody."""

ROWS = (18,)
CAUGHT_BY = {"database-lost-in-primary": ("never recovered|only because the fault was healed",)}


def subject(document) -> None:
    for component in document["components"]:
        if component["name"] == "storefront":
            component["health"] = component["edge_health"] = "/live"
