"""`drill report --allure`: a run's Allure results as a page, with what the runs before it came to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.drill.evidence import RunResult
from harness.errors import InputError
from harness.live import allure_program
from harness.reporting import allure_history, run_json_reader
from harness.reporting.allure_history import Points
from harness.reporting.allure_page import configuration, name_of, quiet
from harness.storable_text import write_json, write_text

RESULTS, PAGE = "allure-results", "allure-report"
METRICS = "metrics.json"
NO_METRICS: dict[str, list[object]] = {"current": [], "history": []}
EARLIER_MAX = 20
"""So many runs of which no page was made are read for the history."""


def draw(run: RunResult, folder: Path, told: Callable[[str], None], *, single_file: bool) -> Path:
    """Make the page of a run, in its folder, and note the run in the history beside all runs. Returns its index.html.

    told: hears of what takes long. Raises InputError where Allure or the results are missing.
    """
    if not (folder / RESULTS).is_dir():
        raise InputError(
            f"{folder} has no {RESULTS}, of which Allure would make a page: `drill run` leaves some with every run"
        )
    program = allure_program.program()
    home, history = folder.resolve(), folder.resolve().parent / allure_history.FILE
    try:
        with TemporaryDirectory(prefix=f".{PAGE}-", dir=home) as made:
            return _drawn(run, home, history, program, Path(made), told, single_file=single_file)
    except OSError as error:
        raise InputError(f"{error.filename or folder}: the page cannot be written: {error.strerror}") from error


def _drawn(
    run: RunResult,
    home: Path,
    history: Path,
    program: Path,
    room: Path,
    told: Callable[[str], None],
    *,
    single_file: bool,
) -> Path:
    points = _completed(allure_history.read(history), run, home, program, room, told)
    earlier, output = room / "history.jsonl", room / "page"
    write_text(earlier, "".join(f"{line}\n" for line in allure_history.before(points, run.run_id).values()))
    setting = room / "allurerc.json"
    write_json(setting, configuration(run, output, earlier, single_file=single_file))
    told("Allure makes its page")
    allure_program.run([str(program), "generate", "--config", str(setting), str(home / RESULTS)], room)
    for page in output.rglob("*.html"):
        if "attachments" not in page.relative_to(output).parts:
            write_text(page, quiet(page.read_text(encoding="utf-8"), page.name))
    for widgets in () if single_file else output.rglob("widgets"):
        if not (widgets / METRICS).exists():  # the page asks for it, and Allure makes it only where there are some
            write_json(widgets / METRICS, NO_METRICS)
    point = allure_history.dated(earlier.read_text(encoding="utf-8").splitlines()[-1], run.started_at)
    allure_history.write(history, allure_history.with_point(points, run.run_id, point))
    place = home / PAGE
    if place.exists():
        place.rename(room / "earlier")
    output.rename(place)
    return place / "index.html"


def _completed(
    points: Points, run: RunResult, home: Path, program: Path, room: Path, told: Callable[[str], None]
) -> Points:
    """With the points of earlier runs that nobody made a page of yet."""
    unknown = [
        folder
        for folder in sorted(home.parent.iterdir())
        if folder.name < run.run_id and folder.name not in points and not folder.is_symlink()
        and (folder / RESULTS).is_dir() and (folder / "run.json").is_file()
    ][-EARLIER_MAX:]  # fmt: skip
    if unknown:
        told(f"reading {len(unknown)} earlier run{'' if len(unknown) == 1 else 's'} for the history")
    for folder in unknown:
        try:
            earlier = run_json_reader.load(folder / "run.json")
        except InputError as error:
            told(f"left out of the history: {error}")
            continue
        if earlier.run_id != folder.name:
            continue  # a copy under another name
        file = room / f"{len(points)}.jsonl"
        name = name_of(earlier.run_id)
        options = ["--history-path", str(file), "--name", name]
        allure_program.run([str(program), "history", *options, str(folder / RESULTS)], room)
        point = allure_history.dated(file.read_text(encoding="utf-8").splitlines()[-1], earlier.started_at)
        points = allure_history.with_point(points, earlier.run_id, point)
    return points
