"""Runs the commands of a stack's owner: lists of words and no shell, with a time-out that ends all of their processes,
and with the end of their output for whoever must be told why one failed."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.drill.stopping.command import secrets_of
from harness.errors import SubjectError, WorldError
from harness.processes.forkserver import ForkServer, ServerProcess
from harness.storable_text import storable
from harness.wire import placeholders
from harness.wire.masking import Mask

_TAIL_LINES = 5
_LINE_LENGTH_MAX = 300
_TAIL_BYTES = 16_384
_OUTPUT_WAIT_S = 1.0
_LOOK_S = 0.1


@dataclass(frozen=True)
class Ran:
    """What came of a command. code: None where it had to be ended. output: the end of what it printed."""

    code: int | None
    output: tuple[str, ...] = ()

    @property
    def failed(self) -> str | None:
        """Why it did not work, in words; None where it did."""
        if self.code == 0:
            return None
        how = "did not end in time, and was ended" if self.code is None else f"ended with exit code {self.code}"
        if self.code is not None and self.code < 0:
            how = f"was killed by signal {-self.code}"
        return how + "".join(f"\n    {line}" for line in self.output)


def filled(argv: Sequence[str]) -> list[str]:
    """The command with variables of the environment filled in. Raises WorldError for one that is not set."""
    try:
        return [placeholders.fill(word, {}, os.environ) for word in argv]
    except KeyError as error:
        raise WorldError(f"{program(argv)}: the environment variable {error.args[0]} is not set") from None


def shown(argv: Sequence[str]) -> str:
    """The command for whoever is asked to agree to it, as a shell would take it: where each word ends can be seen. With
    the names of variables and not with what they hold."""
    return storable(shlex.join(argv))


def program(argv: Sequence[str]) -> str:
    """Only what is run, for evidence: arguments may hold what nobody may see."""
    return storable(argv[0])


def secrets_in(argv: Sequence[str]) -> list[str]:
    """What must not be told of its output: the variables that it takes, and those whose names say so."""
    return secrets_of((name for word in argv for name in placeholders.variables(word)), os.environ)


def _mask(argv: Sequence[str]) -> Mask:
    return Mask(secrets_in(argv))


def run_here(
    launcher: ForkServer,
    name: str,
    argv: Sequence[str],
    folder: Path,
    timeout_s: float,
    meanwhile: Callable[[], None] = lambda: None,
) -> Ran:
    """Run one below the world's fork server: it ends with the harness. name: of its log. Raises WorldError.

    meanwhile: called some times a second; what it raises ends the command, and goes on to the caller.
    """
    mask = _mask(argv)
    try:
        process = launcher.exec(name, filled(argv), dict(os.environ), folder)
    except SubjectError as error:
        raise WorldError(f"{program(argv)}: {mask.text(str(error))}") from error
    try:
        code = _waited(process, timeout_s, meanwhile)
    except BaseException:
        process.kill()
        raise
    if code is None:
        process.kill()
    return Ran(code, _lines(process.log_tail(_TAIL_LINES), mask))


def _waited(process: ServerProcess, timeout_s: float, meanwhile: Callable[[], None]) -> int | None:
    until = time.monotonic() + timeout_s
    while (left_s := until - time.monotonic()) > 0:
        if (code := process.wait(min(left_s, _LOOK_S))) is not None:
            return code
        meanwhile()
    return None


def run_alone(argv: Sequence[str], folder: Path, timeout_s: float) -> Ran:
    """Run one where no world runs: by the watchdog, and by `drill heal`. Raises WorldError when it does not start."""
    mask, kept = _mask(argv), bytearray()
    try:
        process = subprocess.Popen(
            filled(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise WorldError(f"{program(argv)}: {error.strerror or error}") from error
    reader = threading.Thread(target=_keep_tail, args=(process.stdout, kept), daemon=True)
    reader.start()
    try:
        code: int | None = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    reader.join(_OUTPUT_WAIT_S)  # what it has started may go on holding its output open
    return Ran(code, _lines(bytes(kept).decode(errors="replace").splitlines()[-_TAIL_LINES:], mask))


def _keep_tail(output: IO[bytes] | None, kept: bytearray) -> None:
    """Read all that a command prints, and keep the end of it."""
    if output is None:
        return
    with output:
        while data := output.read1(_TAIL_BYTES):  # type: ignore[attr-defined]
            kept += data
            del kept[:-_TAIL_BYTES]


def _lines(lines: Sequence[str], mask: Mask) -> tuple[str, ...]:
    return tuple(storable(mask.text(line, _LINE_LENGTH_MAX)) for line in lines)
