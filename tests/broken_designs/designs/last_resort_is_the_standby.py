"""Cloudflare's fallback pool is the standby: data centres that reach nothing lead clients away from
a region that is well.

It is the last pool of the list, so what a load balancer has where nobody chose.
"""

ENVIRONMENT = "cloudflare"
ROWS = (19,)
CAUGHT_BY = {"provider-health-checks-blind": (r"operations failed .*, allowed 5\.00%",)}


def environment(document) -> None:
    document["steering"]["fallback"] = "standby"
