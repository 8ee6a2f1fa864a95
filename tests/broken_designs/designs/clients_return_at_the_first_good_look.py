"""The record leads to the primary again as soon as one look finds it well: no hold-down."""

ENVIRONMENT = "digitalocean"
ROWS = (3,)
CAUGHT_BY = {"platform-comes-and-goes": (r"the answer changed \d+ times",)}


def environment(document) -> None:
    document["steering"] |= {"healthy_after": 1, "hold_down_s": 0.001}
