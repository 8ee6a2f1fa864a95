"""What the adversary's hands on one region's database share: whose actions they take, and how each is timed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.faults.actions import Action, DatabaseAction
from harness.faults.hand import Applied


class RegionHand:
    """Acts on one region past every link. actions: the kinds that it takes."""

    actions: ClassVar[tuple[type, ...]]

    def __init__(self, region: str) -> None:
        self._region = region

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return (
            isinstance(action, DatabaseAction) and isinstance(action, self.actions) and action.database == self._region
        )

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return [self._timed(action) for action in actions]

    def _timed(self, action: Action) -> Applied:
        start_ns = monotonic_ns()
        try:
            nothing = self._do(action)
        except WorldError as error:
            missing = self._is_missing(action, error)
            return Applied(action, start_ns, monotonic_ns(), f"{self._region}: {error}", missing)
        return Applied(action, start_ns, monotonic_ns(), nothing, missing=nothing is not None)

    @abstractmethod
    def _do(self, action: Action) -> str | None:
        """Carry one out; why there was nothing to do, if so. Raises WorldError when it failed."""

    def _is_missing(self, action: Action, error: WorldError) -> bool:
        """Whether a failure says that nothing is there to undo."""
        return False
