"""How long containers may take to start by their probes, how long they took, and what to say of it. Pure.

A container that has not answered yet is ended by its startup probe, or, without one, by its liveness probe. Probes are
scaled with the profile as all durations are, and programs start as fast as they start: what is patience enough by the
manifest can be a crash loop in the fast profile.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.parts.platform.kubernetes import plan
from harness.parts.platform.kubernetes.machines.probe import ProbeKind
from harness.parts.platform.kubernetes.machines.start import decisive
from harness.parts.platform.kubernetes.manifests.gathering import Gathered
from harness.parts.platform.kubernetes.manifests.model import Container, Probe
from harness.parts.platform.kubernetes.manifests.service_rules import Doubt
from harness.topology.timing import Timing
from harness.units import NS_PER_S
from harness.world.diagnosis import Diagnosis, State

SHORT_S = 3.0
"""Seconds of this machine: an interpreter with a few libraries, several at once, needs up to that."""
LOOK_NS = NS_PER_S // 20
_PATIENCE = 1_000_000
_OFFER_S = 60
_TENS_S = 10
_MARGIN = 2.0
"""A start that takes more than this share's inverse of what it may is close."""

Key = tuple[str, str]
"""Workload and container."""


@dataclass(frozen=True)
class Budget:
    """How long a container may take until its probe must have succeeded. documented_s: as the manifest has it;
    profile_s: in the profile."""

    workload: str
    container: str
    kind: ProbeKind
    probe: Probe
    documented_s: int
    profile_s: float

    @property
    def told(self) -> str:
        """Which probe gives how long, and how that comes."""
        probe = self.probe
        numbers = f"periodSeconds {probe.period_s}, failureThreshold {probe.failure_threshold}"
        delay = f"initialDelaySeconds {probe.initial_delay_s}, " if probe.initial_delay_s else ""
        return f"its {self.kind} probe gives it {self.short} ({delay}{numbers})"

    @property
    def short(self) -> str:
        """The same without how that comes."""
        scaled = "" if self.profile_s == self.documented_s else f", {self.profile_s:g} s in the fast profile"
        return f"{self.documented_s} s{scaled}"


def budgets(gathered: Mapping[str, Gathered], timing: Timing) -> dict[Key, Budget]:
    """Of every container that has one; where places differ, the shortest."""
    found: dict[Key, Budget] = {}
    for place in gathered.values():
        for workload in place.manifests.workloads:
            for container in workload.template.containers:
                budget = _budget(workload.name, container, timing)
                known = found.get((workload.name, container.name))
                if budget is not None and (known is None or budget.profile_s < known.profile_s):
                    found[workload.name, container.name] = budget
    return found


def _budget(workload: str, container: Container, timing: Timing) -> Budget | None:
    kind = decisive(container.startup, container.liveness)
    if kind is None:
        return None
    probe = container.probes[kind]
    documented_s = probe.initial_delay_s + (probe.failure_threshold - 1) * probe.period_s
    return Budget(workload, container.name, kind, probe, documented_s, timing.interval_s(documented_s))


def doubts(gathered: Mapping[str, Gathered], timing: Timing) -> Iterator[Doubt]:
    """Probes that give less to start, once they are scaled, than ordinary programs need."""
    for budget in budgets(gathered, timing).values():
        if timing.scale < 1 and budget.profile_s < SHORT_S:
            text = f"{budget.container} must answer soon: {budget.told}, and programs start no faster there"
            how = "`drill doctor --check-subject` measures how long it takes"
            yield Doubt(budget.probe.at, text, f"{how}; {remedy(budget, None, timing)}")


def remedy(budget: Budget, took_s: float | None, timing: Timing) -> str:
    """What to change. took_s: how long it takes, where that is known."""
    needed_s = _OFFER_S
    if took_s is not None:
        needed_s = max(_OFFER_S, math.ceil(_MARGIN * took_s / timing.scale / _TENS_S) * _TENS_S)
    text = f"a startupProbe with periodSeconds 1 and failureThreshold {needed_s} gives it {needed_s} s"
    if timing.scale == 1:
        return text
    return f"{text}, {timing.interval_s(needed_s):g} s here; or use `--profile production`"


# --- how it went -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Observed:
    """The starts of one container in all pods. took_s: the longest until an answer, None: there was none."""

    took_s: float | None
    unanswered: int


def observed(pods: Sequence[Mapping[str, Any]]) -> dict[Key, Observed]:
    """Of all pods, as the cluster tells of them."""
    found: dict[Key, Observed] = {}
    for pod in pods:
        for container, told in pod["starts"].items():
            key = (pod["workload"], container)
            known = found.get(key, Observed(None, 0))
            both = [took for took in (told["took_s"], known.took_s) if took is not None]
            found[key] = Observed(max(both, default=None), known.unanswered + told["unanswered"])
    return found


def left_alone(whole: plan.Plan) -> plan.Plan:
    """The same pods with nothing that ends them: what ends them otherwise is asked until it succeeds."""
    workloads = tuple(
        one.model_copy(update={"containers": tuple(map(_patient, one.containers))}) for one in whole.workloads
    )
    return whole.model_copy(update={"workloads": workloads})


def _patient(container: plan.Container) -> plan.Container:
    probe = container.startup or container.liveness
    if probe is not None:
        patient = {"initial_delay_ns": 0, "period_ns": LOOK_NS, "failure_threshold": _PATIENCE}
        probe = probe.model_copy(update=patient)
    return container.model_copy(update={"startup": probe, "liveness": None, "readiness": None})


def judged(
    found: Mapping[Key, Budget], seen: Mapping[Key, Observed], alone: Mapping[Key, Observed] | None, timing: Timing
) -> Iterator[Diagnosis]:
    """How every start went, against what it may take. alone: when nothing ended them, where that was tried."""
    for key, budget in found.items():
        start = seen.get(key, Observed(None, 0))
        took_s = start.took_s
        if alone is not None and key in alone:
            took_s = alone[key].took_s
        what = f"start of {budget.workload}"
        if start.unanswered:
            took = "nor does it when left alone" if took_s is None else f"which takes {took_s:.1f} s when left alone"
            ended = f"is ended by its {budget.kind} probe before it answers ({_times(start.unanswered)})"
            text = f"{budget.container} {ended}, {took}; it has {budget.short}"
            yield Diagnosis(what, State.FAIL, text, _hint(budget, took_s, timing))
        elif took_s is None:
            yield Diagnosis(what, State.WARN, f"{budget.container} has not answered yet; {budget.told}")
        else:
            close = took_s * _MARGIN > budget.profile_s
            text = f"{budget.container} answered after {took_s:.1f} s; {budget.told}"
            hint = f"that is close: {remedy(budget, took_s, timing)}" if close else ""
            yield Diagnosis(what, State.WARN if close else State.OK, text, hint)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _hint(budget: Budget, took_s: float | None, timing: Timing) -> str:
    if took_s is None:
        return f"what the {budget.kind} probe asks does not succeed, however long it is waited for: see its output"
    if took_s * _MARGIN < budget.profile_s:
        return "left alone it is in time, so something else held it up; a busy machine is one reason"
    return remedy(budget, took_s, timing)
