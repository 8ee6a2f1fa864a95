"""The entry of `drill`: it is there at once, so that Ctrl-C is an interruption from the first moment on.

The commands themselves take most of a second to be loaded. Nothing has been started then, so there is nothing to stop.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

    app: typer.Typer

_EXIT_INTERRUPTED = 130
_SAID = b"\ninterrupted: nothing had been started\n"
_STDERR = 2


def main() -> None:
    """Run the command line. Exit codes: 0 met, 1 missed, 2 unknown, invalid or aborted, 3 input or harness,
    130 interrupted.

    SIGTERM and SIGHUP leave by the same way as Ctrl-C. Nobody has to read what is printed.
    """
    former = signal.getsignal(signal.SIGINT)
    takes_over = former is signal.default_int_handler  # else somebody wants it otherwise, `nohup` for one
    if takes_over:
        signal.signal(signal.SIGINT, _leave)
    try:
        from harness.cli.commands import run_command

        run_command()
    finally:
        if takes_over:
            signal.signal(signal.SIGINT, former)


def _leave(number: int, frame: FrameType | None) -> None:
    """At once: an exception in the middle of an import may be swallowed, or leave half of a module behind."""
    try:
        os.write(_STDERR, _SAID)
    finally:
        os._exit(_EXIT_INTERRUPTED)


def __getattr__(name: str) -> Any:
    if name == "app":
        from harness.cli.commands import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if __name__ == "__main__":
    main()
