"""What every table is printed beside: the machine, the time stolen from it, and how late a bare timer is on it."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path


def machine() -> str:
    """One line about this machine."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or "unknown processor",
    )
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def steal_s() -> float:
    """Seconds that the hypervisor has taken from this machine since its start; 0 where nothing tells."""
    first = next(iter(_lines("/proc/stat")), "")
    fields = first.split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK") if len(fields) > 8 else 0.0


def bare_timer_p999_ms(seconds: float = 2.0, period_s: float = 0.005) -> float:
    """p99.9 of how late `time.sleep` wakes up, in milliseconds."""
    late = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        due = time.monotonic() + period_s
        time.sleep(period_s)
        late.append(time.monotonic() - due)
    late.sort()
    return 1000 * late[min(len(late) - 1, round(0.999 * len(late)))]


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
