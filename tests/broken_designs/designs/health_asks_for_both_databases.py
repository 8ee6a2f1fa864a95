"""The health of a region asks for the other region's database too: when one is lost, both are unhealthy."""

ROWS = (19,)
CAUGHT_BY = {"database-lost-in-primary": ("never recovered|only because the fault was healed",)}


def storefront() -> None:
    from reference.storefront import permission

    honest = permission.edge_verdict

    def edge_verdict(state, now_ns, stale_after_ns):
        good, why = honest(state, now_ns, stale_after_ns)
        recent = state.caught_up_ns is not None and now_ns - state.caught_up_ns <= 2 * stale_after_ns
        return good and recent, why

    permission.edge_verdict = edge_verdict
