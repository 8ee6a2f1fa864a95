"""The resiliency matrix: what could still be done while each dependency failed in each way, as drills have shown it.

A cell is a dependency, a failure and a journey. It has the evidence of the newest run that tells of it; where several
drills of that run do, the worst of them. What nobody has run says so. Drills that prove nothing (INVALID, ABORTED),
that are broken on purpose (controls), or that had a protection switched off (negative twins) are no evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.drill.evidence import DrillResult, RunResult
from harness.measurement.dependencies import Dependency, failures_of
from harness.measurement.journeys import NOT_RUN, STATES
from harness.outcome import Verdict

SCHEMA = "drill-matrix/1"
WORSE, BETTER, NEW, GONE = "worse", "better", "new", "gone"
_HARMLESS = ("fault.mode", "objective.", "stop.", "workload.")
"""How settings begin with which a drill still shows the subject as it is: what is promised, and how it is asked."""


@dataclass(frozen=True)
class Evidence:
    """What one drill showed of a cell. number: of the drill within its run, from 1. fault: as it was recorded.

    share: of the visits that worked while it held; made: how many there were. finished_at: of the run, as ISO 8601.
    """

    run: str
    finished_at: str
    drill: str
    number: int
    verdict: str
    fault: str
    state: str
    text: str
    share: float
    made: int


@dataclass(frozen=True)
class Cell:
    """One cell. evidence: the worst first; none where nobody has run it."""

    dependency: Dependency
    failure: str
    journey: str
    state: str = NOT_RUN
    evidence: tuple[Evidence, ...] = ()

    @property
    def where(self) -> tuple[Dependency, str, str]:
        """Which cell it is."""
        return self.dependency, self.failure, self.journey


@dataclass(frozen=True)
class Matrix:
    """subject, environment, profile: what was drilled where. runs: whose evidence counts, oldest first. rules: by which
    states were told, as the newest run has them. cells: of every dependency, failure and journey, in the order in which
    they are shown."""

    subject: str
    environment: str
    profile: str
    runs: tuple[str, ...]
    journeys: tuple[str, ...]
    rules: Mapping[str, float]
    cells: tuple[Cell, ...]
    schema: str = SCHEMA

    @property
    def failures(self) -> tuple[str, ...]:
        """The ways to fail of all dependencies, each once."""
        return tuple(dict.fromkeys(cell.failure for cell in self.cells))

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """Each once."""
        return tuple(dict.fromkeys(cell.dependency for cell in self.cells))

    def at(self, dependency: Dependency, failure: str) -> tuple[Cell, ...]:
        """The cells of a dependency and a failure, one for each journey; none where that cannot happen."""
        return tuple(cell for cell in self.cells if (cell.dependency, cell.failure) == (dependency, failure))

    @property
    def not_run(self) -> tuple[Cell, ...]:
        """The cells that nothing is known of."""
        return tuple(cell for cell in self.cells if cell.state == NOT_RUN)


@dataclass(frozen=True)
class Change:
    """A cell that is not what it was. kind: worse, better, new (nothing was known before), gone (nothing is now)."""

    cell: Cell
    before: str
    kind: str


def in_words(changes: Sequence[Change]) -> list[tuple[str, str]]:
    """The kind of each change, and what changed: `third party erp (slow), pay: works -> does not work`. What changed
    alike for several journeys is said once."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for change in changes:
        cell = change.cell
        where = f"{cell.dependency.words} ({cell.failure})"
        found.setdefault((change.kind, where, change.before, cell.state), []).append(cell.journey)
    return [
        (kind, f"{where}, {', '.join(journeys)}: {before} -> {now}")
        for (kind, where, before, now), journeys in found.items()
    ]


def kind_of(run: RunResult) -> tuple[str, str, str]:
    """What was drilled where: a matrix is of one of these."""
    return run.subject, run.environment, run.profile


def tells(run: RunResult) -> bool:
    """Whether a run tells anything of journeys."""
    return any(_journeys(drill) is not None for drill in run.drills)


