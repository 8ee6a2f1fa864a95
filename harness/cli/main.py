"""The `drill` command: one small module per subcommand; errors become one clear message and exit code 3."""

from __future__ import annotations

import sys
import traceback
from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

from harness import __version__
from harness.cli import doctor, env, heal, listing, report, run, verify, watch
from harness.errors import DrillError
from harness.processes.interruption import EXIT_INTERRUPTED, STOP_LIMIT_S, STOPPED, guarded
from harness.reporting.wording import clean

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
app.command("watch", epilog=watch.EXAMPLES)(watch.watch)
app.command("report", epilog=report.EXAMPLES)(report.report)
app.command("verify", epilog=verify.EXAMPLES)(verify.verify)
app.command("heal", epilog=heal.EXAMPLES)(heal.heal)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.add_typer(env.app, name="env")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"drill {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Options of the command itself."""


def main() -> None:
    """Run the command line. Exit codes: 0 met, 1 missed, 2 unknown or invalid, 3 input or harness, 130 interrupted.

    SIGTERM and SIGHUP leave by the same way as Ctrl-C.
    """
    with guarded(STOP_LIMIT_S):
        _run()


def _run() -> NoReturn:
    try:
        code = app(standalone_mode=False)
    except DrillError as error:
        _complain(str(error))
        sys.exit(EXIT_HARNESS)
    except typer.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except KeyboardInterrupt:
        Console(stderr=True).print(STOPPED)
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last resort: nothing may pass for a verdict
        if type(error).__module__.startswith(("click", "typer")) and hasattr(error, "format_message"):
            _complain(error.format_message())
            sys.exit(EXIT_HARNESS)
        traceback.print_exc()  # a mistake of ours: everything about it is wanted, and it is no verdict
        sys.exit(EXIT_HARNESS)
    sys.exit(code if isinstance(code, int) else 0)


def _complain(text: str) -> None:
    """The words may be anybody's: no markup in them, and nothing that a terminal would obey."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(Text.assemble(("drill:", "bold red"), " ", clean(text)))


if __name__ == "__main__":
    main()
