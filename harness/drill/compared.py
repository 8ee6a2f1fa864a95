"""The same outage under several ways to lead clients: where the time went, and what production would take. Pure.

Phases of harness.measurement.phases are gathered into three: until it was noticed, until the new answer was there,
until clients used it. They add up to the recovery of the worst client that keeps to the TTL, by its best single
estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.drill.evidence import DrillResult, PredictionResult, RunResult
from harness.outcome import Bracket, Verdict
from harness.units import to_ns

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
    """One way to lead clients. label: of the environment, and of what was changed in it."""

    label: str
    environment: str
    changed: Mapping[str, str]

    @property
    def folder(self) -> str:
        """Where its runs are kept, in the folder of all."""
        return self.label.replace(", ", "-").replace(" ", "")


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
    """profile, seed: what all runs had in common."""

    rows: tuple[Row, ...]
    profile: str
    seed: int | None = None

    @property
    def outages(self) -> tuple[str, ...]:
        """In the order of the rows."""
        return tuple(dict.fromkeys(row.outage for row in self.rows))

    @property
    def proven(self) -> bool:
        """Whether every row has figures, and met what was promised."""
        return all(row.verdict == Verdict.MET.value for row in self.rows)


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
    """The three parts of a recovery; what nobody saw has gone to the phase after it."""
    found = dict.fromkeys((DETECT, DECIDE, PROPAGATE), 0)
    for name, length_ns in phases_ns.items():
        found[GATHERED.get(name, PROPAGATE)] += length_ns or 0
    return found


def _phases(expected: PredictionResult) -> Mapping[str, Bracket]:
    found: dict[str, tuple[int, int]] = {}
    for name, one in expected.phases.items():
        part = GATHERED.get(name, PROPAGATE)
        low_ns, high_ns = found.get(part, (0, 0))
        found[part] = (low_ns + one.low_ns, high_ns + (one.high_ns or one.low_ns))
    return {part: Bracket(low_ns, high_ns) for part, (low_ns, high_ns) in found.items()}


def fastest(rows: Iterable[Row]) -> Row | None:
    """Whose recovery ends first at the latest; None where none has one."""
    ended = [row for row in rows if row.recovery is not None and row.recovery.high_ns is not None]
    return min(ended, key=lambda row: (row.recovery.high_ns if row.recovery else None) or 0, default=None)


def longest_ns(rows: Iterable[Row]) -> int:
    """The longest that any of them shows, for a scale; a second where there is none."""
    ends = [
        end for row in rows for one in (row.recovery, row.expected) if one for end in (one.high_ns, one.low_ns) if end
    ]
    return max(ends, default=to_ns(1.0))
