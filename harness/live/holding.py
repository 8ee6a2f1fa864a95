"""A fault that holds in the live world, with its events for the history."""

from __future__ import annotations

from collections.abc import Callable

from harness.faults.model import CanaryExpectation, Plan
from harness.history.events import Event, FaultEvent
from harness.live.adversary import Adversary, Injection


class HeldFault:
    """See harness.drill.backend.ActiveFault."""

    def __init__(self, plan: Plan, injection: Injection, tell: Callable[[Event], None]) -> None:
        self._plan = plan
        self._injection = injection
        self._tell = tell
        self.started: FaultEvent = injection.started
        self.stopped: FaultEvent | None = None

    @classmethod
    def apply(cls, adversary: Adversary, plan: Plan, tell: Callable[[Event], None]) -> HeldFault:
        """Apply a plan. Raises LinkError after undoing what had been applied."""
        held = cls(plan, adversary.inject(plan), tell)
        tell(held.started)
        return held

    @property
    def canary(self) -> CanaryExpectation:
        """What the witness must see while it holds."""
        return self._plan.canary

    def heal(self) -> None:
        """Undo it, once. Raises HealError."""
        if self.stopped is None:
            self._injection.heal()
            self.stopped = self._injection.stopped
            if self.stopped is not None:
                self._tell(self.stopped)
