"""What faults of processes share: finding their target, and the canary that watches a process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.errors import InputError
from harness.faults.actions import ProcessAction
from harness.faults.model import CanaryExpectation, Plan, ProcessRef, process_canary
from harness.measurement.canary import Fails


def plan_for(
    kind: str, target: str, mode: str, processes: Sequence[ProcessRef], action: Callable[[str], ProcessAction]
) -> Plan:
    """Do `action` to the instance `target`, or to every instance of the component `target`; several with commas.

    Raises InputError, listing the instances, when there is none.
    """
    hit = [p.instance for p in processes if names(target, p.instance) or (p.pod_of and names(target, p.pod_of))]
    if not hit:
        known = ", ".join(sorted(process.instance for process in processes)) or "none"
        raise InputError(f"{kind} {target}: no such process; there are {known}")
    watched = CanaryExpectation(tuple(process_canary(instance) for instance in hit), Fails())
    return Plan(kind, target, mode, tuple(action(instance) for instance in hit), watched)


def names(target: str, instance: str) -> bool:
    """Whether a target, an instance or a component or several of them with commas between, means this instance."""
    return not {instance, instance.partition(".")[0]}.isdisjoint(target.split(","))
