"""The user's stop command as a drill sees it: under way, then it has said something, of which little is kept."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.topology.environment import Environment
from harness.wire.masking import Mask
from harness.wire.placeholders import WITHHELD

LINES_KEPT = 5
LINE_LONGEST = 200
_PYTHON = "python"
_SECRET = ("KEY", "SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH")


@dataclass(frozen=True)
class Said:
    """How a command ended. code None: it was ended, or could not be run. output: its last lines."""

    code: int | None
    output: tuple[str, ...] = ()


class CommandUnderWay(Protocol):
    """A command that was started, with everything that it starts."""

    def ended(self) -> Said | None:
        """What it said; None while it runs."""

    def end(self) -> Said:
        """End it now; what it had said until then."""


class NotRun:
    """One that could not be started."""

    def __init__(self, why: str) -> None:
        self._said = Said(None, (why,))

    def ended(self) -> Said:
        """Why not."""
        return self._said

    def end(self) -> Said:
        """Why not."""
        return self._said


def argv(command: Sequence[str]) -> list[str]:
    """What is run: `python` is the interpreter that runs the harness."""
    return [sys.executable if command[0] == _PYTHON else command[0], *command[1:]]


def missing(environment: Environment) -> str | None:
    """Why the environment's stop command cannot be run here, for whoever wrote it; None when it can be."""
    stated = environment.stop.command
    if stated is None:
        return None
    program = argv(stated.command)[0]
    if os.sep in program:
        path = environment.folder / program
        found, looked = path.is_file() and os.access(path, os.X_OK), f"looked in {environment.folder}"
    else:
        found, looked = shutil.which(program) is not None, "looked along PATH"
    where = f"environment {environment.environment}: stop.command.command"
    return None if found else f"{where}: there is no program {program} to run ({looked})"


def secrets_of(names: Iterable[str], environ: Mapping[str, str]) -> list[str]:
    """What a command may print and nobody may read: these variables, and those whose names say so."""
    told = {name for name in environ if name.startswith(WITHHELD) or any(word in name.upper() for word in _SECRET)}
    return [value for name in {*names, *told} if (value := environ.get(name))]


def masking(mask: Mask) -> Callable[[Iterable[str]], tuple[str, ...]]:
    """Makes lines of a program's output fit for files: the last few, each short, printable, and without secrets."""

    def kept(lines: Iterable[str]) -> tuple[str, ...]:
        plain = ("".join(c if c.isprintable() else " " for c in line).strip() for line in lines)
        told = [mask.text(line, LINE_LONGEST) for line in plain if line]
        return tuple(told[-LINES_KEPT:])

    return kept
