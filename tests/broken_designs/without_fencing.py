"""What designs share whose monitor fails back without telling anybody to stop."""


def monitor() -> None:
    """The primary is granted its lease while the standby still holds its own."""
    from reference.active_region import Record
    from reference.monitor import actions, conditions
    from reference.monitor.state import Move

    def fail_back(rules, state, now_ns):
        record = Record(rules.primary, actions.epoch_for(rules, rules.primary, state))
        return actions.begin_recording(state, Move("", record, state.record.epoch, "failback", drain=False), now_ns)

    actions.fail_back = fail_back
    conditions.lease_over = lambda view, now_ns: True
    from reference.monitor import decision  # only now: its table of rules takes what it finds

    decision.lease_over = conditions.lease_over
