"""The edge's record has a TTL of five minutes: clients are sent to the lost region for as long."""

ROWS = (20,)
CAUGHT_BY = {"region-lost-refused": ("not served again|never recovered|objective",)}


def environment(document) -> None:
    document["edge"]["ttl_s"] = 300
