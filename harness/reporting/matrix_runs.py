"""The filed runs that tell of journeys, and what a run has changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.drill.evidence import RunResult
from harness.drill.matrix import GONE, Change, Matrix, changes, kind_of, matrix_of, tells
from harness.errors import InputError
from harness.reporting import run_json_reader

RUN = "run.json"
READ_MAX = 200
"""So many runs, the newest by name, are looked at for what was before one."""
_MARK = b'"journeys"'


def read(folders: Iterable[Path]) -> tuple[list[RunResult], list[str]]:
    """The runs of these folders that tell of journeys, oldest first, and why others cannot be read."""
    found, problems = [], []
    for folder in folders:
        path = folder / RUN
        try:
            if _MARK not in path.read_bytes():  # most of what there is; checking it against the schema takes long
                continue
            result = run_json_reader.load(path)
        except OSError as error:
            problems.append(f"{path}: cannot be read: {error.strerror}")
        except InputError as error:
            problems.append(str(error))
        else:
            found += [result] if tells(result) else []
    return sorted(found, key=lambda one: (one.started_at, one.run_id)), problems


def before(run: RunResult, reports: Path) -> Matrix | None:
    """The matrix as it was before a run, of the same subject, environment and profile; None: there was none."""
    if not tells(run):
        return None
    try:
        folders = sorted(path.parent for path in reports.glob(f"*/{RUN}") if not path.parent.is_symlink())
    except OSError:
        return None
    runs, _ = read(folder for folder in folders[-READ_MAX:] if folder.name != run.run_id)
    return matrix_of(one for one in runs if kind_of(one) == kind_of(run) and one.started_at < run.started_at)


def changed_by(run: RunResult, earlier: Matrix) -> list[Change]:
    """The cells that this run has shown to be otherwise than they were; of what it did not run nothing is said."""
    now = matrix_of([run])
    if now is None:
        return []
    shown = {cell.where for cell in now.cells if cell.evidence}
    return [change for change in changes(earlier, now) if change.cell.where in shown and change.kind != GONE]


def compared_with(earlier: Matrix) -> str:
    """What that is, in words."""
    return f"the matrix after run {earlier.runs[-1]}"


def told(run: RunResult, reports: Path) -> tuple[list[Change], str]:
    """What a run has changed, and compared with what; "" where nothing was there before it."""
    earlier = before(run, reports)
    return ([], "") if earlier is None else (changed_by(run, earlier), compared_with(earlier))
