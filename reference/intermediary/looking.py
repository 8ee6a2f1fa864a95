"""Whether a place is well, as several vantage points see it.

A vantage point changes its mind after some looks in a row that say otherwise; a place changes when enough vantage
points agree, and stays as it was while they do not (so nothing swings back and forth between two looks). A vantage
point that has not looked lately has no say: after a pause of this process nothing that it believed counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class LookRules:
    """unhealthy_after, healthy_after: looks in a row that change a mind. agree: how many must. stale_ns: a say older
    than this is none."""

    unhealthy_after: int
    healthy_after: int
    agree: int
    stale_ns: int


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a place ended. reason: what it saw, where that is not well."""

    point: str
    place: str
    well: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one vantage point thinks of a place; None: nothing yet. streak: looks in a row that say `last`."""

    well: bool | None = None
    last: bool | None = None
    streak: int = 0
    seen_ns: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What all think of a place. well_since_ns: since when it is well without a break."""

    place: str
    opinions: Mapping[str, Opinion] = field(default_factory=dict)
    well: bool | None = None
    well_since_ns: int | None = None

    @property
    def reason(self) -> str:
        """Why it is not well, in the words of one that says so."""
        return next((o.reason for o in self.opinions.values() if o.well is False and o.reason), "")


def seen(view: View, look: Look, rules: LookRules, now_ns: int) -> View:
    """The view after one more look."""
    before = view.opinions.get(look.point, Opinion())
    if now_ns - before.seen_ns > rules.stale_ns:
        before = Opinion()  # what was believed before a pause counts for nothing
    streak = before.streak + 1 if before.last is look.well else 1
    wanted = rules.healthy_after if look.well else rules.unhealthy_after
    well = look.well if streak >= wanted else before.well
    opinion = Opinion(well, look.well, streak, now_ns, look.reason)
    return judged(replace(view, opinions={**view.opinions, look.point: opinion}), rules, now_ns)


def judged(view: View, rules: LookRules, now_ns: int) -> View:
    """The view by the opinions that count now."""
    fresh = [o for o in view.opinions.values() if now_ns - o.seen_ns <= rules.stale_ns and o.well is not None]
    yes, no = sum(o.well is True for o in fresh), sum(o.well is False for o in fresh)
    well = view.well
    if yes >= rules.agree:
        well = True
    elif no >= rules.agree:
        well = False
    elif len(fresh) < rules.agree:
        well = None  # too few have looked lately to say anything
    since_ns = None if well is not True else view.well_since_ns if view.well_since_ns is not None else now_ns
    return replace(view, well=well, well_since_ns=since_ns)


def votes(view: View, rules: LookRules, now_ns: int) -> tuple[int, int]:
    """How many say that it is well, of how many."""
    fresh = [o for o in view.opinions.values() if now_ns - o.seen_ns <= rules.stale_ns]
    return sum(o.well is True for o in fresh), len(fresh)
