"""The evidence of a run, as values: what run.json says, and what every report renders. Reports compute nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.checkers.result import Finding
from harness.drill.measured_result import InterruptionResult, Outage, PredictionResult, RpoResult
from harness.drill.restore_result import RestoreResult
from harness.drill.stopping.result import StopResult
from harness.outcome import Bracket, Verdict

__all__ = [
    "DrillResult",
    "EpisodeResult",
    "FaultResult",
    "Finding",
    "InterruptionResult",
    "NotMeasured",
    "ObjectiveResult",
    "Objectives",
    "Outage",
    "PredictionResult",
    "RestoreResult",
    "RpoResult",
    "RunResult",
    "StopResult",
]

JUDGING = "judging"
"""The name of the one result of a drill whose judging broke off."""


@dataclass(frozen=True)
class Objectives:
    """What was promised before the drill; None: nothing. error_budget: allowed share of failed requests, 0..1.

    planned_interruption_s: the longest that a failback or another move may keep a client from being served.
    """

    rto_s: float | None = None
    rpo_items: int | None = None
    rpo_s: float | None = None
    error_budget: float | None = None
    planned_interruption_s: float | None = None


@dataclass(frozen=True)
class ObjectiveResult:
    """One objective, its verdict, and one sentence with the numbers. episode: the number of the one it is about, from
    0; None: the whole drill. promise: the subject promises it, and the scenario did not ask for it."""

    name: str
    verdict: Verdict
    text: str
    episode: int | None = None
    promise: bool = False


@dataclass(frozen=True)
class FaultResult:
    """One fault as it was applied. observed: seen at the victim by the witness's canary.

    healed: its links worked again afterwards, by the same canary; None when nobody looked. kinds_used: how the world
    did what not every world can, e.g. `black_hole: accept-queue`. touched: lines on the links and processes it hit.
    """

    kind: str
    target: str
    mode: str
    start_ns: int
    stop_ns: int | None
    observed: bool
    evidence: str = ""
    healed: bool | None = None
    kinds_used: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()


@dataclass(frozen=True)
class EpisodeResult:
    """One stretch of a drill, judged by itself: a fault (or several that belong together), or the heal of one.

    faults: numbers of the drill's faults, from 0; healed: of those whose heal it began with. serving: who served
    before; expected: who had to afterwards. start_ns, heal_ns, end_ns: None where there is none. steady_ns: since when
    all was calm before it. noticed_by: the kind of health checks that noticed the loss, where not the edge's own. The
    rest as in DrillResult.
    """

    name: str
    begins: str
    serving: str
    expected: str | None
    faults: tuple[int, ...] = ()
    healed: tuple[int, ...] = ()
    steady_ns: int | None = None
    start_ns: int | None = None
    heal_ns: int | None = None
    end_ns: int | None = None
    rto: Bracket | None = None
    rto_by_cohort: Mapping[str, Bracket | None] = field(default_factory=dict)
    phases_ns: Mapping[str, int | None] = field(default_factory=dict)
    rpo: RpoResult | None = None
    prediction_s: float | None = None
    why: str = ""
    results: tuple[ObjectiveResult, ...] = ()
    prediction: PredictionResult | None = None
    production_prediction: PredictionResult | None = None
    noticed_by: str = ""


@dataclass(frozen=True)
class DrillResult:
    """Everything that is known about one drill after it has ended. typed: what `drill run` takes to run it again.

    phases_ns: insertion order is the order in time; the values add up to the worst client's point RTO measured from
    the fault. prediction_s: recovery time from the documented constants alone, None when not predictable.
    prediction: its bounds; production_prediction: the same for the constants of production, None in a run of these.
    why: one line, for instance "61 % of the recovery time is the DNS TTL". witness: lateness of the witness in
    seconds by name (p50, p99, p999, max). unsent: planned operations that it was too late to send at all.
    unseen_s: where no client noticed the fault, how long an outage could still have been. history: path relative to
    run.json. rto, phases_ns, rpo and what explains them are those of the last episode that was judged by them.
    promise: what the subject promises of its data. planned_interruption: the worst of planned_interruptions. files:
    hashes of what the drill can be judged again from, by path relative to run.json. places: by the address that DNS
    answers for each, in the environment's order. stop_conditions: when the drill had to be aborted, in words; stopped:
    the one that held. restore: of a corrupted table. attempts: those before it, oldest first, each INVALID, which is
    why it ran again; they have none themselves. measured: what else was, by name (see harness.drill.beside).
    """

    name: str
    feature: str
    scenario: str
    verdict: Verdict
    reasons: tuple[str, ...]
    objectives: Objectives
    history: str
    history_sha256: str
    tags: tuple[str, ...] = ()
    results: tuple[ObjectiveResult, ...] = ()
    faults: tuple[FaultResult, ...] = ()
    rto: Bracket | None = None
    rto_by_cohort: Mapping[str, Bracket | None] = field(default_factory=dict)
    phases_ns: Mapping[str, int | None] = field(default_factory=dict)
    rpo: RpoResult | None = None
    failback: Mapping[str, Any] | None = None
    findings: tuple[Finding, ...] = ()
    outages: tuple[Outage, ...] = ()
    why: str = ""
    prediction_s: float | None = None
    availability: Mapping[str, float] = field(default_factory=dict)
    witness: Mapping[str, float] = field(default_factory=dict)
    unsent: int = 0
    unseen_s: float | None = None
    logs: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    duration_s: float = 0.0
    overhead_s: float | None = None
    control: str | None = None
    typed: str = ""
    episodes: tuple[EpisodeResult, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    prediction: PredictionResult | None = None
    production_prediction: PredictionResult | None = None
    promise: Mapping[str, Any] | None = None
    planned_interruption: Bracket | None = None
    planned_interruptions: tuple[InterruptionResult, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    noticed_by: str = ""
    stop_conditions: tuple[str, ...] = ()
    stopped: StopResult | None = None
    restore: RestoreResult | None = None
    attempts: tuple[DrillResult, ...] = ()
    measured: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unjudged(self) -> str:
        """Why the drill could not be judged although it had ended; "" where it was."""
        return next((result.text for result in self.results if result.name == JUDGING), "")

    @property
    def warnings(self) -> int:
        """Serious findings and warnings that remain where nothing was missed; a control is broken on purpose."""
        if self.verdict not in (Verdict.MET, Verdict.UNKNOWN) or self.control is not None:
            return 0
        return sum(finding.severity != "info" for finding in self.findings)


@dataclass(frozen=True)
class NotMeasured:
    """A drill that was asked for and that this world cannot do; reason: what it lacks, in a sentence."""

    name: str
    feature: str
    scenario: str
    reason: str
    tags: tuple[str, ...] = ()
    typed: str = ""


@dataclass(frozen=True)
class RunResult:
    """One `drill run`: all its drills, and what they ran on. capabilities: each True, or a sentence why not.

    typed: the options that say what to run, as they were given: environment and subject (names, or paths seen from the
    folder where it ran), and trials when there were several. not_measured: drills that this world cannot do; the
    verdict is of the others.
    """

    run_id: str
    started_at: datetime
    finished_at: datetime
    versions: Mapping[str, str]
    environment: str
    profile: str
    subject: str
    capabilities: Mapping[str, bool | str]
    verdict: Verdict
    drills: tuple[DrillResult, ...]
    seed: int | None = None
    machine: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    not_measured: tuple[NotMeasured, ...] = ()

    @property
    def warnings(self) -> int:
        """Of all its drills."""
        return sum(drill.warnings for drill in self.drills)
