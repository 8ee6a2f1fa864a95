"""The same outage under several ways to lead clients: where the time went, and what production would take. Pure.

Phases of harness.measurement.phases are gathered into three: until it was noticed, until the new answer was there,
until clients used it. They add up to the recovery of the worst client that keeps to the TTL, by its best single
estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.drill.evidence import DrillResult, PredictionResult, RunResult
from harness.outcome import Bracket, Verdict, merge_run

SCHEMA = "drill-comparison/1"
DETECT, DECIDE, PROPAGATE = "detect", "decide", "propagate"
GATHERED: Mapping[str, str] = {
    "detect": DETECT, "redirect": DECIDE, "decide": DECIDE, "api": DECIDE, "activate": DECIDE,
    "dns_ttl": PROPAGATE, "settle": PROPAGATE,
}  # fmt: skip
PROVEN = (Verdict.MET, Verdict.MISSED, Verdict.UNKNOWN)
"""Verdicts of drills whose figures mean something."""


@dataclass(frozen=True)
class Way:
    """One way to lead clients. name: of the environment; label: the same, and what was changed in it.

    lacking: what was asked for and this way does not have, each with the reason. folder: where its runs are kept, in
    the folder of all. settings: TTL, interval and threshold as it has them, of production.
    """

    label: str
    name: str
    changed: Mapping[str, str] = field(default_factory=dict)
    lacking: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One outage under one way. verdict: "" where it did not run, and why it did not.

    phases_ns: of the measured recovery, gathered; expected: of production, by the documented constants; None: nothing
    is documented, or this was production. run, number: where its evidence is.
    """

    way: Way
    outage: str
    verdict: str
    why: str = ""
    recovery: Bracket | None = None
    phases_ns: Mapping[str, int] | None = None
    expected: Bracket | None = None
    expected_phases: Mapping[str, Bracket] | None = None
    run: str = ""
    number: int = 0


@dataclass(frozen=True)
class Comparison:
    """profile, seed: what all runs had in common. interrupted: some of them are missing therefore."""

    rows: tuple[Row, ...]
    profile: str
    seed: int | None = None
    interrupted: bool = False

    @property
    def outages(self) -> tuple[str, ...]:
        """In the order of the rows."""
        return tuple(dict.fromkeys(row.outage for row in self.rows))

    @property
    def ways(self) -> tuple[Way, ...]:
        """In the order of the rows."""
        return tuple({row.way.label: row.way for row in self.rows}.values())

    @property
    def verdict(self) -> Verdict:
        """Of all rows, in the order of exit codes; a row that was not run proves nothing."""
        return merge_run(Verdict(row.verdict) if row.verdict else Verdict.INVALID for row in self.rows)


def rows_of(way: Way, run: RunResult, outages: Sequence[str]) -> list[Row]:
    """What a run says of these outages; of one that it has no evidence of, why not."""
    found = {drill.name: (number, drill) for number, drill in enumerate(run.drills, start=1)}
    left = {one.name: one.reason for one in run.not_measured}
    rows = []
    for outage in outages:
        if outage in found:
            number, drill = found[outage]
            rows.append(_row(way, run.run_id, number, drill))
        else:
            rows.append(Row(way, outage, "", left.get(outage, "it left no evidence")))
    return rows


def _row(way: Way, run: str, number: int, drill: DrillResult) -> Row:
    proven = drill.verdict in PROVEN
    expected = drill.production_prediction or drill.prediction
    return Row(
        way,
        drill.name,
        drill.verdict.value,
        "" if drill.verdict is Verdict.MET else next(iter(drill.reasons), ""),
        drill.rto if proven else None,
        gathered(drill.phases_ns) if proven and drill.phases_ns else None,
        None if expected is None else expected.total,
        None if expected is None else _phases(expected),
        run,
        number,
    )


def gathered(phases_ns: Mapping[str, int | None]) -> Mapping[str, int]:
    """The three parts of a recovery; one of which nobody saw the end has none, and its time is in the part after it."""
    found: dict[str, int] = {}
    for name, length_ns in phases_ns.items():
        if length_ns is not None:
            part = GATHERED.get(name, PROPAGATE)
            found[part] = found.get(part, 0) + length_ns
    return found


def _phases(expected: PredictionResult) -> Mapping[str, Bracket]:
    found: dict[str, tuple[int, int]] = {}
    for name, one in expected.phases.items():
        part = GATHERED.get(name, PROPAGATE)
        low_ns, high_ns = found.get(part, (0, 0))
        found[part] = (low_ns + one.low_ns, high_ns + (one.high_ns or one.low_ns))
    return {part: Bracket(low_ns, high_ns) for part, (low_ns, high_ns) in found.items()}


def lacking(ways: Iterable[Way]) -> tuple[str, ...]:
    """What was asked for and some ways do not have: once for each reason."""
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for way in ways:
        for word, why in way.lacking.items():
            reasons.setdefault((word, why), {})[way.name] = None
    return tuple(f"{word}: not applicable to {', '.join(names)}: {why}" for (word, why), names in reasons.items())


def fastest_in_production(rows: Iterable[Row]) -> Row | None:
    """Whose recovery is typically expected to end first there; None where nothing is documented of two."""
    typical = [(row.expected.point_ns, row) for row in rows if row.expected and row.expected.point_ns is not None]
    return min(typical, key=lambda one: one[0])[1] if len(typical) > 1 else None


def fastest(rows: Iterable[Row]) -> Sequence[Row]:
    """Whose recovery ends first at the latest, and behind it those that the measurement does not tell from it."""
    ended = [row for row in rows if row.recovery is not None and row.recovery.high_ns is not None]
    ordered = sorted(ended, key=lambda row: _bounds(row)[1])
    return [row for row in ordered if _bounds(row)[0] <= _bounds(ordered[0])[1]]


def _bounds(row: Row) -> tuple[int, int]:
    return (0, 0) if row.recovery is None else (row.recovery.low_ns, row.recovery.high_ns or 0)
