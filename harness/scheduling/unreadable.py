"""What can be taken away of a schedule whose file cannot be read any more.

That is what the file still tells of it, or else what is found where a schedule of its name is put."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import InputError
from harness.regular_files import open_bytes
from harness.scheduling.crontab import VARIABLE, Crontab
from harness.scheduling.installing import WANTS, digest_of, unit_files, units_folder
from harness.scheduling.schedule import Installed, Where

_BYTES_MAX = 1 << 20


def found(name: str, path: Path, variables: Mapping[str, str]) -> list[tuple[Where, Installed]]:
    """Where it is, and what was put there. path: of its file."""
    told = _told(path)
    return [told] if told is not None else [*_in_crontab(name, variables), *_of_systemd(name)]


def _told(path: Path) -> tuple[Where, Installed] | None:
    """The part of the file that says it, where that part is sound."""
    try:
        with open_bytes(path) as file:
            body = json.loads(file.read(_BYTES_MAX))
        return Where(body["where"]), Installed.model_validate_json(json.dumps(body["installed"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _in_crontab(name: str, variables: Mapping[str, str]) -> Iterator[tuple[Where, Installed]]:
    """The user's own table: a line says at its end whose it is."""
    crontab = Crontab(None, variables.get(VARIABLE))
    mark = re.compile(rf" schedule run {re.escape(name)} .* # drill schedule {re.escape(name)} [0-9a-f]{{12}}")
    try:
        table = crontab.read() or ""
    except InputError:  # no cron here, so nothing of it
        return
    for line in table.split("\n"):
        if mark.search(line) and not line.lstrip().startswith("#"):
            yield Where.CRON, Installed(line=line, program=crontab.program)


def _of_systemd(name: str) -> Iterator[tuple[Where, Installed]]:
    folder = units_folder(os.environ).absolute()
    files = [path for path in unit_files(name, folder) if path.exists()]
    if files:
        digests = {str(path): digest_of(path) or "" for path in files}
        yield Where.SYSTEMD, Installed(files=digests, folders=(str(folder / WANTS),))
