"""Each place is told which database is active, one of them seconds after the other: nobody fences a switch.

So for seconds after every switch the two places write to different databases.
"""

import without_fencing

ROWS = (5, 6)
ENVIRONMENT = "digitalocean"
CAUGHT_BY = {"database-region-lost-endpoint-switched": ("both sides accepted writes",)}
LATE_NS = 8_000_000_000
"""Long enough that the few clients of the second place write meanwhile, and short of the recovery time objective."""
monitor = without_fencing.monitor


def storefront() -> None:
    from reference.storefront import following

    believed = {"held": None, "told": None, "since_ns": 0}

    def holds(state, now_ns):
        active = [following.Held(name, own.epoch) for name, own in state.regions.items() if own.lease_until_ns]
        told = max(active, key=lambda one: one.epoch, default=None)
        if told != believed["told"]:
            believed.update(told=told, since_ns=now_ns)
        at_once = min(state.regions) == next(iter(state.regions))  # the near region is the first
        if at_once or believed["held"] is None or now_ns - believed["since_ns"] >= LATE_NS:
            believed["held"] = told
        return believed["held"]

    following.holds = holds
    following.acknowledges = lambda state, epoch, now_ns: True
