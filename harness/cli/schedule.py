"""`drill schedule`: drills that run by themselves, from cron, systemd, Kubernetes or GitHub Actions."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from harness.cli import options as shared
from harness.cli.complaining import complain
from harness.errors import InputError
from harness.reporting import terminal

EXAMPLES = """
Examples:

`drill schedule add nightly region-lost-black-holed --at "0 3 * * *"`

`drill schedule add weekly --at "30 2 * * sun" --on systemd --window 30m --keep-runs 20 --slack file:/etc/drill/slack`

`drill schedule add nightly region-lost-refused --at "0 3 * * *" --on kubernetes --image registry.example.com/drill:1`

`drill schedule add nightly --at "17 3 * * *" --on github`

`drill schedule list`

`drill schedule remove nightly`

Exit codes: 0 done, 3 input or harness. `run`: those of `drill run`, and 75 where a run still goes on (nothing is run
then).
"""

app = typer.Typer(
    help="Run drills by themselves: cron, systemd, Kubernetes or GitHub Actions.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog=EXAMPLES,
)
Name = Annotated[str, typer.Argument(help="The schedule's name.")]
State = Annotated[
    str | None,
    typer.Option("--state", help="Folder of the schedules. Default: DRILL_STATE, else ~/.local/state/drill-harness."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


@app.command("add", epilog='Example: `drill schedule add nightly region-lost-refused --at "0 3 * * *" --window 30m`')
def add(
    name: Name,
    at: Annotated[str, typer.Option("--at", help="When: a cron expression of five fields, or @daily and its like.")],
    drills: Annotated[
        list[str] | None, typer.Argument(help="What to run, as `drill run` takes it. Default: all.")
    ] = None,
    on: Annotated[str, typer.Option("--on", help="Who starts it: cron, systemd, kubernetes or github.")] = "cron",
    environment: shared.Environment = None,
    subject: shared.SubjectFile = None,
    profile: shared.ProfileName = None,
    seed: shared.Seed = None,
    trials: Annotated[str | None, typer.Option(metavar="INTEGER", help="How often to run each drill.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="As of `drill run`.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="A warning that remains ends a run with 1, too.")] = False,
    reports: Annotated[str | None, typer.Option(help="Folder for the evidence. Default: that of `drill run`.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Zone of --at, such as Europe/Berlin. Default: this machine's; UTC elsewhere.")
    ] = None,
    window: Annotated[str | None, typer.Option(help="Begin at random within so long after the time: 30m.")] = None,
    limit: Annotated[str, typer.Option(help="Stop a run that takes longer.")] = "6h",
    wait: Annotated[str, typer.Option(help="Wait so long for a run of another schedule.")] = "1h",
    keep_runs: Annotated[str | None, typer.Option(metavar="INTEGER", help="Keep the newest so many reports.")] = None,
    keep_days: Annotated[str | None, typer.Option(metavar="INTEGER", help="Keep the reports of so many days.")] = None,
    notify: Annotated[
        str,
        typer.Option(help="changes: when the verdict changes, runs were missed or overlap. always: after every run."),
    ] = "changes",
    slack: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Tell a Slack webhook: env:NAME, file:PATH, or its address.")
    ] = None,
    webhook: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Tell any webhook by JSON: env:NAME, file:PATH, or its address."),
    ] = None,
    mail_to: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Tell by mail; with --mail-from and --mail-server.")
    ] = None,
    mail_from: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The sender of mails.")] = None,
    mail_server: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="The mail server.")] = None,
    mail_security: Annotated[str, typer.Option(help="starttls, tls or none.")] = "starttls",
    mail_user: Annotated[str | None, typer.Option(help="The user of the mail server.")] = None,
    mail_password: Annotated[
        str | None, typer.Option(metavar="WHERE", help="Its password: env:NAME or file:PATH.")
    ] = None,
    env_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="NAME=VALUE lines that a run finds in its environment; secrets belong there."
        ),
    ] = None,
    crontab: Annotated[
        str | None, typer.Option(metavar="FILE", help="A crontab file instead of your own crontab.")
    ] = None,
    units: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Folder for systemd's units. Default: that of your user.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="The manifest's file. Default: drill-NAME.cronjob.yaml")
    ] = None,
    image: Annotated[str | None, typer.Option(help="kubernetes: an image that has `drill`.")] = None,
    namespace: Annotated[str | None, typer.Option(help="kubernetes: the namespace.")] = None,
    claim: Annotated[
        str | None, typer.Option(help="kubernetes: a volume claim that keeps reports and what was told.")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(help="kubernetes: the Secret that has the variables of channels. Default: drill-NAME")
    ] = None,
    setup: Annotated[str | None, typer.Option(metavar="COMMAND", help="github: how `drill` is installed.")] = None,
    state: State = None,
    yes: Yes = False,
) -> None:
    """Add a schedule: shows what it would install and where, and installs it once you have typed its name."""
    from harness.cli.schedule_options import Given, schedule_of
    from harness.cli.schedule_view import show_plan
    from harness.scheduling import installing
    from harness.scheduling.store import Store

    given = Given(**{key: value for key, value in locals().items() if key in Given.__dataclass_fields__})
    store, console = Store(_state(state)), terminal.console()
    with store.changing():
        if name in store.names():
            raise InputError(f"there is a schedule {name} already: `drill schedule show {name}`, or remove it first")
        schedule, places = schedule_of(given, store, os.environ, Path.cwd())
        show_plan(schedule, installing.pieces(schedule, places), store, console)
        _agreed(name, yes, console, "install this")
        store.write(schedule)
        try:
            installed, told = installing.install(schedule, places)
            schedule = schedule.model_copy(update={"installed": installed})
            store.write(schedule)
        except BaseException:
            try:
                installing.uninstall(name, schedule.where, schedule.installed)  # what has been put there by now
            finally:
                store.forget(name)
            raise
    for sentence in told:
        console.print(Text(sentence), soft_wrap=True)
    console.print(Text(f"{name} is scheduled. `drill schedule list` tells how it does."))


@app.command("list", epilog="Example: `drill schedule list`")
def list_schedules(state: State = None) -> None:
    """List the schedules: when each runs next, how its last run ended, and which planned runs there were not."""
    from harness.cli.schedule_view import show_list
    from harness.scheduling.store import Store

    show_list(Store(_state(state)), terminal.console())


@app.command("show", epilog="Example: `drill schedule show nightly`")
def show(name: Name, state: State = None) -> None:
    """Show one schedule: what is installed where, whom it tells, and its last runs."""
    from harness.cli.schedule_view import show_one
    from harness.scheduling.store import Store

    store = Store(_state(state))
    show_one(store.read(name), store, terminal.console())


@app.command("run", epilog="Example: `drill schedule run nightly` (what cron calls)")
def run(
    name: Annotated[str | None, typer.Argument(help="The schedule's name.")] = None,
    file: Annotated[
        str | None, typer.Option("--file", help="A schedule's own file, where it was not added here.")
    ] = None,
    state: State = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only what went wrong.")] = False,
) -> None:
    """Run a schedule now: lock, random delay, `drill run`, retention, notifications. What cron and its like call.

    Exit codes: those of `drill run`; 75: a run of it still goes on, and nothing was run.
    """
    from harness.scheduling.job import Job
    from harness.scheduling.store import Store, schedule_from

    if (name is None) == (file is None):
        raise InputError("give the name of a schedule, or --file FILE")
    store = Store(_state(state))
    schedule = store.read(name) if name is not None else schedule_from(Path(file or ""))
    console = terminal.console()

    def say(text: str) -> None:
        if not quiet:
            console.print(Text(f"{schedule.name}: {text}"), soft_wrap=True)

    def warn(text: str) -> None:
        complain(f"{schedule.name}: {text}")

    raise typer.Exit(Job(schedule, store, dict(os.environ), Path.cwd(), say, warn, kept=name is not None).run())


@app.command("remove", epilog="Example: `drill schedule remove nightly`")
def remove(name: Name, state: State = None, yes: Yes = False) -> None:
    """Remove a schedule and all that was installed for it. Its reports stay."""
    from harness.cli.schedule_view import show_removal, show_removal_of_unreadable
    from harness.scheduling import installing, unreadable
    from harness.scheduling.store import Store

    store, console = Store(_state(state)), terminal.console()
    with store.changing():
        try:
            schedule = store.read(name)
            parts = [(schedule.where, schedule.installed)]
            show_removal(schedule, store, console)
        except InputError as error:
            if name not in store.names():
                raise
            parts = unreadable.found(name, store.file(name), os.environ)
            show_removal_of_unreadable(name, str(error), [installed for _, installed in parts], store, console)
        _agreed(name, yes, console, "remove this")
        with store.running(name) as idle:
            if not idle:
                raise InputError(f"a run of {name} goes on: wait for its end, or stop it")
            told = [sentence for part in parts for sentence in installing.uninstall(name, *part)]
            store.forget(name)
    for sentence in told:
        console.print(Text(sentence), soft_wrap=True)
    console.print(Text(f"{name} is removed"))


def _state(given: str | None) -> Path:
    from harness.live.leftovers import journal

    return journal.folder() if given is None else Path(given).expanduser().absolute()


def _agreed(name: str, yes: bool, console: Console, what: str) -> None:
    """Ask, where nobody said it is well. Raises InputError: nothing has been done then."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError(f"nothing was done: --yes says that you want to {what}")
    console.print(Text(f"\nType {name} to {what}:"))
    if sys.stdin.readline().strip() != name:
        raise InputError("nothing was done: that was not its name")
