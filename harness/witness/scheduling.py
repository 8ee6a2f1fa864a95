"""Makes the witness's process punctual: a real-time class where it is allowed, and no surprise garbage collections.

A witness that is late sees outages late. It sleeps nearly all of the time, so running first costs the others
little; two guards keep a mistake from starving the machine: the kernel's own limit (sched_rt_runtime_us: 95 %), and
RLIMIT_RTTIME, after which the process falls back to the normal class.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

if sys.platform != "win32":
    import resource

log = logging.getLogger(__name__)

_NICE = -15
_BUSY_LIMIT_US = 500_000
"""Real-time CPU without once going to sleep: five hundred times what a busy tick of ours takes."""


def become_punctual() -> str:
    """Take the best scheduling class that this process may have. Returns its name: fifo | nice | none.

    Children do not inherit it.
    """
    if sys.platform == "linux":
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        except PermissionError:
            log.info("no permission for the real-time scheduling class")
        else:
            _guard()
            return "fifo"
    try:
        os.nice(_NICE)
    except (OSError, AttributeError):
        return "none"
    return "nice"


def _guard() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
    soft = _BUSY_LIMIT_US if hard == resource.RLIM_INFINITY else min(_BUSY_LIMIT_US, hard)
    signal.signal(signal.SIGXCPU, _step_back)
    resource.setrlimit(resource.RLIMIT_RTTIME, (soft, hard))


def _leave_realtime() -> None:
    # The flag stays: taking it off needs a privilege that entering the class need not have needed.
    os.sched_setscheduler(0, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))


def _step_back(signum: int, frame: FrameType | None) -> None:
    _leave_realtime()
    log.warning("used %d ms of CPU without sleeping: back to the normal scheduling class", _BUSY_LIMIT_US // 1000)


@contextmanager
def normal_class() -> Iterator[None]:
    """Leave the real-time class for as long as the block runs: work that loads the machine must not come first."""
    if current() != "fifo":
        yield
        return
    _leave_realtime()
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def current() -> str:
    """The class the process has now: fifo | nice | none."""
    if sys.platform == "linux" and os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO:
        return "fifo"
    return "nice" if sys.platform != "win32" and os.getpriority(os.PRIO_PROCESS, 0) < 0 else "none"


def tame_garbage_collection() -> None:
    """Leave what was imported out of every collection, and collect only when `collect_when_idle` says so."""
    gc.collect()
    gc.freeze()
    gc.disable()


def collect_when_idle(idle_s: float) -> None:
    """Collect the young generations when nothing is due for `idle_s` seconds and that is time enough."""
    if idle_s > 0.002:
        gc.collect(1)
