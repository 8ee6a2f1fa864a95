"""What the monitor's rules do. Each is pure: (rules, state, now_ns) -> (state, effects)."""

from __future__ import annotations

from dataclasses import replace

from reference.active_region import BY_MONITOR, Record, highest
from reference.lease import next_epoch
from reference.monitor.conditions import active_view, move_of
from reference.monitor.health import Rules, released
from reference.monitor.state import Announce, Effect, Mark, Move, Phase, State, WriteRecord

UNSEEN_MOVES = 100  # a table that could not be read may be ahead by fewer moves than this


def epoch_for(rules: Rules, region: str, state: State, jump: int = 0) -> int:
    """A fresh epoch for a region, above all that is known."""
    known = [view.record.epoch for view in state.views.values() if view.record]
    fences = [view.fenced for view in state.views.values()]
    floor = max(state.record.epoch, *known, *fences, state.move.target.epoch if state.move else 0)
    return next_epoch(floor, (rules.primary, rules.secondary).index(region), jump)


def adopt(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    found = highest(view.record for view in state.views.values())
    if found is None:
        # Both tables were read and neither holds a record, so no lease was ever given.
        first = Record(rules.primary, epoch_for(rules, rules.primary, state))
        state = replace(state, views={name: replace(v, horizon_ns=now_ns) for name, v in state.views.items()})
        return begin_recording(state, Move("", first, 0, "first start", drain=False), now_ns)
    other = rules.other(found.region)
    last = state.views[found.region].last
    views = dict(state.views)
    if last and any(echo.epoch == found.epoch for echo in last.heartbeat.echoes.values()):
        # The predecessor has granted under this record, so it knew that the other region's leases were over.
        views[other] = replace(views[other], horizon_ns=now_ns)
    state = replace(state, phase=Phase.ACTIVE, record=found, views=views)
    return state, (Announce("info", "recovered", {"region": found.region, "epoch": found.epoch}),)


def adopt_partly(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """Only one table can be read, and the other may hold a later record: take an epoch above any it can hold."""
    found = highest(view.record for view in state.views.values())
    readable = next(view.region for view in state.views.values() if view.last is not None)
    target = Record(readable, epoch_for(rules, readable, state, UNSEEN_MOVES), found.by if found else BY_MONITOR)
    return begin_recording(state, Move("", target, 0, "started with one region unreadable", drain=False), now_ns)


def follow_record(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    found = found_later(state)
    if found.region == state.record.region:
        return begin_recording(state, Move("", found, state.record.epoch, "later record", drain=False), now_ns)
    move = Move(state.record.region, found, state.record.epoch, f"record by {found.by}", drain=True)
    return begin_preparing(rules, state, move, now_ns)


def renew_epoch(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    target = Record(state.record.region, epoch_for(rules, state.record.region, state), state.record.by)
    return begin_recording(state, Move("", target, state.record.epoch, "epoch was fenced", drain=False), now_ns)


def fail_over(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    target = rules.other(state.record.region)
    record = Record(target, epoch_for(rules, target, state))
    why = f"{state.record.region} lost: {active_view(state).reason}"
    return begin_recording(state, Move("", record, state.record.epoch, why, drain=False), now_ns)


def leave_gray(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    target = rules.other(state.record.region)
    record = Record(target, epoch_for(rules, target, state))
    move = Move(state.record.region, record, state.record.epoch, f"{state.record.region} fails too often", drain=True)
    return begin_fencing(state, move, now_ns)


def fail_back(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    record = Record(rules.primary, epoch_for(rules, rules.primary, state))
    move = Move(state.record.region, record, state.record.epoch, "failback", drain=True, must_drain=True)
    return begin_preparing(rules, state, move, now_ns)


def alert(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    reasons = {view.region: view.reason for view in state.views.values()}
    state = replace(state, alerted_ns=now_ns + rules.alert_every_ns)
    return state, (Announce("alert", "ALERT: the active region is lost and no other can take over", reasons),)


def begin_preparing(rules: Rules, state: State, move: Move, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """Let everybody hurry while writes go on: what comes then waits for beats, looks and polls."""
    if not rules.prepare_ns:
        return begin_fencing(state, move, now_ns)
    details = {"from": move.source, "to": move.target.region, "why": move.why}
    return replace(state, phase=Phase.PREPARING, move=replace(move, since_ns=now_ns)), (
        Announce("info", "preparing to hand over", details),
        Mark(move.source, {"hurry": 1}),
        Mark(move.target.region, {"hurry": 1}),
    )


def fence(_rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    return begin_fencing(state, move_of(state), now_ns)


def begin_fencing(state: State, move: Move, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    move = replace(move, since_ns=now_ns)
    marks = {"fenced": move.former_epoch, "hurry": 1}
    details = {"from": move.source, "to": move.target.region, "epoch": move.target.epoch, "why": move.why}
    return replace(state, phase=Phase.FENCING, move=move), (
        Announce("info", "handing over", details),
        Mark(move.source, marks),
        Mark(move.target.region, {"hurry": 1}),
    )


def begin_draining(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    move = replace(move_of(state), since_ns=now_ns)
    views = {**state.views, move.source: released(state.views[move.source])}
    state = replace(state, views=views)
    if not move.drain:
        return begin_recording(state, move, now_ns)
    state = replace(state, phase=Phase.DRAINING, move=move)
    return state, (
        Announce("info", "writes stopped, draining", {"from": move.source, "token": move.target.epoch}),
        Mark(move.source, {"drain_token": move.target.epoch}),
    )


def record_target(_rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    return begin_recording(state, move_of(state), now_ns)


def give_up_move(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """Back to the region that was active, under a new epoch because the old one is fenced."""
    move = move_of(state)
    target = Record(move.source, epoch_for(rules, move.source, state), state.record.by)
    back = Move("", target, move.former_epoch, f"gave up: {move.why}", drain=False)
    return begin_recording(state, back, now_ns)


def drain_gave_out(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    return (give_up_move if move_of(state).must_drain else record_target)(rules, state, now_ns)


def record_other(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    target = rules.other(state.record.region)
    record = Record(target, epoch_for(rules, target, state))
    move = Move("", record, state.record.epoch, f"{state.record.region} lost before it became active", drain=False)
    return begin_recording(state, move, now_ns)


def record_later(rules: Rules, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    found = found_later(state)
    return begin_recording(state, Move("", found, state.record.epoch, f"record by {found.by}", drain=False), now_ns)


def found_later(state: State) -> Record:
    found = highest(view.record for view in state.views.values())
    if found is None or found.epoch <= state.record.epoch:
        raise AssertionError("there is no later record")
    return found


def begin_recording(state: State, move: Move, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    state = replace(state, phase=Phase.RECORDING, record=move.target, move=replace(move, since_ns=now_ns))
    details = {"region": move.target.region, "epoch": move.target.epoch, "why": move.why}
    writes = tuple(WriteRecord(region, move.target) for region in state.views)
    return state, (Announce("info", "activating", details), *writes)
