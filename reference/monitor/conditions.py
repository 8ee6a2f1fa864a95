"""What the monitor's rules ask of its state. Each is pure: (rules, state, now_ns) -> bool."""

from __future__ import annotations

from reference.active_region import BY_OPERATOR, highest
from reference.monitor.health import Rules, View, gray, keeps_up, lease_over, silenced
from reference.monitor.state import Move, State


def active_view(state: State) -> View:
    return state.views[state.record.region]


def standby_view(rules: Rules, state: State) -> View:
    return state.views[rules.other(state.record.region)]


def both_read(_rules: Rules, state: State, _now_ns: int) -> bool:
    return all(view.last is not None for view in state.views.values())


def one_read_for_long(rules: Rules, state: State, now_ns: int) -> bool:
    read = [view for view in state.views.values() if view.last is not None]
    lost = any(rules.lost(view) for view in state.views.values())
    return bool(read) and lost and all(now_ns >= view.horizon_ns for view in state.views.values())


def later_record(_rules: Rules, state: State, _now_ns: int) -> bool:
    found = highest(view.record for view in state.views.values())
    return found is not None and found.epoch > state.record.epoch


def epoch_fenced(_rules: Rules, state: State, _now_ns: int) -> bool:
    return active_view(state).fenced >= state.record.epoch and active_view(state).healthy


def active_lost(rules: Rules, state: State, now_ns: int) -> bool:
    return (
        rules.lost(active_view(state)) and lease_over(active_view(state), now_ns) and standby_view(rules, state).healthy
    )


def active_gray(rules: Rules, state: State, _now_ns: int) -> bool:
    standby = standby_view(rules, state)
    return gray(active_view(state)) and not rules.lost(active_view(state)) and standby.healthy and not gray(standby)


def nowhere_to_go(rules: Rules, state: State, now_ns: int) -> bool:
    ill = rules.lost(active_view(state)) and not standby_view(rules, state).healthy
    return ill and now_ns >= state.alerted_ns


def failback_due(rules: Rules, state: State, now_ns: int) -> bool:
    primary = state.views[rules.primary]
    if state.record.region == rules.primary or state.record.by == BY_OPERATOR or now_ns < state.hold_off_ns:
        return False
    if primary.healthy_since_ns is None or now_ns - primary.healthy_since_ns < rules.hold_down_ns:
        return False
    if gray(primary) or not active_view(state).healthy:
        return False
    return all(keeps_up(view, rules, now_ns) for view in state.views.values())


def move_of(state: State) -> Move:
    if state.move is None:
        raise AssertionError(f"no move in {state.phase}")
    return state.move


def target_lost(rules: Rules, state: State, _now_ns: int) -> bool:
    return rules.lost(state.views[move_of(state).target.region])


def prepared(rules: Rules, state: State, now_ns: int) -> bool:
    """Everybody hurries by now; or the source is lost, and cannot."""
    return now_ns - move_of(state).since_ns >= rules.prepare_ns or source_lost(rules, state, now_ns)


def source_silenced(_rules: Rules, state: State, now_ns: int) -> bool:
    move = move_of(state)
    return silenced(state.views[move.source], move.former_epoch, now_ns)


def drained(_rules: Rules, state: State, _now_ns: int) -> bool:
    last = state.views[move_of(state).target.region].last
    return bool(last and last.replication and last.replication.drained_token >= move_of(state).target.epoch)


def source_lost(rules: Rules, state: State, _now_ns: int) -> bool:
    return rules.lost(state.views[move_of(state).source])


def drain_hopeless(rules: Rules, state: State, now_ns: int) -> bool:
    return now_ns - move_of(state).since_ns >= rules.drain_patience_ns


def target_lost_other_fine(rules: Rules, state: State, now_ns: int) -> bool:
    """The target may still hold a lease of an earlier epoch, when only its epoch is renewed."""
    other_fine = standby_view(rules, state).healthy
    return target_lost(rules, state, now_ns) and lease_over(active_view(state), now_ns) and other_fine
