"""Which region is active: a pure machine that looks at both regions and moves the lease between them.

Phases, and what may not happen in them:

| phase | means | never |
| --- | --- | --- |
| RECOVERING | just started: what did the predecessor decide? | a grant |
| ACTIVE | `record.region` is granted leases while it is healthy enough | a grant to the other region |
| FENCING | the active region is told to stop; waits until each storefront has, or its lease ends | a grant |
| DRAINING | nobody writes; waits until the target has all that was written before | a grant |
| RECORDING | the new record is written; one table is enough, the target's | a grant |

RULES below is the whole of what may happen between them; the first rule of the phase whose condition holds is taken.
The one law, kept in one place (`_grant`): a region is granted a lease only when every lease of the other one is over,
because its time has passed (health.lease_over) or because each holder has said that it stopped (health.silenced).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from reference.active_region import BY_MONITOR, BY_OPERATOR, NO_RECORD, Record, highest
from reference.lease import Nonce, next_epoch
from reference.monitor.health import (
    Look,
    Rules,
    View,
    fresh,
    granted,
    gray,
    lease_over,
    released,
    replicated,
    seen,
    silenced,
)

UNSEEN_MOVES = 100  # a table that could not be read may be ahead by fewer moves than this


class Phase(Enum):
    """See the table above."""

    RECOVERING = "recovering"
    ACTIVE = "active"
    FENCING = "fencing"
    DRAINING = "draining"
    RECORDING = "recording"


# -- events and effects ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Looked:
    """A region was looked at."""

    look: Look


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record was written to a region's table and read back: `found` is what is there now (None: it failed)."""

    region: str
    found: Record | None


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = Looked | Recorded | Tick


@dataclass(frozen=True, slots=True)
class Grant:
    """Echo these beats in the region's table under the epoch."""

    region: str
    epoch: int
    echoes: Mapping[str, Nonce]


@dataclass(frozen=True, slots=True)
class Mark:
    """Set marks (fenced, drain_token, hurry) in a region's heartbeat item."""

    region: str
    marks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WriteRecord:
    """Write the record to a region's table, and report what is there afterwards."""

    region: str
    record: Record


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell the operators."""

    level: str
    what: str
    details: Mapping[str, object] = field(default_factory=dict)


Effect = Grant | Mark | WriteRecord | Announce


# -- state -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Move:
    """The active region goes from one to another (or to the same one, under a new epoch)."""

    source: str
    target: Record
    former_epoch: int
    why: str
    drain: bool
    must_drain: bool = False
    since_ns: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Everything the monitor knows. `record` is the one that counts, or in RECORDING the one being written."""

    started_ns: int
    views: Mapping[str, View]
    phase: Phase = Phase.RECOVERING
    record: Record = NO_RECORD
    move: Move | None = None
    hold_off_ns: int = 0  # no failback before this
    alerted_ns: int = 0

    @property
    def hurried(self) -> bool:
        """The active region is being handed over: look more often."""
        return self.phase in (Phase.FENCING, Phase.DRAINING, Phase.RECORDING)


@dataclass(frozen=True, slots=True)
class Rule:
    """In `phase`, when `when` holds, do `then`."""

    phase: Phase
    name: str
    when: Callable[[Decision, State, int], bool]
    then: Callable[[Decision, State, int], tuple[State, tuple[Effect, ...]]]


