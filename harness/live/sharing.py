"""What this machine is kept busy with while clients are at work, and how much of that by programs that are not ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.drill.crowding import BUSY, OTHERS, SHARING

_IDLE = ("idle", "iowait")
_GIVES_WAY = "nice"
_BY_SESSION = Path("/proc/sys/kernel/sched_autogroup_enabled")
"""Linux then shares the processors among sessions first, and looks at a process's own priority within its session alone
(man 7 sched, "The autogroup feature"), so that a program of a lower priority in another session does not give way."""


@dataclass(frozen=True)
class Spent:
    """Seconds of all processors since the machine's start: all of them, busy ones, those of programs that do not give
    way to others (of a lower priority), and those of this process and what it started."""

    all_s: float
    busy_s: float
    pressing_s: float
    ours_s: float


class Sharing:
    """worlds: how many there are."""

    def __init__(self, worlds: int) -> None:
        self._worlds = worlds
        self._began: Spent | None = None
        self._told: Mapping[str, float] = {}

    def begin(self) -> None:
        """Clients go to work."""
        self._began, self._told = spent(), {}

    def end(self) -> None:
        """They have stopped; once is enough."""
        if self._began is None:
            return
        before, now, self._began = self._began, spent(), None
        of_all_s = max(now.all_s - before.all_s, 1e-9)
        ours_s, pressing_s = now.ours_s - before.ours_s, now.pressing_s - before.pressing_s
        busy, others = (now.busy_s - before.busy_s) / of_all_s, (pressing_s - ours_s) / of_all_s
        self._told = {BUSY: min(max(busy, 0.0), 1.0), OTHERS: min(max(others, 0.0), 1.0)}

    def told(self) -> Mapping[str, float]:
        """For the calibration of a case."""
        return {**({SHARING: float(self._worlds)} if self._worlds > 1 else {}), **self._told}


def spent() -> Spent:
    """Until now."""
    found = psutil.cpu_times()._asdict()
    everything = sum(seconds for name, seconds in found.items() if not name.startswith("guest"))  # is in `user`, too
    busy = everything - sum(found.get(name, 0.0) for name in _IDLE)
    gave_way = 0.0 if _shared_by_session() else found.get(_GIVES_WAY, 0.0)
    return Spent(everything, busy, busy - gave_way, _ours_s())


def _shared_by_session() -> bool:
    try:
        return _BY_SESSION.read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False


def _ours_s() -> float:
    """Those that have ended are in what their parents know of their children."""
    here, total = psutil.Process(), 0.0
    for process in (here, *here.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])  # user, system, and both of children that were waited for
        except psutil.NoSuchProcess:
            continue
    return total