def matrix_of(runs: Iterable[RunResult]) -> Matrix | None:
    """The matrix of these runs, of whichever kind the newest one of them is; None where none tells of journeys."""
    telling = sorted((run for run in runs if tells(run)), key=lambda run: (run.started_at, run.run_id))
    if not telling:
        return None
    newest = telling[-1]
    same = [run for run in telling if kind_of(run) == kind_of(newest)]
    journeys: dict[str, None] = {}
    rules: Mapping[str, float] = {}
    known: dict[Dependency, dict[str, None]] = {}
    shown: dict[tuple[Dependency, str, str], tuple[Evidence, ...]] = {}
    for run in reversed(same):
        found: dict[tuple[Dependency, str, str], list[Evidence]] = {}
        for number, drill in enumerate(run.drills, start=1):
            told = _journeys(drill)
            if told is None:
                continue
            rules = rules or told["rules"]
            journeys.update(dict.fromkeys(one["name"] for one in told["made"]))
            for dependency in map(_dependency, told["watched"]):
                known.setdefault(dependency, dict.fromkeys(failures_of(dependency.kind)))
            for where, evidence in _evidence(run, drill, number, told):
                found.setdefault(where, []).append(evidence)
        for where, evidence_of_run in found.items():
            known.setdefault(where[0], dict.fromkeys(failures_of(where[0].kind)))[where[1]] = None
            if where not in shown or shown[where][0].state == NOT_RUN:
                shown[where] = _newest(evidence_of_run, shown.get(where))
    return Matrix(
        *kind_of(newest),
        runs=tuple(run.run_id for run in same),
        journeys=tuple(journeys),
        rules=dict(rules),
        cells=tuple(_cells(known, tuple(journeys), shown)),
    )


def _newest(found: Sequence[Evidence], newer: tuple[Evidence, ...] | None) -> tuple[Evidence, ...]:
    """The worst first. newer: what said nothing, if anything did: an older run that says something is heard."""
    told = tuple(sorted((one for one in found if one.state != NOT_RUN), key=lambda one: -STATES.index(one.state)))
    return told or newer or tuple(found)


def _cells(
    known: Mapping[Dependency, Mapping[str, None]],
    journeys: Sequence[str],
    shown: Mapping[tuple[Dependency, str, str], tuple[Evidence, ...]],
) -> Iterator[Cell]:
    for dependency in sorted(known, key=lambda one: one.order):
        for failure in known[dependency]:
            for journey in journeys:
                evidence = shown.get((dependency, failure, journey), ())
                yield Cell(dependency, failure, journey, evidence[0].state if evidence else NOT_RUN, evidence)


def _journeys(drill: DrillResult) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = drill.measured.get("journeys")
    return found


def _dependency(named: Mapping[str, str]) -> Dependency:
    return Dependency(named["kind"], named["name"])


def counts(drill: DrillResult) -> bool:
    """Whether a drill shows how the subject is as it is."""
    proves = drill.verdict not in (Verdict.INVALID, Verdict.ABORTED) and drill.control is None
    return proves and all(name.startswith(_HARMLESS) for name in drill.settings)


def _evidence(
    run: RunResult, drill: DrillResult, number: int, told: Mapping[str, Any]
) -> Iterator[tuple[tuple[Dependency, str, str], Evidence]]:
    if not counts(drill):
        return
    for cell in told["cells"]:
        during = cell["during"]
        fault = drill.faults[cell["fault"]] if cell["fault"] < len(drill.faults) else None
        yield (
            (_dependency(cell["dependency"]), cell["failure"], cell["journey"]),
            Evidence(
                run=run.run_id,
                finished_at=run.finished_at.isoformat(timespec="seconds"),
                drill=drill.name,
                number=number,
                verdict=drill.verdict.value,
                fault="" if fault is None else f"{fault.kind} {fault.target} {fault.mode}",
                state=cell["state"],
                text=cell["text"],
                share=min(during["worked"], during["made"]) / during["made"] if during["made"] else 0.0,
                made=during["made"],
            ),
        )


def changes(before: Matrix, now: Matrix) -> list[Change]:
    """The cells that are not what they were, those that are worse first."""
    was = {cell.where: cell for cell in before.cells}
    known = {cell.where for cell in now.cells}
    gone = [Cell(*where) for where in was if where not in known]
    found = [
        Change(cell, was_state, _kind(was_state, cell.state))
        for cell in (*now.cells, *gone)
        if (was_state := was[cell.where].state if cell.where in was else NOT_RUN) != cell.state
    ]
    return sorted(found, key=lambda change: (WORSE, GONE, BETTER, NEW).index(change.kind))


def _kind(before: str, now: str) -> str:
    if before == NOT_RUN:
        return NEW
    if now == NOT_RUN:
        return GONE
    return WORSE if STATES.index(now) > STATES.index(before) else BETTER
