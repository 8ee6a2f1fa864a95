"""The `drill` command: one small module per subcommand; errors become one clear message and exit code 3."""

from __future__ import annotations

import sys
import traceback
from typing import NoReturn

import typer
from rich.console import Console

from harness import __version__
from harness.cli import (
    backup,
    compare,
    diff,
    dns,
    doctor,
    env,
    heal,
    history,
    install,
    listing,
    matrix,
    reconcile,
    report,
    restore,
    run,
    schedule,
    schema,
    steps,
    verify,
    watch,
)
from harness.cli.complaining import complain
from harness.cli.standard_streams import outliving
from harness.errors import DrillError
from harness.processes.interruption import EXIT_INTERRUPTED, STOP_LIMIT_S, STOPPED, guarded

EXIT_HARNESS = 3

app = typer.Typer(
    name="drill",
    help="Break a region on purpose, and measure what clients saw. Start with: drill list, drill run NAME.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("list", epilog=listing.EXAMPLES)(listing.list_drills)
app.command("steps", epilog=steps.EXAMPLES)(steps.list_steps)
app.command("watch", epilog=watch.EXAMPLES)(watch.watch)
app.command("report", epilog=report.EXAMPLES)(report.report)
app.command("compare", epilog=compare.EXAMPLES)(compare.compare)
app.command("matrix", epilog=matrix.EXAMPLES)(matrix.matrix)
app.command("verify", epilog=verify.EXAMPLES)(verify.verify)
app.command("diff", epilog=diff.EXAMPLES)(diff.diff)
app.command("reconcile", epilog=reconcile.EXAMPLES)(reconcile.reconcile)
app.command("restore", epilog=restore.EXAMPLES)(restore.restore)
app.command("heal", epilog=heal.EXAMPLES)(heal.heal)
app.command("install", epilog=install.EXAMPLES)(install.install)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.command("schema", epilog=schema.EXAMPLES)(schema.schema)
app.add_typer(backup.app, name="backup")
app.add_typer(dns.app, name="dns")
app.add_typer(env.app, name="env")
app.add_typer(history.app, name="history")
app.add_typer(schedule.app, name="schedule")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"drill {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Options of the command itself."""


def run_command() -> NoReturn:
    """Run the command line; exit codes as `harness.cli.main` has them."""
    with outliving(), guarded(STOP_LIMIT_S):
        _run()


def _run() -> NoReturn:
    try:
        code = app(standalone_mode=False)
    except DrillError as error:
        complain(str(error))
        sys.exit(EXIT_HARNESS)
    except typer.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except KeyboardInterrupt:
        Console(stderr=True).print(STOPPED)
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last resort: nothing may pass for a verdict
        if type(error).__module__.startswith(("click", "typer")) and hasattr(error, "format_message"):
            complain(error.format_message())
            sys.exit(EXIT_HARNESS)
        traceback.print_exc()  # a mistake of ours: everything about it is wanted, and it is no verdict
        sys.exit(EXIT_HARNESS)
    sys.exit(code if isinstance(code, int) else 0)
