"""The failback grants the primary its lease while the standby still holds its own: nobody is told to stop."""

ROWS = (5,)
CAUGHT_BY = {"region-heals-failback": ("both sides accepted writes",)}


def monitor() -> None:
    from reference.active_region import Record
    from reference.monitor import actions, health
    from reference.monitor.state import Move

    def fail_back(rules, state, now_ns):
        record = Record(rules.primary, actions.epoch_for(rules, rules.primary, state))
        return actions.begin_recording(state, Move("", record, state.record.epoch, "failback", drain=False), now_ns)

    actions.fail_back = fail_back
    health.lease_over = lambda view, now_ns: True
