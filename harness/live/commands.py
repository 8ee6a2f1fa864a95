"""A command of the user's beside a drill: no shell, a process tree of its own that ends with the harness."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from harness.drill.stopping.command import NotRun, Said, argv, masking, secrets_of
from harness.errors import ProcessError, SubjectError
from harness.processes.forkserver import ForkServer, ServerProcess
from harness.topology.environment import Environment
from harness.wire.masking import Mask

_numbers = itertools.count(1)


class UnderWay:
    """See harness.drill.stopping.command.CommandUnderWay. What it prints is read once, when it has ended."""

    def __init__(self, process: ServerProcess, kept: Callable[[Iterable[str]], tuple[str, ...]]) -> None:
        self._process = process
        self._kept = kept

    def ended(self) -> Said | None:
        """See CommandUnderWay. Whatever it started and left behind is ended, too."""
        code = self._process.poll()
        return None if code is None else self._said(code)

    def end(self) -> Said:
        """See CommandUnderWay."""
        return self._said(None)

    def _said(self, code: int | None) -> Said:
        self._process.stop(grace_s=0.0)
        said = Said(code, self._kept(self._process.log_tail()))
        self._process.log_path.unlink(missing_ok=True)
        return said


def under_way(
    launcher: ForkServer, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
) -> UnderWay:
    """Start a command with an environment of its own. Raises SubjectError, ProcessError."""
    kept = masking(Mask(()))
    return UnderWay(launcher.exec(f"{name}.{next(_numbers)}", command, environment, folder), kept)


def of_stop(launcher: ForkServer, environment: Environment, secrets: Iterable[str]) -> UnderWay | NotRun:
    """Start the command of an environment's stop conditions."""
    stated = environment.stop.command
    if stated is None:
        return NotRun("there is none")
    return start(launcher, "stop-command", stated.command, environment.folder, secrets)


def start(
    launcher: ForkServer, name: str, command: Sequence[str], folder: Path, secrets: Iterable[str] = ()
) -> UnderWay | NotRun:
    """Start a command of the user's in a folder, with the environment that the user has.

    It belongs to the user's side, and not to the world: it may need an account of the user's. secrets: variables whose
    values are kept out of what is told, beside those that look like it.
    """
    kept = masking(Mask(secrets_of(secrets, os.environ)))
    try:
        return UnderWay(launcher.exec(f"{name}.{next(_numbers)}", argv(command), dict(os.environ), folder), kept)
    except (SubjectError, ProcessError) as error:
        return NotRun(*kept(str(error).splitlines()[:1]))
