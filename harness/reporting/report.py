"""report.html: one self-contained page for people who were not there. No script, no request, nothing computed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from harness.drill import watching
from harness.drill.evidence import DrillResult, RunResult
from harness.drill.matrix import matrix_of
from harness.reporting import (
    audience_view,
    chronicle,
    drill_view,
    journey_view,
    matrix_page,
    matrix_runs,
    objectives,
    samples,
    timeline,
    wording,
)
from harness.reporting.lanes import arrange
from harness.reporting.pages import environment
from harness.reporting.sources import LogTail, read_history, read_log
from harness.storable_text import write_text

if TYPE_CHECKING:
    from markupsafe import Markup

OUTAGES_SHOWN = 14


@dataclass(frozen=True)
class DrillView:
    """A drill as the template wants it: the evidence, and what only drawing needs."""

    drill: DrillResult
    anchor: str
    anchor_number: str
    phases: tuple[drill_view.PhaseView, ...]
    phases_total: str
    predicted_share: float | None
    svg: Markup
    svg_text: str
    history_problem: str
    logs: tuple[LogTail, ...]
    findings: tuple[drill_view.FindingRow, ...]
    kept: tuple[objectives.ObjectiveRow, ...]
    objectives: tuple[objectives.ObjectiveRow, ...]
    command: str
    episodes: tuple[drill_view.EpisodeView, ...]
    cohorts: tuple[drill_view.CohortRow, ...]
    outages: tuple[drill_view.OutageRow, ...]
    outages_left: int
    chronicle: tuple[chronicle.Line, ...]
    samples: tuple[samples.SampleRow, ...]
    journeys: tuple[journey_view.JourneyRow, ...]
    audience: tuple[audience_view.AudienceView, ...]
    times: str


def write(run: RunResult, folder: Path) -> Path:
    """Write folder/report.html from the evidence and the histories and logs that lie in the same folder."""
    path = folder / "report.html"
    write_text(path, render(run, folder))
    return path


def render(run: RunResult, folder: Path) -> str:
    """The page as text. Whatever is missing in the folder is named on the page instead of failing it."""
    views = [_view(run, drill, folder, number) for number, drill in enumerate(run.drills, start=1)]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            views=views,
            counts=wording.counted(drill.verdict for drill in run.drills),
            shown=_matrix(run, folder.parent),
        )
    )


def _matrix(run: RunResult, reports: Path) -> matrix_page.MatrixView | None:
    """What the drills of this run alone show of journeys, beside the runs before it; None without journeys."""
    found = matrix_of([run])
    return None if found is None else matrix_page.view(found, matrix_page.anchor, *matrix_runs.told(run, reports))


def reproduce(run: RunResult, drill: DrillResult) -> str:
    """The command line that runs this drill again, from the folder where it ran; names, where no more is known."""
    by_hand = drill.feature == watching.FEATURE and drill.name == watching.NAME
    words = ["drill", "watch"] if by_hand else ["drill", "run", drill.typed or drill.name]
    words += ["--environment", run.typed.get("environment", run.environment)]
    subject = run.typed.get("subject", "" if run.typed else run.subject)
    words += ["--subject", subject] if subject else []
    words += ["--profile", run.profile]
    words += [] if run.seed is None else ["--seed", str(run.seed)]
    words += ["--trials", run.typed["trials"]] if "trials" in run.typed and not by_hand else []
    for name, value in drill.settings.items():
        words += [f"--{name}", value] if by_hand else ["--set", f"{name}={value}"]
    return " ".join(quote(word) for word in words)


def _view(run: RunResult, drill: DrillResult, folder: Path, number: int) -> DrillView:
    recorded = read_history(folder, drill)
    outages, rows = drill_view.outages(drill, OUTAGES_SHOWN), objectives.rows(drill)
    phases, total, predicted = drill_view.phases(drill.phases_ns, drill.prediction_s, drill.noticed_by)
    return DrillView(
        drill=drill,
        anchor=f"d{number}-{wording.slug(drill.name)}",
        anchor_number=f"d{number}",
        phases=phases,
        phases_total=total,
        predicted_share=predicted,
        svg=_inline(timeline.svg(recorded.events, drill) if recorded.events else "", f"d{number}-"),
        svg_text=timeline.describe(arrange(recorded.events, drill)) if recorded.events else "",
        history_problem=recorded.problem,
        logs=tuple(read_log(folder, drill, name) for name in drill.logs),
        findings=drill_view.findings(drill),
        objectives=rows,
        kept=objectives.kept(rows),
        command=reproduce(run, drill),
        episodes=drill_view.episodes(drill),
        cohorts=drill_view.cohorts(drill),
        outages=outages,
        outages_left=len(drill.outages) - len(outages),
        chronicle=chronicle.lines(recorded.events, drill),
        samples=samples.rows(recorded.events, drill),
        journeys=journey_view.rows(drill),
        audience=audience_view.views(drill),
        times=drill_view.times(recorded.events, drill),
    )


_IDENTIFIER = re.compile(r'(<[^>]*?\bid="|url\(#|xlink:href="#)')


def _inline(document: str, prefix: str) -> Markup:
    """An SVG document as part of a page: no prologue, and identifiers of its own; nothing from nothing.

    The document is our own drawing; texts in it are escaped by matplotlib, so `<` only ever opens a tag.
    """
    from markupsafe import Markup

    body = document[max(document.find("<svg"), 0) :]
    body = re.sub(r"<(metadata|style)\b.*?</\1>", "", body, count=2, flags=re.DOTALL)
    body = re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r'<svg \1aria-hidden="true"', body, count=1)
    return Markup(_IDENTIFIER.sub(lambda match: match.group(1) + prefix, body))  # noqa: S704
