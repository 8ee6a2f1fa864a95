"""What third parties were told in a drill: their own calls, what they were due, and whether faults on them met any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from harness.drill.case import Case, CaseFault
from harness.faults.catalogue import FAULTS
from harness.faults.party_fault import PartyFault
from harness.faults.third_party_outage import ThirdPartyOutage
from harness.faults.third_party_slow import ThirdPartySlow
from harness.history.business import BusinessChange
from harness.history.columns import Columns
from harness.history.events import Event
from harness.history.parties import PartyCall
from harness.measurement.models import FaultInterval
from harness.measurement.parties import Due
from harness.outcome import Outcome

OF_PARTIES = frozenset(
    kind for kind, fault in FAULTS.items() if issubclass(fault, PartyFault | ThirdPartyOutage | ThirdPartySlow)
)
"""Kinds of faults that are aimed at a third party."""


class PartyMeasures:
    """context: of the history, what is neither operations nor probes."""

    def __init__(self, case: Case, context: Sequence[Event], operations: Columns, end_ns: int) -> None:
        self._case = case
        self._context = context
        self._operations = operations
        self.end_ns = end_ns

    @cached_property
    def _calls(self) -> dict[str, list[PartyCall]]:
        found: dict[str, list[PartyCall]] = {}
        for event in self._context:
            if isinstance(event, PartyCall):
                key = event.key.removeprefix(f"{event.system}:")
                found.setdefault(event.system, []).append(replace(event, key=key))
        return found

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """Those that were told anything, by name."""
        return tuple(sorted(self._calls))

    def calls(self, system: str) -> Sequence[PartyCall]:
        """What one system was told, in order. Who names a record by the whole effect, `erp:1001`, means the same."""
        return self._calls.get(system, ())

    def effects(self, system: str, until_ns: int | None = None) -> list[Due]:
        """What it is due of a business that goes on elsewhere: the effects `SYSTEM:KEY` of what happened by then."""
        begins = f"{system}:"
        first: dict[str, Due] = {}
        for event in self._context:
            if isinstance(event, BusinessChange) and (until_ns is None or event.mono_ns <= until_ns):
                for effect in event.effects:
                    if effect.startswith(begins):
                        key = effect.removeprefix(begins)
                        first.setdefault(key, Due(key, event.mono_ns))
        return list(first.values())

    def writes(self, until_ns: int | None = None) -> list[Due]:
        """What it is due of what clients wrote: every put that was acknowledged by then, with its value."""
        return [
            Due(one.invoke.k, one.returned_ns, one.invoke.v, one.sent_ns)
            for one in self._operations
            if one.invoke.f == "put" and one.outcome is Outcome.OK and one.returned_ns is not None
            and (until_ns is None or one.returned_ns <= until_ns)
        ]  # fmt: skip

    def troubles(self, system: str) -> Sequence[FaultInterval]:
        """When faults on it held that its callers met at the system itself: not those that no call came through."""
        return [
            fault.interval for fault in self._case.faults
            if fault.applied and fault.target == system and fault.kind in OF_PARTIES - {ThirdPartyOutage.kind}
        ]  # fmt: skip

    def unmet(self, index: int) -> str | None:
        """Why a fault on a third party shows nothing, in words: nobody called it. None: it was met, or is none."""
        fault = self._case.faults[index]
        if not fault.applied or fault.kind not in OF_PARTIES or self._is_met(fault):
            return None
        return f"no call met the {fault.kind} of {fault.target}: nobody told that system anything while it held"

    def _is_met(self, fault: CaseFault) -> bool:
        interval, calls = fault.interval, self.calls(fault.target)
        stop_ns = self.end_ns if interval.stop_low_ns is None else interval.stop_low_ns
        if any(interval.start_high_ns <= call.mono_ns <= stop_ns for call in calls):
            return True
        if fault.kind != ThirdPartyOutage.kind:
            return False
        # Calls that are lost on the way are seen by nobody: it was met where something came due, or where calls went
        # on before and after it no further apart than it lasted.
        if any(interval.start_high_ns <= due.at_ns <= stop_ns for due in self.effects(fault.target)):
            return True
        lasted_ns = stop_ns - interval.start_high_ns
        before = any(interval.start_low_ns - lasted_ns <= call.mono_ns < interval.start_low_ns for call in calls)
        return before and any(call.mono_ns > stop_ns for call in calls)
