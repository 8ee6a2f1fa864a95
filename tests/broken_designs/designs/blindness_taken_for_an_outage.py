"""The monitor takes three failed looks for the loss of the primary region, also when it sees nobody at all."""

ROWS = (2,)
CAUGHT_BY = {"network-of-the-monitor-lost": ("no need",)}


def monitor() -> None:
    from reference.monitor import conditions

    # Of the primary alone: asked of both, the same blind looks would send clients back and forth within a moment.
    conditions.active_lost = lambda rules, state, now_ns: (
        state.record.region == rules.primary and rules.lost(conditions.active_view(state))
    )
    conditions.target_lost_other_fine = lambda rules, state, now_ns: False
