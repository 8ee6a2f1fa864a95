"""Where clients should be sent: what the looks say, and what the one decider says. Pure.

Traffic never goes where the one decider has not gone: a place whose database is not the active one accepts no writes.

| clients are at | decider | looks | they should be at |
| --- | --- | --- | --- |
| a place | unknown, or never decided | any | the same place |
| a place | another place's database (places tied to databases) | the other place is well | the other place |
| a place that is not well | lets the other place serve | the other place is well | the other place |
| the standby, well | lets the primary serve | the primary is well for the hold-down | the primary |
| a place | any | the other place is not well, or nobody knows | the same place |
"""

from __future__ import annotations

from dataclasses import dataclass

from reference.intermediary.state import Rules, Site, State


@dataclass(frozen=True, slots=True)
class Wish:
    """Where clients should be, and why; held: why they are left where they are although something is wrong there."""

    site: Site | None
    why: str = ""
    held: str = ""


def wish(rules: Rules, state: State, now_ns: int) -> Wish:
    """By where the record leads now; one that leads nowhere known is to lead to a place that is well."""
    here = rules.site_at(state.records[0].address) if state.records else None
    candidates = [site for site in rules.sites if site is not here]
    if here is None:
        allowed = [site for site in rules.sites if _well(state, site) and _may_serve(rules, state, site)]
        return Wish(allowed[0], "the record leads nowhere") if allowed else Wish(None, held="no place is well")
    other = candidates[0]
    ill = state.views[here.name].well is False
    moved = rules.tied and _may_serve(rules, state, other)
    if not _well(state, other):
        return Wish(here, held=f"{here.name} is lost, and {other.name} is not well" if ill or moved else "")
    if not _may_serve(rules, state, other):
        return Wish(here, held=f"{here.name} is lost, and {other.name} is not active" if ill else "")
    if ill:
        return Wish(other, f"{here.name} is lost: {state.views[here.name].reason or 'no answer'}")
    if moved:
        return Wish(other, f"{other.database} is active")
    if other.primary and _held_down(rules, state, other, now_ns):
        return Wish(other, f"{other.name} is well again")
    return Wish(here)


def _well(state: State, site: Site) -> bool:
    return state.views[site.name].well is True


def _may_serve(rules: Rules, state: State, site: Site) -> bool:
    """Whether the one decider lets clients go there. Where no decision is known, they stay where they are."""
    decider = state.seat.decider
    if decider is None:
        return False
    return decider.region == site.database if rules.tied else True


def _held_down(rules: Rules, state: State, site: Site, now_ns: int) -> bool:
    since_ns = state.views[site.name].well_since_ns
    return since_ns is not None and now_ns - since_ns >= rules.hold_down_ns