@dataclass(frozen=True, slots=True)
class Decision:
    """The machine; its numbers are in `rules`."""

    rules: Rules

    def start(self, now_ns: int) -> State:
        """The state of a monitor that has just started: a predecessor may have given a lease an instant ago."""
        horizon_ns = self.rules.lease.horizon_ns(now_ns)
        regions = (self.rules.primary, self.rules.secondary)
        return State(started_ns=now_ns, views={region: View(region, horizon_ns) for region in regions})

    def step(self, state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """The next state, and what must be done."""
        effects: list[Effect] = []
        match event:
            case Looked(look=look):
                before = state.views[look.region]
                view = seen(before, look, self.rules, now_ns)
                state = replace(state, views={**state.views, look.region: view})
                effects += _health_news(before, view)
            case Recorded(region=region, found=found) if found is not None:
                view = state.views[region]
                if view.last is not None:
                    view = replace(view, last=replace(view.last, record=found))
                    state = replace(state, views={**state.views, region: view})
                effects += [Announce("info", "record read back", {"table": region, "record": str(found)})]
                state, more = self._recorded(state, region, found, now_ns)
                effects += more
            case Recorded(region=region):
                effects += [Announce("warning", "record not written", {"table": region})]
            case Tick():
                pass
        state, more = self._settle(state, now_ns)
        effects += more
        if isinstance(event, Looked) and event.look.items is not None:
            state, more = self._upkeep(state, event.look.region, now_ns)
            effects += more
        return state, tuple(effects)

    def _settle(self, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """Take rules until none applies."""
        effects: tuple[Effect, ...] = ()
        for _ in range(len(Phase)):
            rule = next((r for r in RULES if r.phase is state.phase and r.when(self, state, now_ns)), None)
            if rule is None:
                break
            state, more = rule.then(self, state, now_ns)
            effects += more
        return state, effects

    # -- what the rules ask ------------------------------------------------------------------------------------
    def other(self, region: str) -> str:
        """The other region."""
        return self.rules.secondary if region == self.rules.primary else self.rules.primary

    def epoch_for(self, region: str, state: State, jump: int = 0) -> int:
        """A fresh epoch for a region, above all that is known."""
        known = [view.record.epoch for view in state.views.values() if view.record]
        fences = [view.fenced for view in state.views.values()]
        floor = max(state.record.epoch, *known, *fences, state.move.target.epoch if state.move else 0)
        return next_epoch(floor, (self.rules.primary, self.rules.secondary).index(region), jump)

    def lost(self, view: View) -> bool:
        """The consecutive count says that the region is gone."""
        return view.failures >= self.rules.threshold

    # -- upkeep: what every good look at a region calls for ----------------------------------------------------
    def _upkeep(self, state: State, region: str, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        view = state.views[region]
        effects: list[Effect] = []
        settled = state.phase is not Phase.RECOVERING
        if settled and state.record.epoch > (view.record.epoch if view.record else 0):
            effects.append(WriteRecord(region, state.record))
        marks: dict[str, int] = {}
        move = state.move
        if move and region == move.source and view.last:
            if state.phase is Phase.FENCING and view.fenced < move.former_epoch:
                marks["fenced"] = move.former_epoch
            if state.phase is Phase.DRAINING and view.last.heartbeat.drain_token < move.target.epoch:
                marks["drain_token"] = move.target.epoch
        if view.last and view.last.heartbeat.hurry != state.hurried:
            marks["hurry"] = int(state.hurried)
        if marks:
            effects.append(Mark(region, marks))
        state, more = self._grant(state, region, now_ns)
        return state, (*effects, *more)

    def _grant(self, state: State, region: str, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        view = state.views[region]
        if state.phase is not Phase.ACTIVE or region != state.record.region or self.lost(view):
            return state, ()
        echoes = fresh(view, self.rules, now_ns)
        if not echoes or view.fenced >= state.record.epoch:
            return state, ()
        if not lease_over(state.views[self.other(region)], now_ns):  # the one law, whatever led here
            return state, ()
        views = {**state.views, region: granted(view, echoes, self.rules, now_ns)}
        return replace(state, views=views), (Grant(region, state.record.epoch, echoes),)

    def _recorded(self, state: State, region: str, found: Record, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        if state.phase is not Phase.RECORDING or found != state.record or region != found.region:
            return state, ()
        why = state.move.why if state.move else ""
        state = replace(state, phase=Phase.ACTIVE, move=None, hold_off_ns=now_ns + self.rules.hold_down_ns)
        state, grants = self._grant(state, region, now_ns)
        details = {"region": region, "epoch": found.epoch, "why": why}
        return state, (Announce("info", "region activated", details), *grants)


def _health_news(before: View, after: View) -> tuple[Effect, ...]:
    if after.healthy and not before.healthy:
        return (Announce("info", "region healthy", {"region": after.region}),)
    if before.healthy and not after.healthy:
        return (Announce("warning", "region unhealthy", {"region": after.region, "why": after.reason}),)
    return ()


# -- conditions --------------------------------------------------------------------------------------------------------
def _active(state: State) -> View:
    return state.views[state.record.region]


def _standby(d: Decision, state: State) -> View:
    return state.views[d.other(state.record.region)]


def _both_read(_d: Decision, state: State, _now_ns: int) -> bool:
    return all(view.last is not None for view in state.views.values())


def _one_read_for_long(d: Decision, state: State, now_ns: int) -> bool:
    read = [view for view in state.views.values() if view.last is not None]
    lost = any(d.lost(view) for view in state.views.values())
    return bool(read) and lost and all(now_ns >= view.horizon_ns for view in state.views.values())


def _later_record(_d: Decision, state: State, _now_ns: int) -> bool:
    found = highest(view.record for view in state.views.values())
    return found is not None and found.epoch > state.record.epoch


def _epoch_fenced(_d: Decision, state: State, _now_ns: int) -> bool:
    return _active(state).fenced >= state.record.epoch and _active(state).healthy


def _active_lost(d: Decision, state: State, now_ns: int) -> bool:
    return d.lost(_active(state)) and lease_over(_active(state), now_ns) and _standby(d, state).healthy


def _active_gray(d: Decision, state: State, _now_ns: int) -> bool:
    standby = _standby(d, state)
    return gray(_active(state)) and not d.lost(_active(state)) and standby.healthy and not gray(standby)


def _nowhere_to_go(d: Decision, state: State, now_ns: int) -> bool:
    ill = d.lost(_active(state)) and not _standby(d, state).healthy
    return ill and now_ns >= state.alerted_ns


def _failback_due(d: Decision, state: State, now_ns: int) -> bool:
    primary = state.views[d.rules.primary]
    if state.record.region == d.rules.primary or state.record.by == BY_OPERATOR or now_ns < state.hold_off_ns:
        return False
    if primary.healthy_since_ns is None or now_ns - primary.healthy_since_ns < d.rules.hold_down_ns:
        return False
    if gray(primary) or not _active(state).healthy:
        return False
    statuses = [replicated(view, d.rules, now_ns) for view in state.views.values()]
    return all(status is not None and status.caught_up for status in statuses)


def _move(state: State) -> Move:
    if state.move is None:
        raise AssertionError(f"no move in {state.phase}")
    return state.move


def _target_lost(d: Decision, state: State, _now_ns: int) -> bool:
    return d.lost(state.views[_move(state).target.region])


def _source_silenced(_d: Decision, state: State, now_ns: int) -> bool:
    move = _move(state)
    return silenced(state.views[move.source], move.former_epoch, now_ns)


def _drained(_d: Decision, state: State, _now_ns: int) -> bool:
    last = state.views[_move(state).target.region].last
    return bool(last and last.replication and last.replication.drained_token >= _move(state).target.epoch)


def _source_lost(d: Decision, state: State, _now_ns: int) -> bool:
    return d.lost(state.views[_move(state).source])


def _drain_hopeless(d: Decision, state: State, now_ns: int) -> bool:
    return now_ns - _move(state).since_ns >= d.rules.drain_patience_ns


def _target_lost_other_fine(d: Decision, state: State, now_ns: int) -> bool:
    return (
        _target_lost(d, state, now_ns) and lease_over(_active(state), now_ns) and _standby(d, state).healthy
    )  # the target may still hold a lease of an earlier epoch, when only its epoch is renewed


# -- actions -----------------------------------------------------------------------------------------------------------
def _adopt(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    found = highest(view.record for view in state.views.values())
    if found is None:
        # Both tables were read and neither holds a record, so no lease was ever given.
        first = Record(d.rules.primary, d.epoch_for(d.rules.primary, state))
        state = replace(state, views={name: replace(v, horizon_ns=now_ns) for name, v in state.views.items()})
        return _begin_recording(state, Move("", first, 0, "first start", drain=False), now_ns)
    other = d.other(found.region)
    last = state.views[found.region].last
    views = dict(state.views)
    if last and any(echo.epoch == found.epoch for echo in last.heartbeat.echoes.values()):
        # The predecessor has granted under this record, so it knew that the other region's leases were over.
        views[other] = replace(views[other], horizon_ns=now_ns)
    state = replace(state, phase=Phase.ACTIVE, record=found, views=views)
    return state, (Announce("info", "recovered", {"region": found.region, "epoch": found.epoch}),)


def _adopt_partly(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """Only one table can be read, and the other may hold a later record: take an epoch above any it can hold."""
    found = highest(view.record for view in state.views.values())
    readable = next(view.region for view in state.views.values() if view.last is not None)
    target = Record(readable, d.epoch_for(readable, state, UNSEEN_MOVES), found.by if found else BY_MONITOR)
    return _begin_recording(state, Move("", target, 0, "started with one region unreadable", drain=False), now_ns)


def _follow_record(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    found = _found_later(state)
    if found.region == state.record.region:
        return _begin_recording(state, Move("", found, state.record.epoch, "later record", drain=False), now_ns)
    move = Move(state.record.region, found, state.record.epoch, f"record by {found.by}", drain=True)
    return _begin_fencing(state, move, now_ns)


def _renew_epoch(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    target = Record(state.record.region, d.epoch_for(state.record.region, state), state.record.by)
    return _begin_recording(state, Move("", target, state.record.epoch, "epoch was fenced", drain=False), now_ns)


def _fail_over(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    target = d.other(state.record.region)
    record = Record(target, d.epoch_for(target, state))
    why = f"{state.record.region} lost: {_active(state).reason}"
    return _begin_recording(state, Move("", record, state.record.epoch, why, drain=False), now_ns)


def _leave_gray(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    target = d.other(state.record.region)
    record = Record(target, d.epoch_for(target, state))
    move = Move(state.record.region, record, state.record.epoch, f"{state.record.region} fails too often", drain=True)
    return _begin_fencing(state, move, now_ns)


def _fail_back(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    record = Record(d.rules.primary, d.epoch_for(d.rules.primary, state))
    move = Move(state.record.region, record, state.record.epoch, "failback", drain=True, must_drain=True)
    return _begin_fencing(state, move, now_ns)


def _alert(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    reasons = {view.region: view.reason for view in state.views.values()}
    state = replace(state, alerted_ns=now_ns + d.rules.alert_every_ns)
    return state, (Announce("alert", "ALERT: the active region is lost and no other can take over", reasons),)


def _begin_fencing(state: State, move: Move, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    move = replace(move, since_ns=now_ns)
    marks = {"fenced": move.former_epoch, "hurry": 1}
    details = {"from": move.source, "to": move.target.region, "epoch": move.target.epoch, "why": move.why}
    return replace(state, phase=Phase.FENCING, move=move), (
        Announce("info", "handing over", details),
        Mark(move.source, marks),
        Mark(move.target.region, {"hurry": 1}),
    )


def _begin_draining(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    move = replace(_move(state), since_ns=now_ns)
    views = {**state.views, move.source: released(state.views[move.source])}
    state = replace(state, views=views)
    if not move.drain:
        return _begin_recording(state, move, now_ns)
    state = replace(state, phase=Phase.DRAINING, move=move)
    return state, (
        Announce("info", "writes stopped, draining", {"from": move.source, "token": move.target.epoch}),
        Mark(move.source, {"drain_token": move.target.epoch}),
    )


def _record_target(_d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    return _begin_recording(state, _move(state), now_ns)


def _give_up_move(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """Back to the region that was active, under a new epoch because the old one is fenced."""
    move = _move(state)
    target = Record(move.source, d.epoch_for(move.source, state), state.record.by)
    back = Move("", target, move.former_epoch, f"gave up: {move.why}", drain=False)
    return _begin_recording(state, back, now_ns)


def _drain_gave_out(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    return (_give_up_move if _move(state).must_drain else _record_target)(d, state, now_ns)


def _record_other(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    target = d.other(state.record.region)
    record = Record(target, d.epoch_for(target, state))
    move = Move("", record, state.record.epoch, f"{state.record.region} lost before it became active", drain=False)
    return _begin_recording(state, move, now_ns)


def _record_later(d: Decision, state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    found = _found_later(state)
    return _begin_recording(state, Move("", found, state.record.epoch, f"record by {found.by}", drain=False), now_ns)


def _found_later(state: State) -> Record:
    found = highest(view.record for view in state.views.values())
    if found is None or found.epoch <= state.record.epoch:
        raise AssertionError("there is no later record")
    return found


def _begin_recording(state: State, move: Move, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    state = replace(state, phase=Phase.RECORDING, record=move.target, move=replace(move, since_ns=now_ns))
    details = {"region": move.target.region, "epoch": move.target.epoch, "why": move.why}
    writes = tuple(WriteRecord(region, move.target) for region in state.views)
    return state, (Announce("info", "activating", details), *writes)


RULES: tuple[Rule, ...] = (
    Rule(Phase.RECOVERING, "both tables were read", _both_read, _adopt),
    Rule(
        Phase.RECOVERING, "one table stays unreadable, and every old lease is over", _one_read_for_long, _adopt_partly
    ),
    Rule(Phase.ACTIVE, "somebody wrote a later record", _later_record, _follow_record),
    Rule(Phase.ACTIVE, "this epoch was fenced by a move that did not happen", _epoch_fenced, _renew_epoch),
    Rule(Phase.ACTIVE, "active lost, its lease over, standby healthy", _active_lost, _fail_over),
    Rule(Phase.ACTIVE, "active fails too often, standby healthy", _active_gray, _leave_gray),
    Rule(Phase.ACTIVE, "primary healthy for the hold-down and caught up", _failback_due, _fail_back),
    Rule(Phase.ACTIVE, "active lost, and nowhere to go", _nowhere_to_go, _alert),
    Rule(Phase.FENCING, "the target was lost meanwhile", _target_lost, _give_up_move),
    Rule(Phase.FENCING, "nobody writes in the source any more", _source_silenced, _begin_draining),
    Rule(Phase.DRAINING, "the target was lost meanwhile", _target_lost, _give_up_move),
    Rule(Phase.DRAINING, "the target has everything", _drained, _record_target),
    Rule(Phase.DRAINING, "the source was lost meanwhile", _source_lost, _record_target),
    Rule(Phase.DRAINING, "the drain takes too long", _drain_hopeless, _drain_gave_out),
    Rule(Phase.RECORDING, "somebody wrote a later record", _later_record, _record_later),
    Rule(Phase.RECORDING, "the target was lost, the other is fine", _target_lost_other_fine, _record_other),
)
