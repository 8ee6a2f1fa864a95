"""One failed look is an outage: the record is moved at once, without waiting for the lease to run out."""

ROWS = (2,)
CAUGHT_BY = {"short-blip-no-failover": ("no need",)}


def monitor() -> None:
    from reference.monitor import conditions

    def active_lost(rules, state, now_ns):
        return conditions.active_view(state).failures >= 1 and conditions.standby_view(rules, state).healthy

    conditions.active_lost = active_lost
