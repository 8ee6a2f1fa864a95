"""The history of Allure's pages: one point for each run, a line of JSON each, in one file beside the runs.

Allure adds a point whenever a page is made, so a page that is made twice would count twice, and a page of an older run
would be the newest point. So Allure gets a file with the points of the runs before, and of what it adds only the last
line is taken. Points are Allure's own but for their time, which is that of the run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from harness.errors import InputError, Problem, WorldError
from harness.regular_files import open_bytes
from harness.reporting.allure_page import run_of
from harness.storable_text import write_text

FILE = "allure-history.jsonl"
POINTS_MAX = 50
LARGEST_BYTES = 64 * 1024 * 1024

Points = Mapping[str, str]
"""Lines by the id of the run, oldest first: an id begins with its date and time."""


def read(path: Path) -> Points:
    """The points that there are; none where there is no file. Raises InputError with the line that is no point."""
    try:
        with open_bytes(path) as file:
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(Problem(str(path), None, f"cannot be read: {error.strerror}")) from error
    if len(data) > LARGEST_BYTES:
        raise InputError(Problem(str(path), None, f"more than {LARGEST_BYTES} bytes; delete it to begin a new history"))
    found = {}
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            run_id = _run_of(line)
            if run_id is None:
                text = "not a point of the history of drills; delete the line, or the file to begin a new one"
                raise InputError(Problem(str(path), number, text))
            found[run_id] = line.decode("utf-8")
    return dict(sorted(found.items()))


def _run_of(line: bytes) -> str | None:
    try:
        point = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    whole = (
        isinstance(point, dict) and isinstance(point.get("testResults"), dict) and isinstance(point.get("name"), str)
    )
    return run_of(point["name"]) if whole else None


def before(points: Points, run_id: str) -> Points:
    """Those of the runs before it, as many as a page shows."""
    earlier = [(known, line) for known, line in points.items() if known < run_id]
    return dict(earlier[-(POINTS_MAX - 1) :])


def with_point(points: Points, run_id: str, line: str) -> Points:
    """With a run's point, which takes the place of an older one of it; the oldest go beyond the limit."""
    return dict(sorted({**points, run_id: line}.items())[-POINTS_MAX:])


def dated(line: str, started_at: datetime) -> str:
    """A point as Allure made it, at the time of its run. Raises WorldError for what is no point."""
    if _run_of(line.encode("utf-8")) is None:
        raise WorldError("Allure added no point to the history")
    return json.dumps({**json.loads(line), "timestamp": round(started_at.timestamp() * 1000)})


def write(path: Path, points: Points) -> None:
    """All points, at once or not at all."""
    staging = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        write_text(staging, "".join(f"{line}\n" for line in points.values()))
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)
