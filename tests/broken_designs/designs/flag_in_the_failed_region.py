"""Which region is active is kept in the primary's table alone: when that is lost, nobody can change it."""

ROWS = (1,)
CAUGHT_BY = {"region-lost-black-holed": ("never recovered|only because the fault was healed",)}


def monitor() -> None:
    from reference.monitor import actions, decision
    from reference.monitor.state import Recorded, WriteRecord

    begin = actions.begin_recording

    def begin_recording(state, move, now_ns):
        state, effects = begin(state, move, now_ns)
        primary = next(iter(state.views))
        return state, tuple(e for e in effects if not isinstance(e, WriteRecord) or e.region == primary)

    actions.begin_recording = begin_recording
    step = decision.Decision.step

    def only_there(self, state, event, now_ns):
        if isinstance(event, Recorded) and event.region == self.rules.primary and event.found is not None:
            event = Recorded(state.record.region, event.found)
        state, effects = step(self, state, event, now_ns)
        return state, tuple(e for e in effects if not isinstance(e, WriteRecord) or e.region == self.rules.primary)

    decision.Decision.step = only_there
