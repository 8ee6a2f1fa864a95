"""The failback waits until the primary has been well for a while, and never asks whether it has caught up."""

ROWS = (4,)
CAUGHT_BY = {"failback-with-a-long-backlog": ("no need|served by us-west-2",)}


def monitor() -> None:
    from reference.active_region import Record
    from reference.monitor import actions, conditions
    from reference.monitor.state import Move

    def fail_back(rules, state, now_ns):
        record = Record(rules.primary, actions.epoch_for(rules, rules.primary, state))
        move = Move(state.record.region, record, state.record.epoch, "failback", drain=False)
        return actions.begin_fencing(state, move, now_ns)

    actions.fail_back = fail_back
    conditions.keeps_up = lambda view, rules, now_ns: True
