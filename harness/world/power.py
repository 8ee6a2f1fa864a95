"""The adversary's hand on a region server's process: off as without power, on again with what it has stored."""

from __future__ import annotations

from collections.abc import Callable

from harness.faults.actions import Action, SwitchOffDatabase, SwitchOnDatabase
from harness.world.region_hand import RegionHand


class PowerHand(RegionHand):
    """Acts on one region's server; what it did not switch off it does not start."""

    actions = (SwitchOffDatabase, SwitchOnDatabase)

    def __init__(self, region: str, off: Callable[[], None], on: Callable[[], None]) -> None:
        super().__init__(region)
        self._off = off
        self._on = on
        self._is_off = False

    def _do(self, action: Action) -> str | None:
        if isinstance(action, SwitchOffDatabase):
            self._is_off = True  # before, so that one that was interrupted is started again
            self._off()
        elif self._is_off:
            self._on()
            self._is_off = False
        else:
            return f"{self._region} is not switched off"
        return None
