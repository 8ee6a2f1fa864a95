"""The `drill` command: one small module per subcommand; errors become one clear message and exit code 3."""

from __future__ import annotations

import sys
import traceback
from typing import NoReturn

import typer
from rich.console import Console

from harness import __version__
from harness.cli.complaining import complain
from harness.cli.standard_streams import outliving
from harness.cli.subcommands import Subcommands, load_typed
from harness.errors import DrillError
from harness.processes.interruption import EXIT_INTERRUPTED, STOP_LIMIT_S, STOPPED, guarded

EXIT_HARNESS = 3

app = typer.Typer(
    name="drill",
    cls=Subcommands,
    help="Break a region on purpose, and measure what clients saw. Start with: drill list, drill run NAME.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    load_typed()
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
