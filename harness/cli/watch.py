"""`drill watch`: the witness records while somebody breaks things by hand, or something breaks by itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from harness.cli import options as shared
from harness.cli.durations import seconds_of
from harness.drill.options import RunOptions, for_writing, reports_folder
from harness.drill.settings import Settings
from harness.errors import InputError, VerdictReached
from harness.live.standing import world_file
from harness.live.standing.world_file import StandingWorld
from harness.reporting import terminal
from harness.topology.timing import Timing

if TYPE_CHECKING:
    from harness.cli.watched_world import Watched

EXAMPLES = """
Examples:

`drill watch` (until Ctrl-C)

`drill watch --for 60s`

`drill watch --for 5m --subject my-app/subject.yaml`

With a world of `drill env up` in this folder its clients are used, else one is started for the time. Exit codes: 0 no
client that follows DNS saw an outage, and no promise of the subject was broken; 1 otherwise; 2 nothing could be seen; 3
input or harness; 130 interrupted before anything was recorded.
Ctrl-C while it records ends it early: what was seen is reported as usual.
"""

EXIT_NOTHING_SEEN = 2


def watch(
    for_: Annotated[str | None, typer.Option("--for", help="How long: 90, 60s, 5m. Default: until Ctrl-C.")] = None,
    environment: shared.Environment = None,
    subject: shared.SubjectFile = None,
    profile: shared.ProfileName = None,
    seed: shared.Seed = None,
    reports: Annotated[str | None, typer.Option(help="Folder for the evidence. Default: reports.")] = None,
) -> None:
    """Record what clients see, with no fault of ours; every outage is reported as a bracket."""
    seconds = None if for_ is None else seconds_of(for_, "--for")
    path = world_file.path_in(Path.cwd())
    state = world_file.running(path)
    given = {"environment": environment, "subject": subject, "profile": profile, "seed": seed}
    if state is None:
        options = shared.resolved(**given, reports=reports)
    else:
        options = _options_of(state, given, for_writing(reports_folder(reports, os.environ, Path.cwd())))
    raise typer.Exit(_watch(options, state, path, seconds, for_))


def _options_of(state: StandingWorld, given: Mapping[str, object], reports: Path) -> RunOptions:
    """A standing world is as it was started. Raises InputError for options that ask for another one."""
    asked = [f"--{name}" for name, value in given.items() if value is not None]
    if asked:
        raise InputError(
            f"{', '.join(asked)}: a world runs here already ({state.subject.subject}, {state.profile}) and would be "
            f"watched as it is; leave that out, or end the world with `drill env down`"
        )
    return RunOptions(
        environment=state.full_environment(),
        subject=state.full_subject(),
        subject_file=state.subject_file,
        timing=Timing(state.profile),
        seed=state.seed,
        trials=1,
        settings=Settings(),
        reports=reports,
        keep=False,
        typed=state.typed,
    )


def _watch(
    options: RunOptions, state: StandingWorld | None, path: Path, seconds: float | None, asked: str | None
) -> int:
    from harness.cli.pytest_run import EXIT_OF
    from harness.cli.recording import record, show_outages
    from harness.drill.masking import masked_events
    from harness.drill.promises import promise_of
    from harness.drill.runner import Run
    from harness.drill.watching import NAME, watched
    from harness.live import facts
    from harness.reporting.filing import file_drill, file_run
    from harness.reporting.summary import show
    from harness.wire.placeholders import values

    console = terminal.console()
    run = Run(options)
    folder = run.drill_folder(NAME)
    recorded = None
    try:
        with ExitStack() as stack:
            clients = stack.enter_context(_clients(options, state, path, folder, console))
            told, edges = (clients.versions, clients.capabilities), clients.edges
            recorded = record(clients, options, seconds, console)
    except VerdictReached as reached:
        console.print(Text(f"nothing could be seen: {reached}\nlogs: {folder / 'logs'}"), soft_wrap=True)
        return EXIT_NOTHING_SEEN
    except BaseException:
        if recorded is None:
            shutil.rmtree(run.folder, ignore_errors=True)  # no evidence: nothing has been recorded
        raise
    result = watched(
        options.environment, options.timing,
        masked_events(recorded.events, values(options.subject.variables(), os.environ)), folder,
        logs=recorded.logs, ended=recorded.ended, asked_for=asked,
        promise=promise_of(options.subject.consistency), places={address: place for place, address in edges.items()},
    )  # fmt: skip
    run.drills.append(result)
    file_drill(result, run.folder)
    final = run.result(*told, facts.machine())
    report = file_run(final, run.folder)
    run.point_latest()
    show(final, report, console)
    show_outages(result, recorded, console)
    return EXIT_OF[result.verdict]


def _clients(
    options: RunOptions, state: StandingWorld | None, path: Path, folder: Path, console: Console
) -> AbstractContextManager[Watched]:
    from harness.cli.watched_world import own_world, standing_clients
    from harness.world.terms import preview_of

    if state is None:
        lines = preview_of(options.environment, options.subject, options.timing, (), ())
        for line in lines or ("no world runs here: starting one for the time",):
            console.print(Text(line), soft_wrap=True)
        return own_world(options, folder)
    console.print(Text(f"watching the world that runs here ({state.subject.subject}, pid {state.pid})"))
    return standing_clients(state, path, folder)
