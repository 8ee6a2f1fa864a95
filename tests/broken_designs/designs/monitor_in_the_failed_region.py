"""The monitor runs in the primary region, and is lost with it."""

ROWS = (11,)
CAUGHT_BY = {"region-lost-black-holed": ("never recovered|only because the fault was healed",)}


def subject(document) -> None:
    for component in document["components"]:
        if component["name"] == "monitor":
            component["region"] = "us-east-1"
