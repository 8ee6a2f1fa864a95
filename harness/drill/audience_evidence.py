"""How the audience came back, as the evidence says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.drill.judging.audience import back_of
from harness.drill.measures import Measures
from harness.measurement.audience import Back, CohortBack
from harness.outcome import Bracket
from harness.units import to_s

SHARES = (0.5, 0.9, 0.95, 0.99, 1.0)
"""Of the users, of which it is said when they were back."""


def audience_evidence(measures: Measures) -> Sequence[Mapping[str, Any]]:
    """The `measured.audience` list of run.json: an object for each episode in which something was broken."""
    found = []
    for episode in measures.episodes:
        back = back_of(episode, measures)
        if back is not None and back.cohorts:
            found.append({"episode": episode.index, **_told(back, measures)})
    return found


def _told(back: Back, measures: Measures) -> dict[str, Any]:
    audience = measures.case.audience
    words = {} if audience is None else {one.cohort: one.words for one in audience.users}
    total = sum(one.profile.weight for one in back.cohorts)
    return {
        "users": [_users(one, words.get(one.profile.cohort, ""), total) for one in back.cohorts],
        "back": [{"share": share, "after": _bracket(back.curve.reached(share))} for share in SHARES],
        "curve": [
            {"after_s": to_s(point.after_ns), "least": point.least, "most": point.most} for point in back.curve.points
        ],
    }


def _users(one: CohortBack, words: str, total: float) -> dict[str, Any]:
    return {
        "profile": one.profile.cohort,
        "words": words,
        "share": one.profile.weight / total,
        "clients": len(one.clients),
        "kept_s": to_s(one.profile.kept_ns),
        "away": one.away,
        "first": _bracket(one.first),
        "last": _bracket(one.last),
        "back": [_bracket(share) for share in one.shares],
    }


def _bracket(of: Bracket) -> dict[str, float | None]:
    return {"low_s": to_s(of.low_ns), "high_s": None if of.high_ns is None else to_s(of.high_ns)}
