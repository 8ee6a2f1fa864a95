"""`drill watch`: the witness records while somebody breaks things by hand, or something breaks by itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from harness.cli import options as shared
from harness.cli.durations import seconds_of
from harness.cli.watched_world import Watched
from harness.clock import to_s
from harness.drill.evidence import Outage
from harness.drill.options import RunOptions
from harness.errors import WorldError
from harness.history.events import Event
from harness.live import world_file
from harness.live.world_file import StandingWorld
from harness.measurement.live import LiveState

EXAMPLES = """
Examples:

`drill watch` (until Ctrl-C)

`drill watch --for 60s`

`drill watch --for 5m --subject my-app/subject.yaml`

With a world of `drill env up` in this folder its clients are used, else one is started for the time. Exit codes: 0 no
client that follows DNS saw an outage, 1 at least one did, 2 nothing could be seen, 3 input or harness.
"""

_POLL_S = 0.1
_REPORT_EVERY_S = 10.0


def watch(
    for_: Annotated[str | None, typer.Option("--for", help="How long: 90, 60s, 5m. Default: until Ctrl-C.")] = None,
    environment: shared.Environment = None,
    subject: shared.SubjectFile = None,
    profile: shared.ProfileName = None,
    reports: Annotated[str | None, typer.Option(help="Folder for the evidence. Default: reports.")] = None,
) -> None:
    """Record what clients see, with no fault of ours; every outage is reported as a bracket."""
    seconds = None if for_ is None else seconds_of(for_, "--for")
    options = shared.resolved(environment=environment, subject=subject, profile=profile, reports=reports)
    raise typer.Exit(_watch(options, seconds, Console(highlight=False)))


def _watch(options: RunOptions, seconds: float | None, console: Console) -> int:
    from harness.cli.pytest_run import EXIT_OF
    from harness.cli.watched_world import own_world, standing_clients
    from harness.drill.runner import Run
    from harness.drill.watching import NAME, watched
    from harness.live import facts
    from harness.reporting.filing import file_drill, file_run
    from harness.reporting.summary import show

    path = world_file.path_in(Path.cwd())
    state = world_file.running(path)
    run = Run(options)
    folder = run.drill_folder(NAME)
    with ExitStack() as stack:
        if state is None:
            console.print(Text("no world runs here: starting one for the time"))
            clients = stack.enter_context(own_world(options, folder))
        else:
            console.print(Text(f"watching the world that runs here (pid {state.pid})"))
            clients = stack.enter_context(standing_clients(state, path, folder))
        told = facts.versions(clients.toxiproxy), facts.capabilities(clients.toxiproxy, options.subject)
        events = _record(clients, seconds, console, None if state is None else state)
    result = watched(options.environment, options.timing, events, folder)
    run.drills.append(result)
    file_drill(result, run.folder)
    final = run.result(*told, facts.machine())
    report = file_run(final, run.folder)
    run.point_latest()
    show(final, report, console)
    _outages(final.drills[0].outages, console)
    return EXIT_OF[result.verdict]


def _record(clients: Watched, seconds: float | None, console: Console, state: StandingWorld | None) -> list[Event]:
    """Take events in until the time is up, or Ctrl-C; say how the clients fare every few seconds."""
    live, events = LiveState(), []
    until = None if seconds is None else time.monotonic() + seconds
    began = said = time.monotonic()
    console.print(Text("recording; Ctrl-C ends it" + ("" if seconds is None else f" before {seconds:g} s are over")))
    try:
        while until is None or time.monotonic() < until:
            if state is not None and not state.alive:
                raise WorldError("the world that was watched has ended")
            events += _taken(clients, live)
            if time.monotonic() - said >= _REPORT_EVERY_S:
                said = time.monotonic()
                shares = ((region, live.share(address=address)) for region, address in clients.edges.items())
                text = ", ".join(f"{region} {share.good}/{share.total}" for region, share in shares)
                answer = ", ".join(live.authoritative or ()) or "nothing yet"
                console.print(Text(f"{said - began:6.0f} s  served: {text}; DNS answers {answer}"), soft_wrap=True)
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        console.print(Text("stopped: draining the clients"))
    clients.stop_workload()
    return events + _taken(clients, live)


def _taken(clients: Watched, live: LiveState) -> list[Event]:
    found = list(clients.poll())
    for event in found:
        live.step(event)
    return found


def _outages(outages: Sequence[Outage], console: Console) -> None:
    for outage in outages:
        high_ns = outage.duration.high_ns
        high = "still at the end" if high_ns is None else f"{to_s(high_ns):.2f} s"
        console.print(Text(f"  {outage.cohort}: without service for {to_s(outage.duration.low_ns):.2f} s to {high}"))
