"""`drill env`: a world with its subject that stays up, for exploring and breaking things by hand."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from harness.cli import options as shared
from harness.errors import InputError
from harness.live.standing import world_file
from harness.reporting import terminal

EXAMPLES = """
Examples:

`drill env up`

`drill env up --subject my-app/subject.yaml --profile production`

`drill env status`

`eval "$(drill env shell app.us-east-1)"`

`drill env down`

Exit codes of status: 0 a world runs here, 1 none does. `up` and `down`: 0 done, 3 input or harness, 130 interrupted.
"""

EXIT_NOT_RUNNING = 1

app = typer.Typer(
    help="Keep a world with its subject running, and say where everything is.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog=EXAMPLES,
)


@app.command("up", epilog="Examples: `drill env up`, `drill env up --foreground --seed 7`")
def up(
    environment: shared.Environment = None,
    subject: shared.SubjectFile = None,
    profile: shared.ProfileName = None,
    seed: shared.Seed = None,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Hold the world in this terminal, until Ctrl-C.")
    ] = False,
) -> None:
    """Start a world and leave it running; its state is in .drill/world.json of this folder."""
    console, path = terminal.console(), world_file.path_in(Path.cwd())
    if (world := world_file.running(path)) is not None:
        console.print(Text(f"A world is running here already (pid {world.pid}, {world.subject.subject}, by "
                           f"{world.origin}). See `drill env status`; end it with `drill env down`."))  # fmt: skip
        return
    resolved = shared.resolved(environment=environment, subject=subject, profile=profile, seed=seed)
    from harness.live.standing.supervisor import refuse_visit

    refuse_visit(resolved)
    with world_file.claimed(path) as free:  # tried again by whoever starts it; here because that takes seconds
        if not free:
            raise InputError(world_file.TAKEN)
    began_s = time.monotonic()

    def told(step: str) -> None:
        console.print(Text(f"{time.monotonic() - began_s:5.1f} s  {step}"), soft_wrap=True)

    if foreground:
        from harness.cli.foreground import hold

        hold(resolved, path, console, told)
        return
    from harness.cli import standing_world, world_status

    given = {"environment": environment, "subject": subject, "profile": profile, "seed": resolved.seed}
    started = standing_world.start(given, path, told)
    told("ready\n")
    world_status.show(started, console)


@app.command("down", epilog="Example: `drill env down`")
def down() -> None:
    """End the world that runs here, and wait until everything of it is gone."""
    console, path = terminal.console(), world_file.path_in(Path.cwd())
    stale = path.exists()
    world = world_file.running(path)
    if world is None:
        console.print("no world runs here" + ("; a stale state file has been removed" if stale else ""))
        return
    from harness.cli import standing_world

    began_s = time.monotonic()
    gently = standing_world.end(world, path)
    console.print(f"{'down' if gently else 'killed'} after {time.monotonic() - began_s:.1f} s")


@app.command("status", epilog="Example: `drill env status`")
def status() -> None:
    """Say where everything of the running world is, and how to get at it."""
    console, path = terminal.console(), world_file.path_in(Path.cwd())
    world = world_file.running(path)
    if world is None:
        console.print("no world runs here: start one with `drill env up`")
        raise typer.Exit(EXIT_NOT_RUNNING)
    from harness.cli import world_status

    world_status.show(world, console)


@app.command("shell", epilog='Examples: `drill env shell app`, `eval "$(drill env shell app.us-east-1)"`')
def shell(
    component: Annotated[str, typer.Argument(help="An instance (app.us-east-1), or a component that runs once.")],
) -> None:
    """Print the environment of a component of the running world, to paste into a shell and run it by hand."""
    world = world_file.running(world_file.path_in(Path.cwd()))
    if world is None:
        raise InputError("no world runs here: start one with `drill env up`")
    from harness.cli.component_shell import lines

    for line in lines(world, component):
        typer.echo(line)
