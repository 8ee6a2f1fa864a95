"""Clusters, control panels, routing controls and safety rules, and what calls make of them: one pure machine.

| event | changes | answers |
| --- | --- | --- |
| `Made`, `Renamed`, `Tagged`, `Removed` | what there is (the configuration API) | `Done`, or `Refused` |
| `Switched` | which routing controls are on (an endpoint's), all or nothing | `Done` and `Flipped`, or `Refused` |
| `Forgotten` | nothing is left | `Done` |

A routing control is off when it is made. What is made is PENDING until it is deployed, and until then of no use: calls
that need it are refused.

Sources: Recovery Control Configuration API Reference; Routing Control (Recovery Cluster) API Reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.parts.steering.route53.routing_controls.quotas import over_quota, over_tags
from harness.parts.steering.route53.routing_controls.rules import Rule, objections, quieted
from harness.parts.steering.route53.routing_controls.things import (
    CONFLICT,
    INVALID,
    MISSING,
    Cluster,
    Control,
    Done,
    Effect,
    Event,
    Flipped,
    Forgotten,
    Made,
    Panel,
    Refused,
    Removed,
    Renamed,
    State,
    Switched,
    Tagged,
    Thing,
    called,
    home,
)


@dataclass(frozen=True)
class Controls:
    """The machine. deploy_ns: how long a thing is PENDING after it was made."""

    deploy_ns: int = 0

    def deployed(self, state: State, arn: str, now_ns: int) -> bool:
        """Whether a thing can be used."""
        return now_ns >= state.made_ns.get(arn, 0) + self.deploy_ns

    def step(self, state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """The state after a call, and what is answered."""
        match event:
            case Made():
                return self._made(state, event, now_ns)
            case Renamed():
                return _renamed(state, event)
            case Tagged():
                return _tagged(state, event)
            case Removed(arn=arn):
                return _removed(state, arn)
            case Switched():
                return self._switched(state, event, now_ns)
            case Forgotten():
                return State(), (Done(),)

    def _made(self, state: State, event: Made, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        before = state.things.get(state.tokens.get(event.token, "")) if event.token else None
        if before is not None:
            if before.name != event.things[0].name:
                return state, (Refused(CONFLICT, "The client token was used for something else.", before.arn),)
            return state, (Done(before),)
        for thing in event.things:
            refused = self._refusal(state, thing, event.things, now_ns)
            if refused is not None:
                return state, (refused,)
        refused = over_tags(event.tags)
        if refused is not None:
            return state, (refused,)
        things = {thing.arn: thing for thing in event.things}
        tokens = {**state.tokens, event.token: event.things[0].arn} if event.token else state.tokens
        after = replace(
            state,
            things={**state.things, **things},
            made_ns={**state.made_ns, **dict.fromkeys(things, now_ns)},
            tokens=tokens,
            tags={**state.tags, event.things[0].arn: event.tags},
        )
        return after, (Done(event.things[0]),)

    def _refusal(self, state: State, thing: Thing, together: Sequence[Thing], now_ns: int) -> Refused | None:
        taken = _taken(state, thing)
        if taken is not None:
            return taken
        needed = {Cluster: (), Panel: home(state, thing), Control: home(state, thing), Rule: home(state, thing)}
        fresh = {other.arn for other in together}
        for arn in needed[type(thing)]:
            if arn in fresh:
                continue
            if arn not in state.things:
                return Refused(MISSING, f"{arn} does not exist.", arn)
            if not self.deployed(state, arn, now_ns):
                return Refused(CONFLICT, f"{arn} is not deployed yet.", arn, called(state.things[arn]))
        refused = over_quota(state, thing)
        return _wrong_rule(state, thing) if refused is None and isinstance(thing, Rule) else refused

    def _switched(self, state: State, event: Switched, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        controls = {arn: state.things.get(arn) for arn in event.changes}
        for arn, control in controls.items():
            if not isinstance(control, Control):
                return state, (Refused(MISSING, f"The routing control {arn} does not exist.", arn, "RoutingControl"),)
            if not self.deployed(state, arn, now_ns):
                return state, (Refused(CONFLICT, f"{control.name} is not deployed yet.", arn, "RoutingControl"),)
        panels = {control.panel for control in controls.values() if isinstance(control, Control)}
        if len(panels) > 1:
            return state, (Refused(INVALID, "Routing controls of one control panel alone are changed together."),)
        for arn in event.overridden:
            if not isinstance(state.things.get(arn), Rule):
                return state, (Refused(MISSING, f"The safety rule {arn} does not exist.", arn, "SafetyRule"),)
        heard = [r for r in state.rules() if r.arn not in event.overridden and self.deployed(state, r.arn, now_ns)]
        for rule, why in objections(heard, event.changes, state.on, state.quiet_until_ns, now_ns):
            text = f"The safety rule {rule.name} ({rule.arn}) does not allow this change: {why}."
            return state, (Refused(CONFLICT, text, rule.arn, "SafetyRule"),)
        changed = {arn: on for arn, on in event.changes.items() if on != (arn in state.on)}
        on = (state.on | {arn for arn, is_on in changed.items() if is_on}) - {a for a, o in changed.items() if not o}
        quiet = quieted(state.rules(), changed, state.quiet_until_ns, now_ns) if changed else state.quiet_until_ns
        flips = tuple(
            Flipped(c, changed[arn]) for arn, c in controls.items() if arn in changed and isinstance(c, Control)
        )
        return replace(state, on=frozenset(on), quiet_until_ns=quiet), (Done(), *flips)


def _taken(state: State, thing: Thing) -> Refused | None:
    """That another one of its kind has its name, within the same cluster or control panel."""
    for other in state.of(type(thing)):
        if other.arn != thing.arn and other.name == thing.name and home(state, other)[:1] == home(state, thing)[:1]:
            text = f"There is a {called(thing)} with the name {thing.name} already."
            return Refused(CONFLICT, text, other.arn, called(other))
    return None


def _wrong_rule(state: State, rule: Rule) -> Refused | None:
    named = (*rule.guarded, *rule.gates)
    for arn in named:
        control = state.things.get(arn)
        if not isinstance(control, Control) or control.panel != rule.panel:
            return Refused(MISSING, f"{arn} is no routing control of this control panel.", arn, "RoutingControl")
    if rule.config.type == "ATLEAST" and not 0 < rule.config.threshold <= len(rule.gates or rule.guarded):
        text = f"Threshold {rule.config.threshold} is not from 1 to the number of controls."
        return Refused(INVALID, text)
    return None


def _renamed(state: State, event: Renamed) -> tuple[State, tuple[Effect, ...]]:
    thing = state.things.get(event.arn)
    if thing is None:
        return state, (Refused(MISSING, f"{event.arn} does not exist.", event.arn),)
    changed: dict[str, object] = {"name": event.name, "wait_ms": event.wait_ms, "network": event.network}
    given = {key: value for key, value in changed.items() if value is not None and hasattr(thing, key)}
    after: Thing = replace(thing, **given)  # type: ignore[arg-type]  # by the fields that this thing has
    taken = _taken(state, after)
    if taken is not None:
        return state, (taken,)
    return replace(state, things={**state.things, event.arn: after}), (Done(after),)


def _tagged(state: State, event: Tagged) -> tuple[State, tuple[Effect, ...]]:
    thing = state.things.get(event.arn)
    if thing is None:
        return state, (Refused(MISSING, f"{event.arn} does not exist.", event.arn),)
    before = {key: value for key, value in state.tags.get(event.arn, {}).items() if key not in event.without}
    after = {**before, **event.tags}
    refused = over_tags(after)
    if refused is not None:
        return state, (refused,)
    return replace(state, tags={**state.tags, event.arn: after}), (Done(thing),)


def _removed(state: State, arn: str) -> tuple[State, tuple[Effect, ...]]:
    thing = state.things.get(arn)
    if thing is None:
        return state, (Refused(MISSING, f"{arn} does not exist.", arn),)
    resting = list(_resting_on(state, thing))
    if resting:
        return state, (Refused(CONFLICT, f"{arn} is in use by {resting[0]}.", arn, called(thing)),)
    if isinstance(thing, Panel) and thing.default:
        return state, (Refused(CONFLICT, "The default control panel goes with its cluster.", arn, "ControlPanel"),)
    gone = {arn, *(p.arn for p in state.of(Panel, arn))} if isinstance(thing, Cluster) else {arn}
    kept = {key: other for key, other in state.things.items() if key not in gone}
    tags = {key: some for key, some in state.tags.items() if key not in gone}
    return replace(state, things=kept, on=state.on - gone, tags=tags), (Done(thing),)


def _resting_on(state: State, thing: Thing) -> Iterable[str]:
    for other in state.things.values():
        ruled = isinstance(other, Rule) and thing.arn in (*other.guarded, *other.gates)
        inside = thing.arn in home(state, other) and not (isinstance(other, Panel) and other.default)
        if ruled or inside:
            yield other.arn
