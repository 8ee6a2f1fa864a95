"""The primary is active again as soon as it answers once: no hold-down, no catching up, no drain."""

ROWS = (3,)
CAUGHT_BY = {"failback-with-a-long-backlog": ("no need|served by us-west-2",)}


def monitor() -> None:
    from reference.active_region import Record
    from reference.monitor import actions, conditions
    from reference.monitor.state import Move

    def failback_due(rules, state, now_ns):
        return state.record.region != rules.primary and state.views[rules.primary].healthy

    def fail_back(rules, state, now_ns):
        record = Record(rules.primary, actions.epoch_for(rules, rules.primary, state))
        move = Move(state.record.region, record, state.record.epoch, "failback", drain=False)
        return actions.begin_fencing(state, move, now_ns)

    conditions.failback_due = failback_due
    actions.fail_back = fail_back
