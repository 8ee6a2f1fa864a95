"""Shows a running drill: a panel that redraws itself on a terminal, plain lines everywhere else.

The drill calls `update` as often as it likes; nothing here decides or waits for anything.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.drill.progress import LiveStatus, PhaseProgress, RegionService
from harness.reporting.wording import one_line

HEARTBEAT_S = 10.0
REDRAW_S = 0.1
EVENTS_SHOWN = 4
_PHASE_MARK = {"done": ("✓", "green"), "current": ("▸", "bold cyan"), "to come": ("·", "dim")}


class LiveView:
    """The progress of drills, one after the other.

    console: where to draw; by default standard output. Under pytest give one whose file is the real terminal, since
    pytest captures standard output. clock: seconds, for the heartbeat and the redraw rate only.

    Use it as a context manager, or call start() and stop(); stop() may be called twice, restores the terminal, and
    is also run when the interpreter exits. update() may be called from any thread, also before start() and after
    stop(), where it does nothing.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console or Console(highlight=False)
        self._clock = clock
        self._lock = threading.Lock()
        self._live: Live | None = None
        self._plain: _PlainLines | None = None
        self._last: LiveStatus | None = None
        self._drawn_s = float("-inf")

    def start(self) -> None:
        """Take over the terminal, or start printing lines when there is none."""
        with self._lock:
            if self._live is not None or self._plain is not None:
                return
            if self._console.is_terminal and not self._console.is_dumb_terminal:
                # Redrawn by update(): a refresh thread of rich's own would wake up beside the witness.
                self._live = Live(console=self._console, auto_refresh=False, transient=True)
                self._live.start()
                atexit.register(self.stop)
            else:
                self._plain = _PlainLines(self._console, self._clock)

    def update(self, status: LiveStatus) -> None:
        """Show a newer status. Redraws at most ten times a second; a change of phase or of drill is always shown."""
        with self._lock:
            now_s = self._clock()
            if self._plain is not None:
                self._plain.update(status, now_s)
            elif self._live is not None:
                if now_s - self._drawn_s >= REDRAW_S or _step(status) != _step(self._last):
                    self._live.update(panel(status), refresh=True)
                    self._drawn_s = now_s
                self._last = status

    def stop(self) -> None:
        """Give the terminal back, cursor included."""
        with self._lock:
            live, self._live, self._plain = self._live, None, None
            if live is not None:
                atexit.unregister(self.stop)
                live.stop()

    def __enter__(self) -> LiveView:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _step(status: LiveStatus | None) -> tuple[str, str] | None:
    if status is None:
        return None
    return status.drill, status.current.name if status.current else ""


