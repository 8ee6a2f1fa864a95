"""Records what clients see until the time is up or Ctrl-C, with a live view; and says what outages there were."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli.watched_world import Watched
from harness.clock import monotonic_ns
from harness.drill.evidence import DrillResult, Objectives
from harness.drill.lifecycle import State
from harness.drill.observation import Observation
from harness.drill.options import RunOptions
from harness.drill.plan import DrillPlan
from harness.drill.progress import LiveStatus, PhaseProgress
from harness.drill.record import opening
from harness.drill.status import live_status
from harness.drill.watching import FEATURE, NAME
from harness.errors import WorldError
from harness.history.events import Event
from harness.processes.interruption import SIGNALS, heard
from harness.reporting import glossary, wording
from harness.reporting.live_view import LiveView
from harness.units import to_s

_POLL_S = 0.05
_LOOK_EVERY_S = 1.0
_OUTAGES_SHOWN = 20


@dataclass(frozen=True)
class Recorded:
    """A recording: its events. logs: beside the evidence. ended: sentences on what ended by itself meanwhile.

    started_ns, started_at: when it began, on both clocks.
    """

    events: Sequence[Event]
    logs: Sequence[str]
    ended: Sequence[str]
    started_ns: int
    started_at: datetime


class _Ending:
    """The first Ctrl-C, SIGTERM or SIGHUP ends the recording between two events; the next one does what it ever did."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Ending:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._take)
        return self

    def _take(self, number: int, frame: FrameType | None) -> None:
        heard(number)
        before = self._before[number]
        if self.asked and callable(before):
            before(number, frame)
        self.asked = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


class _Watch:
    """The history while it grows, and what can be said of it."""

    def __init__(self, clients: Watched, options: RunOptions, seconds: float | None) -> None:
        environment, timing = options.environment, options.timing
        plan = DrillPlan(NAME, FEATURE, "Watch", (), options.settings)
        self._record = opening(plan, Path(), environment, timing, Objectives(), clients.edges)
        case = self._record.case
        self.observation = Observation(case.addresses, case.primary, case.standby)
        self._clients = clients
        self._seconds = seconds
        self.started_ns = monotonic_ns()
        self._looked_s = float("-inf")
        self._broken: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self._seconds is not None and to_s(monotonic_ns() - self.started_ns) >= self._seconds

    def status(self) -> LiveStatus:
        """For the live view."""
        now_ns = monotonic_ns()
        if time.monotonic() - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = time.monotonic()
            self._broken = tuple(self._clients.broken())
        elapsed_s = to_s(now_ns - self.started_ns)
        whole = "until Ctrl-C" if self._seconds is None else f"of {self._seconds:g} s"
        status = live_status(self._record, self.observation, State(self._record.case.limits), self.started_ns, now_ns)
        phases = (PhaseProgress(f"recording {whole}", "current", elapsed_s),)
        return replace(status, phases=phases, broken=self._broken, outage_s=None, recovered=False, objective_s=None)


def record(clients: Watched, options: RunOptions, seconds: float | None, console: Console) -> Recorded:
    """Take events in until the time is up, the first Ctrl-C, or the end of the world that is watched."""
    started_at, watch = datetime.now().astimezone(), _Watch(clients, options, seconds)
    with _Ending() as ending, LiveView(console) as view:
        while not (ending.asked or watch.over) and clients.up:
            watch.observation.take(clients.poll())
            view.update(watch.status())
            time.sleep(_POLL_S)
        ended = list(clients.ended())
        logs: Sequence[str] = ()
        try:
            last, logs = clients.finish()
        except WorldError as error:  # what was seen until then is evidence all the same
            last = clients.poll()
            ended.append(f"the clients could not be drained: {error}")
        watch.observation.take(last)
    return Recorded(watch.observation.events, logs, ended, watch.started_ns, started_at)


def show_outages(result: DrillResult, recorded: Recorded, console: Console) -> None:
    """A table of all outages, those of clients that were never served among them, each with its time of day."""
    if not result.outages:
        return
    table = Table("clients that", "without service for", "since the start", "at", box=None, pad_edge=False)
    table.padding = (0, 2, 0, 0)
    for outage in result.outages[:_OUTAGES_SHOWN]:
        since_s = to_s(max(0, outage.first_bad_ns - recorded.started_ns))
        at = recorded.started_at + timedelta(seconds=since_s)
        who = glossary.cohort(outage.cohort, result.places)
        table.add_row(who, wording.bracket(outage.duration), f"{since_s:.1f} s", f"{at:%H:%M:%S}")
    console.print()
    console.print(table)
    left = len(result.outages) - _OUTAGES_SHOWN
    if left > 0:
        console.print(Text(f"and {left} more in the report", style="dim"))
