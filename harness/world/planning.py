"""How a fault is brought about in a world."""

from __future__ import annotations

from collections.abc import Sequence

from harness.faults.model import Fault, Plan, ProcessRef
from harness.world.part import Net


def plan_of(net: Net, fault: Fault, processes: Sequence[ProcessRef]) -> Plan:
    """In its own way, where a part has one, else on links and processes.

    Raises NotMeasurable where nobody can, InputError where there is nothing for it to hit.
    """
    own = (part.plan(fault) for part in net.parts)
    found = next((plan for plan in own if plan is not None), None)
    return found or fault.plan([arrow.link for arrow in net.arrows], processes)
