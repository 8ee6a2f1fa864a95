"""One vantage point looks, and the first look that fails moves the clients."""

ENVIRONMENT = "digitalocean"
ROWS = (2,)
CAUGHT_BY = {"short-blip-no-failover": ("no need",)}


def environment(document) -> None:
    document["steering"] |= {"vantage_points": ["ams3"], "agree": 1, "unhealthy_after": 1}
