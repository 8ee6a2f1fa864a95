"""The table of promises: what was promised, what was measured, and the verdict that the checkers gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.drill.evidence import DrillResult, ObjectiveResult, Objectives, RpoResult
from harness.outcome import Bracket, Verdict
from harness.reporting import glossary, wording


@dataclass(frozen=True)
class ObjectiveRow:
    """One line of the table. verdict None: promised, but nobody judged it. text: the checker's own sentence."""

    name: str
    promised: str
    measured: str
    verdict: Verdict | None
    text: str


_KINDS = {
    "rto": "rto",
    "rto s": "rto",
    "recovery time": "rto",
    "rpo items": "rpo_items",
    "recovery point": "rpo_items",
    "rpo s": "rpo_s",
    "recovery point, seconds": "rpo_s",
    "error budget": "error_budget",
    "planned interruption s": "planned_interruption_s",
}
"""Names that checkers give to a promise whose numbers we know. Anything else keeps the checker's own name."""


def rows(drill: DrillResult) -> tuple[ObjectiveRow, ...]:
    """What the checkers judged, in their order, then promises that none of them judged.

    What was measured is that of the episode that a result is about.
    """
    facts = _facts(drill.objectives, drill.rto, drill.rpo, drill.planned_interruption)
    kinds = [_kind(result.name, facts) for result in drill.results]
    judged = [
        _row(result, _facts_of(drill, result).get(kind)) for result, kind in zip(drill.results, kinds, strict=True)
    ]
    left = [
        ObjectiveRow(name, promised, measured, None, _not_asked(drill))
        for kind, (name, promised, measured) in facts.items()
        if kind not in kinds
    ]
    return (*judged, *left)


def kept(of: Sequence[ObjectiveRow]) -> tuple[ObjectiveRow, ...]:
    """Those that are the subject's own promises of its data, and were kept: no news, so one line is enough."""
    return tuple(row for row in of if row.promised == _BY_SUBJECT and row.verdict is Verdict.MET)


def _facts_of(drill: DrillResult, result: ObjectiveResult) -> dict[str, tuple[str, str, str]]:
    if result.episode is None or not result.episode < len(drill.episodes):
        return _facts(drill.objectives, drill.rto, drill.rpo, drill.planned_interruption)
    episode = drill.episodes[result.episode]
    return _facts(drill.objectives, episode.rto, episode.rpo, drill.planned_interruption)


def promised_recovery(drill: DrillResult) -> str:
    """The promised recovery time, and whether this drill judged it."""
    return _promises(drill, ("recovery time",))


def promised_point(drill: DrillResult) -> str:
    """The promised recovery point, in items, seconds or both, and whether this drill judged it."""
    return _promises(drill, ("recovery point", "recovery point, seconds"))


def promised_interruption(drill: DrillResult) -> str:
    """The longest interruption by a failback or another move that was promised."""
    return _promises(drill, ("planned interruption",))


def promised(drill: DrillResult) -> str:
    """All that was promised, in one line: the objectives, and what the subject's file says of its data."""
    told = {"RTO": promised_recovery(drill), "RPO": promised_point(drill)}
    told = {name: text for name, text in told.items() if text != _NOT_ASKED}
    if (moves := promised_interruption(drill)) not in ("none", _NOT_ASKED):
        told["interruption by moves"] = moves
    return ", ".join([*(f"{name} {text}" for name, text in told.items()), *of_data(drill.promise)])


def of_data(promise: Mapping[str, Any] | None) -> Iterator[str]:
    """What a subject promises of its data, in words."""
    if promise is None:
        return
    yield "writes on both sides" if promise.get("writes") == "both" else "writes on one side at a time"
    reads = promise.get("reads")
    if reads is not None:
        yield f"reads no older than {promise.get('staleness_s', 0):g} s" if reads == "eventual" else _READS[reads]
    if promise.get("deletes") == "final":
        yield "deletes are final"
    if promise.get("groups") == "whole":
        yield "groups of items are seen whole"
    if promise.get("order") == "causal":
        yield "no write is seen without what caused it"


_BY_SUBJECT = "by the subject"
_NOT_ASKED = "not asked for"
_READS = {"session": "own writes are seen and reads never go back", "strong": "reads show the newest write"}


def _promises(drill: DrillResult, names: tuple[str, ...]) -> str:
    found = [row for row in rows(drill) if row.name in names and row.promised]
    told = dict.fromkeys(row.promised + (f" ({row.text})" if row.verdict is None else "") for row in found)
    return ", ".join(told) or ("none" if drill.promise is None else _NOT_ASKED)


def _not_asked(drill: DrillResult) -> str:
    """Why a promise was not judged: the drill's end came before the step that asks for it, or no step does."""
    ended = drill.verdict is not Verdict.MET or drill.control is not None
    return "not judged: the drill ended before" if drill.promise is not None and ended else "not judged"


def _row(result: ObjectiveResult, fact: tuple[str, str, str] | None) -> ObjectiveRow:
    if result.promise and result.verdict is Verdict.UNKNOWN:
        return ObjectiveRow(glossary.check(result.name), _BY_SUBJECT, wording.NOT_MEASURED, None, result.text)
    name, promised, measured = (glossary.check(result.name), "", "") if fact is None else fact
    if result.promise and fact is None:
        promised = _BY_SUBJECT
    return ObjectiveRow(name, promised, measured, result.verdict, result.text)


def _kind(name: str, facts: Mapping[str, object]) -> str:
    """Which of the promises a result is about. A bare `rpo`, or recovery point, is about items if those are told."""
    words = name.lower().replace("_", " ").replace("-", " ")
    if words in ("rpo", "recovery point"):
        return "rpo_items" if "rpo_items" in facts else "rpo_s"
    return _KINDS.get(words, name)


def _facts(
    goals: Objectives, rto: Bracket | None, rpo: RpoResult | None, planned: Bracket | None
) -> dict[str, tuple[str, str, str]]:
    """Per promise that was made: its name, what was promised, what was measured."""
    facts: dict[str, tuple[str, str, str]] = {}
    if goals.rto_s is not None:
        facts["rto"] = ("recovery time", f"≤ {goals.rto_s:g} s", wording.bracket(rto))
    if goals.rpo_items is not None:
        measured = wording.NOT_MEASURED if rpo is None else wording.items(rpo.missing_low, rpo.missing_high)
        measured = wording.everything(rpo) if rpo is not None and rpo.unbounded else measured
        facts["rpo_items"] = ("recovery point", f"≤ {wording.items(goals.rpo_items, goals.rpo_items)}", measured)
    if goals.rpo_s is not None:
        facts["rpo_s"] = ("recovery point, seconds", f"≤ {goals.rpo_s:g} s", _oldest(rpo))
    if goals.error_budget is not None:
        facts["error_budget"] = ("error budget", f"≤ {wording.percent(goals.error_budget)} failed", "")
    if goals.planned_interruption_s is not None:
        measured = "none" if planned is None else wording.interruption(planned)
        facts["planned_interruption_s"] = ("planned interruption", f"≤ {goals.planned_interruption_s:g} s", measured)
    return facts


def _oldest(rpo: RpoResult | None) -> str:
    if rpo is None:
        return wording.NOT_MEASURED
    if rpo.unbounded:
        return "unbounded: nothing was replicated"
    return "nothing missing" if wording.rpo_seconds(rpo) is None else wording.lost_seconds(rpo)
