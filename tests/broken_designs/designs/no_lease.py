"""A side that was once made active believes so for ever: its permission to write never runs out."""

ROWS = (6,)
CAUGHT_BY = {"region-heals-failback": ("both sides accepted writes",)}


def storefront() -> None:
    from reference.storefront import permission

    def lease_epoch(state, now_ns):
        return state.epoch if state.lease_until_ns and state.epoch > state.fenced else None

    permission.lease_epoch = lease_epoch
    permission.acknowledges = lambda state, epoch, now_ns: lease_epoch(state, now_ns) == epoch
