"""What a scheduled run finds in its environment: what it was started with, what was kept, and a file of the user's.

Cron gives a program hardly anything, so the search path and our own variables are kept when a schedule is added. Other
variables may be secrets: they stay in a file that is read when a run begins.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from harness.drill.option_sources import KEYS
from harness.errors import InputError, Problem
from harness.regular_files import open_text
from harness.scheduling.schedule import Schedule

PREFIX = "DRILL_"
KEPT = (
    "PATH",
    "TOXIPROXY_URL",
    "DRILL_STATE",
    "DRILL_CACHE",
    *(f"{PREFIX}{key.upper()}" for key in KEYS if key != "keep"),
)
"""Whatever else there is may be a secret."""
_LARGEST = 64 * 1024
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def to_keep(variables: Mapping[str, str]) -> dict[str, str]:
    """What is kept of an environment."""
    return {name: variables[name] for name in sorted(KEPT) if variables.get(name)}


def of_run(schedule: Schedule, given: Mapping[str, str]) -> dict[str, str]:
    """All of a run's. given: of `drill schedule run`. Raises InputError."""
    found = dict(given)
    if schedule.where.here:
        found = {name: value for name, value in given.items() if not name.startswith(PREFIX)}
    found |= schedule.variables
    return found if schedule.env_file is None else found | read_file(Path(schedule.env_file))


def read_file(path: Path) -> dict[str, str]:
    """NAME=VALUE lines; `#` begins a comment, quotes around a value go. Raises InputError that tells no value."""
    found = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or "\0" in line:
            raise InputError(Problem(str(path), number, "must be NAME=VALUE"))
        value = match[2].strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        found[match[1]] = value[1:-1] if quoted else value
    return found


def _text(path: Path) -> str:
    try:
        with open_text(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(Problem(str(path), None, f"cannot be read: {error.strerror}")) from error
    except UnicodeDecodeError as error:
        raise InputError(Problem(str(path), None, "must be text in UTF-8")) from error
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise InputError(Problem(str(path), None, "others may write to it, and it says what is run: `chmod go-w` it"))
    if len(text) > _LARGEST:
        raise InputError(Problem(str(path), None, f"larger than {_LARGEST} characters"))
    return text
