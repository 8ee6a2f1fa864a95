"""What this machine is kept busy with while clients are at work, where it carries several worlds."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from harness.drill.crowding import BUSY, SHARING

_IDLE = ("idle", "iowait")


class Sharing:
    """worlds: how many there are; nothing is told of one that is alone."""

    def __init__(self, worlds: int) -> None:
        self._worlds = worlds
        self._began: tuple[float, float] | None = None
        self._busy: float | None = None

    def begin(self) -> None:
        """Clients go to work."""
        self._began, self._busy = _times(), None

    def end(self) -> None:
        """They have stopped; once is enough."""
        if self._began is None:
            return
        (busy, all_of_it), (busy_before, all_before) = _times(), self._began
        self._began = None
        self._busy = (busy - busy_before) / max(all_of_it - all_before, 1e-9)

    def told(self) -> Mapping[str, float]:
        """For the calibration of a case."""
        if self._worlds <= 1:
            return {}
        return {SHARING: float(self._worlds)} | ({} if self._busy is None else {BUSY: self._busy})


def _times() -> tuple[float, float]:
    """Seconds of all processors since the machine's start: busy ones, and all."""
    found = psutil.cpu_times()._asdict()
    everything = sum(seconds for name, seconds in found.items() if not name.startswith("guest"))  # is in `user`, too
    return everything - sum(found.get(name, 0.0) for name in _IDLE), everything
