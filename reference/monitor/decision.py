"""Which region is active: a pure machine that looks at both regions and moves the lease between them.

Phases, and what may not happen in them:

| phase | means | never |
| --- | --- | --- |
| RECOVERING | just started: what did the predecessor decide? | a grant |
| ACTIVE | `record.region` is granted leases while it is healthy enough | a grant to the other region |
| PREPARING | a planned handover is near, and everybody hurries | a grant to the other region |
| FENCING | the active region is told to stop; waits until each storefront has, or its lease ends | a grant |
| DRAINING | nobody writes; waits until the target has all that was written before | a grant |
| RECORDING | the new record is written; one table is enough, the target's | a grant |

RULES below is the whole of what may happen between them; the first rule of the phase whose condition holds is taken.
The one law, kept in one place (`_grant`): a region is granted a lease only when every lease of the other one is over,
because its time has passed (health.lease_over) or because each holder has said that it stopped (health.silenced).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reference.active_region import BY_OPERATOR, Record
from reference.monitor import actions, conditions
from reference.monitor.health import Rules, View, fresh, granted, lease_over, seen
from reference.monitor.state import (
    Announce,
    Effect,
    Event,
    Grant,
    Looked,
    Mark,
    Phase,
    Recorded,
    State,
    Tick,
    WriteRecord,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """In `phase`, when `when` holds, do `then`."""

    phase: Phase
    name: str
    when: Callable[[Rules, State, int], bool]
    then: Callable[[Rules, State, int], tuple[State, tuple[Effect, ...]]]


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
                if view.record is not None:  # the answer of the call that wrote it may have been lost
                    state, more = self._recorded(state, look.region, view.record, now_ns)
                    effects += more
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
            rule = next((r for r in RULES if r.phase is state.phase and r.when(self.rules, state, now_ns)), None)
            if rule is None:
                break
            state, more = rule.then(self.rules, state, now_ns)
            effects += more
        return state, effects

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
        active = state.phase in (Phase.ACTIVE, Phase.PREPARING)
        if not active or region != state.record.region or self.rules.lost(view):
            return state, ()
        echoes = fresh(view, self.rules, now_ns)
        if not echoes or view.fenced >= state.record.epoch:
            return state, ()
        if not lease_over(state.views[self.rules.other(region)], now_ns):  # the one law, whatever led here
            return state, ()
        views = {**state.views, region: granted(view, echoes, self.rules, now_ns)}
        return replace(state, views=views), (Grant(region, state.record.epoch, echoes),)

    def _recorded(self, state: State, region: str, found: Record, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        wanted = state.record
        if state.phase is not Phase.RECORDING or region != wanted.region or found.epoch != wanted.epoch:
            return state, ()
        why = state.move.why if state.move else ""
        # An operator may have written the same epoch, hence the same region, at that moment: then it is the operator's.
        record = found if found.by == BY_OPERATOR else wanted
        hold_off_ns = now_ns + self.rules.hold_down_ns
        state = replace(state, phase=Phase.ACTIVE, record=record, move=None, hold_off_ns=hold_off_ns)
        state, grants = self._grant(state, region, now_ns)
        details = {"region": region, "epoch": found.epoch, "why": why}
        return state, (Announce("info", "region activated", details), *grants)


def _health_news(before: View, after: View) -> tuple[Effect, ...]:
    if after.healthy and not before.healthy:
        return (Announce("info", "region healthy", {"region": after.region}),)
    if before.healthy and not after.healthy:
        return (Announce("warning", "region unhealthy", {"region": after.region, "why": after.reason}),)
    return ()


RULES: tuple[Rule, ...] = (
    Rule(Phase.RECOVERING, "both tables were read", conditions.both_read, actions.adopt),
    Rule(
        Phase.RECOVERING,
        "one table stays unreadable, and every old lease is over",
        conditions.one_read_for_long,
        actions.adopt_partly,
    ),
    Rule(Phase.ACTIVE, "somebody wrote a later record", conditions.later_record, actions.follow_record),
    Rule(
        Phase.ACTIVE,
        "this epoch was fenced by a move that did not happen",
        conditions.epoch_fenced,
        actions.renew_epoch,
    ),
    Rule(Phase.ACTIVE, "active lost, its lease over, standby healthy", conditions.active_lost, actions.fail_over),
    Rule(Phase.ACTIVE, "active fails too often, standby healthy", conditions.active_gray, actions.leave_gray),
    Rule(Phase.ACTIVE, "primary healthy for the hold-down and caught up", conditions.failback_due, actions.fail_back),
    Rule(Phase.ACTIVE, "active lost, and nowhere to go", conditions.nowhere_to_go, actions.alert),
    Rule(Phase.PREPARING, "the target was lost meanwhile", conditions.target_lost, actions.give_up_move),
    Rule(Phase.PREPARING, "everybody hurries", conditions.prepared, actions.fence),
    Rule(Phase.FENCING, "the target was lost meanwhile", conditions.target_lost, actions.give_up_move),
    Rule(Phase.FENCING, "nobody writes in the source any more", conditions.source_silenced, actions.begin_draining),
    Rule(Phase.DRAINING, "the target was lost meanwhile", conditions.target_lost, actions.give_up_move),
    Rule(Phase.DRAINING, "the target has everything", conditions.drained, actions.record_target),
    Rule(Phase.DRAINING, "the source was lost meanwhile", conditions.source_lost, actions.record_target),
    Rule(Phase.DRAINING, "the drain takes too long", conditions.drain_hopeless, actions.drain_gave_out),
    Rule(Phase.RECORDING, "somebody wrote a later record", conditions.later_record, actions.record_later),
    Rule(
        Phase.RECORDING,
        "the target was lost, the other is fine",
        conditions.target_lost_other_fine,
        actions.record_other,
    ),
)
