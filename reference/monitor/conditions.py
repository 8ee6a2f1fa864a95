"""What the monitor's rules ask of its state. Each is pure: (decision, state, now_ns) -> bool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference.active_region import BY_OPERATOR, highest
from reference.monitor.health import View, gray, keeps_up, lease_over, silenced
from reference.monitor.state import Move, State

if TYPE_CHECKING:
    from reference.monitor.decision import Decision


def active_view(state: State) -> View:
    return state.views[state.record.region]


def standby_view(d: Decision, state: State) -> View:
    return state.views[d.other(state.record.region)]


def both_read(_d: Decision, state: State, _now_ns: int) -> bool:
    return all(view.last is not None for view in state.views.values())


def one_read_for_long(d: Decision, state: State, now_ns: int) -> bool:
    read = [view for view in state.views.values() if view.last is not None]
    lost = any(d.lost(view) for view in state.views.values())
    return bool(read) and lost and all(now_ns >= view.horizon_ns for view in state.views.values())


def later_record(_d: Decision, state: State, _now_ns: int) -> bool:
    found = highest(view.record for view in state.views.values())
    return found is not None and found.epoch > state.record.epoch


def epoch_fenced(_d: Decision, state: State, _now_ns: int) -> bool:
    return active_view(state).fenced >= state.record.epoch and active_view(state).healthy


def active_lost(d: Decision, state: State, now_ns: int) -> bool:
    return d.lost(active_view(state)) and lease_over(active_view(state), now_ns) and standby_view(d, state).healthy


def active_gray(d: Decision, state: State, _now_ns: int) -> bool:
    standby = standby_view(d, state)
    return gray(active_view(state)) and not d.lost(active_view(state)) and standby.healthy and not gray(standby)


def nowhere_to_go(d: Decision, state: State, now_ns: int) -> bool:
    ill = d.lost(active_view(state)) and not standby_view(d, state).healthy
    return ill and now_ns >= state.alerted_ns


def failback_due(d: Decision, state: State, now_ns: int) -> bool:
    primary = state.views[d.rules.primary]
    if state.record.region == d.rules.primary or state.record.by == BY_OPERATOR or now_ns < state.hold_off_ns:
        return False
    if primary.healthy_since_ns is None or now_ns - primary.healthy_since_ns < d.rules.hold_down_ns:
        return False
    if gray(primary) or not active_view(state).healthy:
        return False
    return all(keeps_up(view, d.rules, now_ns) for view in state.views.values())


def move_of(state: State) -> Move:
    if state.move is None:
        raise AssertionError(f"no move in {state.phase}")
    return state.move


def target_lost(d: Decision, state: State, _now_ns: int) -> bool:
    return d.lost(state.views[move_of(state).target.region])


def source_silenced(_d: Decision, state: State, now_ns: int) -> bool:
    move = move_of(state)
    return silenced(state.views[move.source], move.former_epoch, now_ns)


def drained(_d: Decision, state: State, _now_ns: int) -> bool:
    last = state.views[move_of(state).target.region].last
    return bool(last and last.replication and last.replication.drained_token >= move_of(state).target.epoch)


def source_lost(d: Decision, state: State, _now_ns: int) -> bool:
    return d.lost(state.views[move_of(state).source])


def drain_hopeless(d: Decision, state: State, now_ns: int) -> bool:
    return now_ns - move_of(state).since_ns >= d.rules.drain_patience_ns


def target_lost_other_fine(d: Decision, state: State, now_ns: int) -> bool:
    return (
        target_lost(d, state, now_ns) and lease_over(active_view(state), now_ns) and standby_view(d, state).healthy
    )  # the target may still hold a lease of an earlier epoch, when only its epoch is renewed
