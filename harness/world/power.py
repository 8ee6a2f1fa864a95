"""The adversary's hand on a region server's process: off as without power, on again with what it has stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.faults.actions import Action, SwitchOffDatabase, SwitchOnDatabase
from harness.faults.hand import Applied


class PowerHand:
    """Acts on one region's server; what it did not switch off it does not start."""

    def __init__(self, region: str, off: Callable[[], None], on: Callable[[], None]) -> None:
        self._region = region
        self._off = off
        self._on = on
        self._is_off = False

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, SwitchOffDatabase | SwitchOnDatabase) and action.database == self._region

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return [self._timed(action) for action in actions]

    def _timed(self, action: Action) -> Applied:
        start_ns = monotonic_ns()
        try:
            if isinstance(action, SwitchOffDatabase):
                self._is_off = True  # before, so that one that was interrupted is started again
                self._off()
            elif self._is_off:
                self._on()
                self._is_off = False
            else:
                return Applied(action, start_ns, monotonic_ns(), f"{self._region} is not switched off", missing=True)
        except WorldError as error:
            return Applied(action, start_ns, monotonic_ns(), f"{self._region}: {error}")
        return Applied(action, start_ns, monotonic_ns())
