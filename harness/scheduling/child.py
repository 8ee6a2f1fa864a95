"""`drill run` as a child: it ends when we do, however we end, and is given time to heal when we are asked to stop."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.errors import InputError
from harness.processes.forkserver_linux import die_with_parent
from harness.processes.interruption import STOP_LIMIT_S, held

_PRINTED_BYTES = 1 << 20
"""More than this is not kept of what a run prints: its end."""
_TAIL_BYTES = 2000
STOP_WITHIN_S = STOP_LIMIT_S + 10


@dataclass(frozen=True)
class Finished:
    """How the child ended. pid: its evidence is named by it. too_long: it was stopped. printed: the last of it."""

    pid: int
    exit_code: int
    too_long: bool
    printed: str


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], limit_s: float, output: Path | None
) -> Finished:
    """Run it to its end. output: where what it prints goes, None: where our own does. Raises InputError."""
    parent = os.getpid()
    with ExitStack() as stack:
        file = None if output is None else stack.enter_context(_private(output))
        try:
            process = stack.enter_context(
                subprocess.Popen(
                    list(command), cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=file,
                    stderr=None if file is None else subprocess.STDOUT, start_new_session=True,
                    preexec_fn=(lambda: die_with_parent(parent)) if sys.platform.startswith("linux") else None,
                )
            )  # fmt: skip
        except OSError as error:
            raise InputError(f"drill run cannot be started in {folder}: {error.strerror}") from error
        too_long = False
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            too_long = True
            _stop(process)
        except BaseException:
            _stop(process)
            raise
    printed = "" if output is None else _end_of(output)
    code = process.returncode
    return Finished(process.pid, code if code >= 0 else 3, too_long, printed)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """As a terminal that is closed would: it heals, and files what it has. Nothing interrupts that."""
    with held():
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "wb")


def _end_of(path: Path) -> str:
    """The last of it; a file that has become too large is cut down to its end."""
    data = path.read_bytes()[-_PRINTED_BYTES:]
    if path.stat().st_size > _PRINTED_BYTES:
        path.write_bytes(data)
    return data[-_TAIL_BYTES:].decode("utf-8", "replace").strip()
