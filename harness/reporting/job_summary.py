"""A run in Markdown, for the page that a CI server shows of a job: verdicts, reasons and timelines. Computes nothing.

GitHub takes no summary of more than 1 MiB, so what would go beyond is left out with a word, pictures first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.drill.evidence import DrillResult, RunResult
from harness.outcome import Verdict
from harness.reporting import drill_view, gantt, matrix_markdown, objectives, wording
from harness.reporting.lanes import arrange
from harness.reporting.markdown import code, table, text
from harness.reporting.report import reproduce
from harness.reporting.sources import read_history
from harness.units import to_s

LARGEST_BYTES = 1024 * 1024 - 4096
"""What GitHub takes, and room for its own end of the file."""
LEAST_BYTES = 64 * 1024
"""So much the parts that are always there may need; where less is left, nothing is added."""
ROWS_MAX = 100
REASONS_MAX = 12
FINDINGS_MAX = 5


def render(run: RunResult, folder: Path, link: str = "", room: int = LARGEST_BYTES) -> str:
    """The summary. folder: the run's; link: where its files can be fetched, "" where nobody knows; room: in bytes."""
    head, foot = "\n".join(_head(run)), "\n".join(_foot(run, folder, link))
    left = room - _size(head) - _size(foot) - 200
    parts, without = [head], 0
    for drill in run.drills:
        for drawn in (True, False):
            part = "\n".join(_drill(run, drill, folder, drawn=drawn))
            if _size(part) <= left:
                break
        else:
            without += 1
            continue
        parts.append(part)
        left -= _size(part)
    if without:
        parts.append(f"{without} more drills are told of in the report: there is no more room here.\n")
    return "\n".join([*parts, foot])


def artefacts(variables: Mapping[str, str]) -> str:
    """Where a CI server shows the files of its job, from the variables that it sets; "" elsewhere."""
    server, repository, run_id = (
        variables.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    if all((_ADDRESS.fullmatch(server), re.fullmatch(r"[\w.-]+/[\w.-]+", repository), run_id.isdigit())):
        return f"{server}/{repository}/actions/runs/{run_id}#artifacts"
    job = variables.get("CI_JOB_URL", "")
    return f"{job}/artifacts/browse" if _ADDRESS.fullmatch(job) else ""


_ADDRESS = re.compile(r"https?://[\w.:/-]+")


def _size(part: str) -> int:
    return len(part.encode("utf-8", "backslashreplace")) + 1


def _head(run: RunResult) -> Iterator[str]:
    yield f"## {wording.VERDICT_MARK[run.verdict]} {wording.headline(run)}: disaster-recovery drills"
    yield ""
    counts = wording.counted(drill.verdict for drill in run.drills)
    yield f"{wording.VERDICT_MEANS[run.verdict]}{f' {counts}.' if len(run.drills) > 1 else ''}"
    yield ""
    facts = {"Run": run.run_id, "subject": run.subject, "environment": run.environment, "profile": run.profile}
    seed = "" if run.seed is None else f", seed {run.seed}"
    yield ", ".join(f"{name} {code(value, 200)}" for name, value in facts.items() if value) + seed
    yield ""
    rows = [_row(drill) for drill in run.drills[:ROWS_MAX]]
    head = ("Drill", "Verdict", "Recovery time", "promised", "Lost writes", "promised")
    yield from table(head, rows) if rows else ()
    if len(run.drills) > ROWS_MAX:
        yield f"And {len(run.drills) - ROWS_MAX} more.\n"
    for left in run.not_measured[:ROWS_MAX]:
        yield f"- {text(left.name)} is not measurable here: {text(left.reason)}"
    yield ""
    yield from matrix_markdown.lines(run)


def _row(drill: DrillResult) -> tuple[str, ...]:
    return (
        text(drill.name, 120),
        f"{wording.VERDICT_MARK[drill.verdict]} {text(wording.ending(drill))}",
        text(wording.of(wording.bracket(drill.rto), wording.recovery_episode(drill))),
        text(objectives.promised_recovery(drill)),
        text(wording.of(wording.lost(drill), wording.loss_episode(drill))),
        text(objectives.promised_point(drill)),
    )


def _drill(run: RunResult, drill: DrillResult, folder: Path, *, drawn: bool) -> Iterator[str]:
    yield f"### {wording.VERDICT_MARK[drill.verdict]} {text(drill.name, 120)}: {text(wording.ending(drill))}"
    yield ""
    if drill.control is not None:
        yield f"{text(wording.control(drill.control))}\n"
    if attempts := wording.attempts(drill):
        yield f"**{text(attempts, 1200)}**\n"
    if drill.verdict is not Verdict.MET or drill.control is not None:
        yield from _listed(drill.reasons, REASONS_MAX)
    if why := wording.why(drill):
        yield f"{text(wording.of('Why', wording.recovery_episode(drill)))}: {text(why)}\n"
    grave = [f"{one.severity}: {one.text}" for one in drill_view.findings(drill) if one.severity != "info"]
    yield from _listed(grave, FINDINGS_MAX)
    if drawn:
        yield from _timeline(drill, folder)
        yield from _phases(drill)
    yield f"Again: {code(reproduce(run, drill), 1000)}"
    yield ""


def _listed(texts: Sequence[str], limit: int) -> Iterator[str]:
    for one in texts[:limit]:
        yield f"- {text(one, 600)}"
    if len(texts) > limit:
        yield f"- {len(texts) - limit} more in the report"
    if texts:
        yield ""


def _timeline(drill: DrillResult, folder: Path) -> Iterator[str]:
    recorded = read_history(folder, drill)
    if recorded.problem:
        yield f"No timeline: {text(recorded.problem)}\n"
        return
    lanes = arrange(recorded.events, drill)
    lines = gantt.draw(lanes) if recorded.events else []
    if lines:
        zero = drill_view.zero_ns(drill)
        began = "" if zero is None else f", the fault began after {-lanes.start_s:.1f}"
        yield f"Timeline, in seconds of the recording{began}:\n"
        yield from lines


def _phases(drill: DrillResult) -> Iterator[str]:
    views, total, _ = drill_view.phases(drill.phases_ns, drill.prediction_s, drill.noticed_by)
    if not views:
        return
    yield "<details><summary>Where the recovery time went</summary>\n"
    rows = [(text(view.name), f"{view.length} s") for view in views]
    yield from table(("Phase", "took"), [*rows, ("together", f"{total} s")])
    yield "</details>\n"


def _foot(run: RunResult, folder: Path, link: str) -> Iterator[str]:
    took_s = to_s(round((run.finished_at - run.started_at).total_seconds() * 1e9))
    files = [name for name in ("report.html", "run.json", "junit.xml", "allure-report") if (folder / name).exists()]
    listed = ", ".join(code(f"{folder.name}/{name}") for name in files)
    where = f"[Files of this run]({link}): " if link else "Files of this run: "
    yield f"{where}{listed}. It took {took_s:.0f} s." if files else f"It took {took_s:.0f} s."
    yield ""
