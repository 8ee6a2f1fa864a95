"""One drill as the page wants it: the evidence, put into the rows and shares that the template draws. No markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.drill.episodes import began_ns
from harness.drill.evidence import DrillResult, EpisodeResult, Finding
from harness.history.events import Commit, Event, Mark
from harness.outcome import Bracket, Verdict
from harness.reporting import glossary, lanes, palette, wording
from harness.units import to_s

_SEVERITIES = ("serious", "warning", "info")
_KINDS = ("reads", "writes")
_NONE = Bracket(0, 0, 0)
_SENTENCE = 150
"""Characters of a check's text that are shown at once; the rest can be opened."""


@dataclass(frozen=True)
class PhaseView:
    """One phase of the bar. share: percent of the bar's full width, which the longer of measured and predicted has."""

    number: int
    name: str
    length: str
    share: float
    colour: str
    text_colour: str


@dataclass(frozen=True)
class EpisodeView:
    """One episode of a drill that has several. times: when it began, healed and ended, in words."""

    number: int
    title: str
    episode: EpisodeResult
    faults: tuple[str, ...]
    times: str
    phases: tuple[PhaseView, ...]
    phases_total: str
    predicted_share: float | None


@dataclass(frozen=True)
class CohortRow:
    """A kind of client. name: what it does, after "clients that"."""

    name: str
    judged: bool
    all: str
    reads: str
    writes: str
    served: str


@dataclass(frozen=True)
class FindingRow:
    """A finding. number: of its flag in the timeline; when: in seconds after the fault; both empty without a moment."""

    severity: str
    text: str
    number: int | None = None
    when: str = ""


@dataclass(frozen=True)
class OutageRow:
    """An interruption. since: in seconds after the fault."""

    clients: str
    since: str
    lasted: str


def phases(
    phases_ns: Mapping[str, int | None], prediction_s: float | None, noticed_by: str = ""
) -> tuple[tuple[PhaseView, ...], str, float | None]:
    """The phases, their printed total, and the prediction's share of the same scale."""
    known = {name: length for name, length in phases_ns.items() if length is not None}
    total_ns = sum(known.values())
    scale_s = max(to_s(total_ns), prediction_s or 0.0)
    if not known or scale_s <= 0:
        return (), "", None
    lengths = wording.adding_up(list(known.values()))
    views = tuple(
        PhaseView(
            number=index + 1,
            name=glossary.phase(name, noticed_by),
            length=length,
            share=100 * to_s(length_ns) / scale_s,
            colour=palette.phase_colour(index),
            text_colour=palette.on(palette.phase_colour(index)),
        )
        for index, ((name, length_ns), length) in enumerate(zip(known.items(), lengths, strict=True))
    )
    predicted = None if prediction_s is None else 100 * prediction_s / scale_s
    return views, wording.adding_up([total_ns])[0], predicted


def episodes(drill: DrillResult) -> tuple[EpisodeView, ...]:
    """The episodes of a drill that has several; none otherwise."""
    several = drill.episodes if len(drill.episodes) > 1 else ()
    return tuple(_episode(drill, episode, number) for number, episode in enumerate(several, start=1))


def _episode(drill: DrillResult, episode: EpisodeResult, number: int) -> EpisodeView:
    views, total, predicted = phases(episode.phases_ns, episode.prediction_s, episode.noticed_by)
    known = range(len(drill.faults))
    faults = [drill.faults[n] for n in (*episode.faults, *episode.healed) if n in known]
    words = tuple(glossary.fault(fault.kind, fault.target, fault.mode) for fault in faults)
    return EpisodeView(
        number=number,
        title=", then ".join(words) if words and episode.begins == "fault" else episode.name,
        episode=episode,
        faults=words,
        times=_times(drill, episode),
        phases=views,
        phases_total=total,
        predicted_share=predicted,
    )


def zero_ns(drill: DrillResult) -> int | None:
    """The moment that seconds are counted from: the first fault's start; None when there was none."""
    return min((fault.start_ns for fault in drill.faults), default=None)


def times(events: Sequence[Event | Commit], drill: DrillResult) -> str:
    """What seconds count from: in drawings and tables, and in sentences, as on the terminal while the drill ran."""
    began, zero = began_ns([event for event in events if isinstance(event, Mark)]), zero_ns(drill)
    if began is None or zero is None:
        return ""
    return (
        "Seconds in sentences count from the start of the recording, as they did on the terminal; those in the "
        f"timeline and in tables from the first fault, which began {to_s(zero - began):.2f} s after that start."
    )