class _PlainLines:
    """One line per drill, per change of phase, per new notable event (which tells its own time), and a heartbeat."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._step: tuple[str, str] | None = None
        self._drill = ""
        self._events: tuple[str, ...] = ()
        self._said_s = clock()

    def update(self, status: LiveStatus, now_s: float) -> None:
        if status.drill != self._drill:
            self._drill = status.drill
            count = f" ({status.number} of {status.of})" if status.of > 1 else ""
            self._print(f"{one_line(status.drill, 60)}{count}", now_s)
        fresh = _fresh(self._events, status.events)
        self._events = status.events
        for event in fresh:
            self._print(f"  {one_line(event, 400)}", now_s)
        if _step(status) != self._step:
            self._step = _step(status)
            if status.current:
                self._say(status, f"-- {status.current.name}", now_s)
        elif now_s - self._said_s >= HEARTBEAT_S:
            self._say(status, heartbeat(status), now_s)

    def _say(self, status: LiveStatus, text: str, now_s: float) -> None:
        self._print(f"  {status.elapsed_s:6.1f} s  {one_line(text, 400)}", now_s)

    def _print(self, line: str, now_s: float) -> None:
        self._said_s = now_s
        self._console.print(Text(line), soft_wrap=True)


def _fresh(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    """The events at the end of `after` that `before` did not have; both are the last few of one growing list."""
    for overlap in range(min(len(before), len(after)), -1, -1):
        if before[len(before) - overlap :] == after[:overlap]:
            return after[overlap:]
    raise AssertionError("an overlap of nothing always fits")


def heartbeat(status: LiveStatus) -> str:
    """The state in one line."""
    parts = [f"{status.current.name}" if status.current else "waiting"]
    parts += [f"{region.label} {region.ok}/{region.total}" for region in status.regions]
    parts += [f"DNS {status.dns_answer}"] if status.dns_answer else []
    parts += [_outage_text(status)] if status.outage_s is not None else []
    parts.append(f"{status.acked_writes} writes acknowledged")
    return ", ".join(parts)


def _outage_text(status: LiveStatus) -> str:
    state = "recovered after" if status.recovered else "down for"
    goal = "" if status.objective_s is None else f", {status.objective_s:g} s allowed"
    return f"{state} {status.outage_s or 0.0:.1f} s{goal}"


def panel(status: LiveStatus) -> RenderableType:
    """The whole view; readable from 60 columns up."""
    body: list[RenderableType] = [_phases(status.phases)]
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(ratio=1, overflow="fold")
    facts.add_row("broken now", _broken(status))
    for region in status.regions:
        facts.add_row(one_line(region.label, 20), _bar(region))
    facts.add_row("DNS answer", Text(one_line(status.dns_answer, 80) or "not known yet"))
    if status.outage_s is not None:
        facts.add_row("outage", _outage(status))
    facts.add_row("acknowledged", Text(f"{status.acked_writes} writes"))
    body.append(facts)
    body += [Text(one_line(event, 200), style="dim", overflow="ellipsis", no_wrap=True) for event in _last(status)]
    count = f" ({status.number} of {status.of})" if status.of > 1 else ""
    title = Text(f"{one_line(status.drill, 50)}{count}", style="bold")
    return Panel(Group(*body), title=title, title_align="left", subtitle=f"{status.elapsed_s:.0f} s", padding=(0, 1))


def _last(status: LiveStatus) -> tuple[str, ...]:
    return status.events[-EVENTS_SHOWN:]


def _phases(phases: tuple[PhaseProgress, ...]) -> Text:
    line = Text()
    for phase in phases:
        mark, style = _PHASE_MARK[phase.state]
        elapsed = "" if phase.elapsed_s is None else f"\N{NO-BREAK SPACE}{phase.elapsed_s:.1f}\N{NO-BREAK SPACE}s"
        name = one_line(phase.name, 30).replace(" ", "\N{NO-BREAK SPACE}")
        line.append(f"{mark}\N{NO-BREAK SPACE}{name}{elapsed}", style=style).append("  ")
    return line


def _broken(status: LiveStatus) -> Text:
    if not status.broken:
        return Text("nothing")
    return Text(", ".join(one_line(item, 80) for item in status.broken), style="bold red")


def _bar(region: RegionService) -> RenderableType:
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=24)
    row.add_column(no_wrap=True)
    share = region.ok / region.total if region.total else 0.0
    style = "green" if share >= 0.99 else "yellow" if share >= 0.5 else "red"
    bar = ProgressBar(total=max(region.total, 1), completed=region.ok, width=24, complete_style=style)
    bar.finished_style = style
    text = f"{region.ok}/{region.total} served" if region.total else "no requests"
    row.add_row(bar, Text(text))
    return row


def _outage(status: LiveStatus) -> RenderableType:
    text = Text(_outage_text(status))
    if status.objective_s is None or status.objective_s <= 0:
        return text
    over = (status.outage_s or 0.0) > status.objective_s
    text.stylize("bold red" if over else "green" if status.recovered else "yellow")
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=24)
    row.add_column(overflow="fold")
    style = "red" if over else "yellow"
    bar = ProgressBar(status.objective_s, min(status.outage_s or 0.0, status.objective_s), width=24)
    bar.complete_style, bar.finished_style = style, style
    row.add_row(bar, text)
    return row
