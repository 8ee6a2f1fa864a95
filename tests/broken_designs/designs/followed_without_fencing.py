"""Each place asks now and then which database is active and writes there until it asks again: nobody fences a switch.

The two places ask in turns, half a period apart, so for seconds around every switch each writes to another database.
"""

import without_fencing

ROWS = (5, 6)
ENVIRONMENT = "digitalocean"
CAUGHT_BY = {"database-region-lost-endpoint-switched": ("both sides accepted writes",)}
ASKS_EVERY_NS = 5_000_000_000
monitor = without_fencing.monitor


def storefront() -> None:
    from reference.storefront import following

    believed = {}

    def holds(state, now_ns):
        near = min(state.regions) == next(iter(state.regions))  # a region's own storefront has it first
        turn = (now_ns + near * ASKS_EVERY_NS // 2) // ASKS_EVERY_NS
        if believed.get("turn") != turn:
            told = [following.Held(name, own.epoch) for name, own in state.regions.items() if own.lease_until_ns]
            believed.update(turn=turn, held=max(told, key=lambda one: one.epoch, default=None))
        return believed["held"]

    following.holds = holds
    following.acknowledges = lambda state, epoch, now_ns: True
