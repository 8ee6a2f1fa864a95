"""What a drill is told before it starts, and the limits that follow from its environment's constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from harness.drill.evidence import Objectives
from harness.drill.lifecycle import Limits
from harness.drill.settings import Settings
from harness.errors import InputError
from harness.kit.config import refuse_misfit
from harness.measurement.phases import STEPS
from harness.measurement.prediction import Conditions, Failure, predict, waits
from harness.measurement.prediction_interval import PredictedInterval, predict_interval
from harness.topology.environment import Environment, ProfileObjectives
from harness.topology.subject import SubjectTiming
from harness.topology.timing import Profile, Timing
from harness.units import to_ns, to_s
from harness.world.steering import law_of as edge_law_of
from harness.world.steering import milestones_of, phases_of

STEADY_FOR_S = 5.0
STEADY_TIMEOUT_S = 40.0
CANARY_TIMEOUT_S = 4.0
DATABASE = "database"
FAILURES: tuple[Failure, ...] = get_args(Failure)


@dataclass(frozen=True)
class DrillPlan:
    """One drill to run. number, of: its place among the drills of this run, for whoever watches.

    typed: what `drill run` takes to run it again. attempt: how often it has been begun, with this time.
    """

    name: str
    feature: str
    scenario: str
    tags: tuple[str, ...]
    settings: Settings
    number: int = 1
    of: int = 1
    typed: str = ""
    attempt: int = 1


def conditions_of(
    environment: Environment, timing: Timing, failure: Failure = "black-hole", subject: SubjectTiming | None = None
) -> Conditions:
    """What the recovery time of an environment is predicted from, in a profile: the law of its steering, and what the
    subject documents of itself. failure: how checks fail."""
    workload = environment.workload
    period_ns = round(to_ns(2 * workload.dns_clients / workload.rate_per_s))
    edge, steps = edge_law_of(environment, timing), phases_of(environment)
    if subject is None:
        return Conditions(edge, failure, workload.dns_clients, period_ns, steps=steps)
    return Conditions(
        edge,
        failure,
        workload.dns_clients,
        period_ns,
        monitor_period_ns=to_ns(timing.interval_s(subject.check_interval_s)),
        monitor_threshold=subject.failure_threshold,
        monitor_timeout_ns=to_ns(timing.timeout_s(subject.check_timeout_s)),
        lease_left_ns=to_ns(timing.interval_s(subject.lease_s)),
        edge_follows=subject.edge_follows and waits(edge),
        steps=steps,
    )


def refuse_impossible(objectives: Mapping[str, object]) -> None:
    """Raises InputError for objectives that no environment file could have."""
    for name, value in objectives.items():
        if value is None:
            continue
        try:
            refuse_misfit(ProfileObjectives, name, value)
        except ValueError as error:
            raise InputError(f"an objective of {name} = {value}: {error}") from None


def unanswered_ns(timeout_s: float) -> int:
    """After this long an operation without an answer counts as failed: twice its time-out."""
    return 2 * to_ns(timeout_s)


def window_s(environment: Environment, timing: Timing) -> float:
    """W: how long nothing may fail before a recovery counts as lasting.

    At least the time in which the edge could still change its mind (checks of a side that accepts and then hangs),
    plus the TTL: a recovery that is about to be undone by the edge shows within it.
    """
    edge = edge_law_of(environment, timing)
    return to_s(edge.detect_ns("silence", typical=False) + edge.ttl_ns)


@dataclass(frozen=True)
class Law:
    """What documented constants alone say about an environment: how long things take, by how checks fail.

    window_ns: W. typical_ns, bound_ns: recovery time by failure (refused, black-hole, silence). flips: the kinds of
    health transitions that tell when whatever steers traffic has noticed a loss. intervals: the bounds of the recovery
    and its phases, by failure; `database`: a lost database, of which a health path may tell at once or by its time-out.
    production: the same with the constants as documented, for a run whose profile has others. steps: the milestones
    between which a recovery's phases lie.
    """

    window_ns: int
    typical_ns: Mapping[str, int]
    bound_ns: Mapping[str, int]
    flips: tuple[str, ...] = ()
    profile: str = ""
    intervals: Mapping[str, PredictedInterval] = field(default_factory=dict)
    production: Mapping[str, PredictedInterval] = field(default_factory=dict)
    steps: tuple[str, ...] = STEPS


def intervals_of(
    environment: Environment, timing: Timing, subject: SubjectTiming | None = None
) -> Mapping[str, PredictedInterval]:
    """Between which bounds the documented constants of a profile put a recovery, by how checks fail."""
    ways: dict[str, tuple[Failure, Failure]] = {failure: (failure, failure) for failure in FAILURES}
    ways[DATABASE] = ("refused", "silence")
    write_period_ns = to_ns(environment.workload.other_period_s)
    return {
        name: predict_interval(
            conditions_of(environment, timing, quickest, subject),
            conditions_of(environment, timing, slowest, subject),
            write_period_ns,
        )
        for name, (quickest, slowest) in ways.items()
    }


def law_of(environment: Environment, timing: Timing, subject: SubjectTiming | None = None) -> Law:
    """The law of an environment's edge, and of a subject that documents any timing, in a profile."""
    predicted = {failure: predict(conditions_of(environment, timing, failure, subject)) for failure in FAILURES}
    return Law(
        window_ns=to_ns(window_s(environment, timing)),
        typical_ns={failure: prediction.typical_ns for failure, prediction in predicted.items()},
        bound_ns={failure: prediction.bound_ns for failure, prediction in predicted.items()},
        flips=tuple(milestone.kind for milestone in milestones_of(environment)),
        steps=tuple(phases_of(environment)),
        profile=timing.profile.value,
        intervals=intervals_of(environment, timing, subject),
        production=(
            {}
            if timing.profile is Profile.PRODUCTION
            else intervals_of(environment, Timing(Profile.PRODUCTION), subject)
        ),
    )


def limits_of(environment: Environment, timing: Timing, objectives: Objectives) -> Limits:
    """How long each wait may take."""
    window_ns = law_of(environment, timing).window_ns
    promised = environment.objectives_of(timing.profile)
    objective_s = objectives.rto_s if objectives.rto_s is not None else promised.rto_s
    failback_s = promised.failback_s if promised.failback_s is not None else 3 * promised.rto_s
    return Limits(
        steady_for_ns=to_ns(STEADY_FOR_S),
        steady_timeout_ns=to_ns(max(STEADY_TIMEOUT_S, 2 * failback_s * timing.scale)),
        canary_timeout_ns=to_ns(CANARY_TIMEOUT_S),
        objective_ns=to_ns(objective_s),
        window_ns=window_ns,
        settle_ns=to_ns(2.0),
        failback_timeout_ns=to_ns(failback_s),
    )


def objectives_of(
    environment: Environment, timing: Timing, settings: Settings, stated: Objectives | None = None
) -> Objectives:
    """What is promised: `--set objective...` over what the scenario states over the environment's defaults."""
    promised = environment.objectives_of(timing.profile)
    base = stated or Objectives(
        promised.rto_s, promised.rpo_items, promised.rpo_s, promised.error_budget, promised.planned_interruption_s
    )
    overrides = {
        name: value
        for name in ("rto_s", "rpo_items", "rpo_s", "error_budget", "planned_interruption_s")
        if (value := getattr(settings, name)) is not None
    }
    return replace(base, **overrides)