def _after(drill: DrillResult, moment_ns: int | None) -> str:
    zero = zero_ns(drill)
    return "" if moment_ns is None or zero is None else f"{to_s(moment_ns - zero):.1f} s"


def _times(drill: DrillResult, episode: EpisodeResult) -> str:
    """In seconds after the drill's first fault."""
    moments = (("began", episode.start_ns), ("healed", episode.heal_ns), ("ended", episode.end_ns))
    told = [f"{what} at {_after(drill, at_ns)}" for what, at_ns in moments if at_ns is not None]
    return ", ".join(told) if drill.faults else ""


def cohorts(drill: DrillResult) -> tuple[CohortRow, ...]:
    """A row for each kind of client, the judged one first; its reads and writes beside the whole."""
    names = [name for name in drill.rto_by_cohort if "/" not in name or name.rpartition("/")[2] not in _KINDS]
    names += [name for name in drill.availability if name not in names]
    return tuple(_cohort(drill, name) for name in sorted(names, key=lambda name: (name != "dns", names.index(name))))


def _cohort(drill: DrillResult, name: str) -> CohortRow:
    def recovery(key: str) -> str:
        if key not in drill.rto_by_cohort:
            return "–"
        found = drill.rto_by_cohort[key]
        return "no interruption" if found == _NONE else wording.bracket(found)

    served = wording.percent(drill.availability[name]) if name in drill.availability else "–"
    reads, writes = (recovery(f"{name}/{kind}") for kind in _KINDS)
    return CohortRow(glossary.cohort(name, drill.places), name == "dns", recovery(name), reads, writes, served)


def findings(drill: DrillResult) -> tuple[FindingRow, ...]:
    """All of them, the gravest first; those that name their moment have the number of its flag."""
    flags: dict[int | None, int] = {moment: number for number, moment in lanes.numbered(drill)}
    reasons = () if drill.verdict is Verdict.MET and drill.control is None else drill.reasons
    rows = []
    for finding in sorted(drill.findings, key=_rank):
        number = None if finding.severity == "info" else flags.get(finding.at_ns)
        said = next((n for n, reason in enumerate(reasons, start=1) if finding.text in reason), None)
        if said is None:
            rows.append(FindingRow(finding.severity, finding.text, number, _after(drill, finding.at_ns)))
        elif number is not None:  # told already; what is left is where it is in the timeline
            text = f"what reason {said} above says" if len(reasons) > 1 else "what the reason above says"
            rows.append(FindingRow(finding.severity, text, number, _after(drill, finding.at_ns)))
    return tuple(rows)


def _rank(finding: Finding) -> int:
    return _SEVERITIES.index(finding.severity) if finding.severity in _SEVERITIES else len(_SEVERITIES)


def outages(drill: DrillResult, limit: int) -> tuple[OutageRow, ...]:
    """The interruptions that clients saw from the first fault on, oldest first.

    What is older is no news: clients that are tied to a standby are refused there by design.
    """
    zero = zero_ns(drill) or 0
    known = sorted((o for o in drill.outages if o.first_bad_ns >= zero), key=lambda outage: outage.first_bad_ns)
    return tuple(
        OutageRow(glossary.cohort(o.cohort, drill.places), _after(drill, o.first_bad_ns), _lasted(o.duration))
        for o in known[:limit]
    )


def _lasted(duration: Bracket) -> str:
    return wording.bracket(duration).replace("not recovered", "not over at the end")


def tried(evidence: str) -> tuple[str, Sequence[str]]:
    """What a fault's canaries saw: in one line how many links were tried, and what each of them saw."""
    parts = [part for part in evidence.split("; ") if part]
    if len(parts) < 2 and len(evidence) <= _SENTENCE:
        return evidence or "–", ()
    return f"{len(parts)} links were tried" if len(parts) > 1 else "one link was tried", parts


def folded(text: str) -> tuple[str, Sequence[str]]:
    """A long text of a check as its first words and the parts that can be opened; a short one as it is."""
    head, colon, rest = text.partition(": ")
    if len(text) <= _SENTENCE:
        return text, ()
    if colon and len(head) <= _SENTENCE and "; " in rest:
        return head, rest.split("; ")
    head, semicolon, rest = text.partition("; ")
    return (head, rest.split("; ")) if semicolon else (text, ())
