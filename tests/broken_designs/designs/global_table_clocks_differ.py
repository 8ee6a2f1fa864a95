"""Both regions write, the last writer wins, and the clock that stamps the writes of one of them is five seconds ahead.

A write that was acknowledged later, in the other region, loses to one that was made before it.
"""

ENVIRONMENT = "global-tables-active"
ROWS = (39,)
CAUGHT_BY = {"global-table-both-sides-wrote": ("acknowledged writes? lost to an older value", "us-east-1 holds")}


def environment(document) -> None:
    document["replication"]["skew_ms"] = {document["regions"][0]["name"]: 5000}
