"""The reports of a schedule: its own mark in each, and those that are kept no longer taken away."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import WorldError
from harness.regular_files import open_bytes
from harness.scheduling.retention import FiledRun, is_run_id, superfluous
from harness.scheduling.schedule import Schedule, told
from harness.storable_text import write_json

MARK = "scheduled.json"
_FORMAT = "drill-scheduled/1"
_MARK_BYTES = 10_000


def folder_of(reports: Path, pid: int) -> Path | None:
    """The evidence of the run of a process; None when it has filed none."""
    found = [path for path in _folders(reports) if path.name.endswith(f"-{pid}") and is_run_id(path.name)]
    return max(found, default=None)


def mark(folder: Path, schedule: Schedule, planned: datetime | None) -> None:
    """Say in the evidence whose run it was. Raises WorldError."""
    body = {
        "format": _FORMAT,
        "schedule": schedule.name,
        "id": schedule.id,
        "planned_at": None if planned is None else told(planned),
    }
    try:
        write_json(folder / MARK, body, indent=2)
    except OSError as error:
        raise WorldError(f"{folder / MARK}: cannot be written: {error.strerror}") from error


def clear_away(schedule: Schedule, reports: Path, now: datetime) -> list[str]:
    """Remove what the schedule's rules do not keep; the names. Raises WorldError.

    Only folders with this schedule's mark. One that goes loses its name first, so that half of one is never seen.
    """
    suffix = f".removed-{schedule.id}"
    latest = reports / "latest"
    spared = frozenset({latest.resolve().name}) if latest.exists() else frozenset()
    runs = [FiledRun(path.name, _began(path.name), _is_mine(path, schedule)) for path in _runs(reports)]
    gone = superfluous(runs, schedule.keep_runs, schedule.keep_days, now, spared)
    try:
        for name in gone:
            (reports / name).rename(reports / f".{name}{suffix}")
        for path in reports.glob(f".*{suffix}"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
    except OSError as error:
        raise WorldError(f"old reports cannot be removed from {reports}: {error}") from error
    return list(gone)


def _runs(reports: Path) -> Iterator[Path]:
    return (path for path in _folders(reports) if is_run_id(path.name))


def _folders(reports: Path) -> list[Path]:
    try:
        return [path for path in reports.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []


def _began(name: str) -> datetime:
    try:
        return datetime.strptime(name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:  # a 31st of February: nobody's run
        return datetime.max.replace(tzinfo=UTC)


def _is_mine(folder: Path, schedule: Schedule) -> bool:
    try:
        with open_bytes(folder / MARK) as file:
            body = json.loads(file.read(_MARK_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(body, dict) and body.get("format") == _FORMAT and body.get("id") == schedule.id
