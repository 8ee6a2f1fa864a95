"""report.html: one self-contained page for people who were not there. No script, no request, nothing computed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from harness.drill import watching
from harness.drill.evidence import DrillResult, RunResult
from harness.drill.matrix import matrix_of
from harness.outcome import Bracket, Verdict
from harness.reporting import (
    business,
    chronicle,
    drill_view,
    glossary,
    journey_view,
    matrix_page,
    matrix_runs,
    objectives,
    samples,
    timeline,
    wording,
)
from harness.reporting.lanes import arrange
from harness.reporting.sources import LogTail, read_history, read_log
from harness.storable_text import write_text
from harness.units import to_ns

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

LOST_ITEMS_SHOWN = 60
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


def _shown(value: object) -> str:
    """A value of a free mapping (failback) in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and {"low_s", "high_s"} <= value.keys():
        high_s = value["high_s"]
        with suppress(ValueError, TypeError, OverflowError):  # of somebody else's file it may be anything
            value = Bracket(to_ns(value["low_s"]), None if high_s is None else to_ns(high_s))
    if isinstance(value, Bracket):
        return wording.interruption(value)
    if isinstance(value, float):
        return f"{value:.2f}"
    if value is None:
        return wording.NOT_MEASURED
    return wording.one_line(str(value), 500)


def _milliseconds(value_s: float) -> str:
    return f"{value_s * 1000:.1f} ms"


@cache
def environment() -> Environment:
    """What every page is made with: escaped, stripped of control characters, nothing undefined."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=PackageLoader("harness.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.filters.update(
        bracket=wording.bracket,
        seconds=wording.seconds,
        items=wording.items,
        percent=wording.percent,
        milliseconds=_milliseconds,
        shown=_shown,
        mark=wording.VERDICT_MARK.__getitem__,
        means=wording.VERDICT_MEANS.__getitem__,
        check=glossary.check,
        capability=glossary.capability,
        measurable=glossary.measurable,
        lateness=glossary.lateness,
        failback=glossary.failback,
        both_sides=glossary.both_sides,
        business=business.rows,
        profile=glossary.profile,
        folder=lambda path: path.rpartition("/")[0],
    )
    made.globals.update(
        style=Markup(_stylesheet("report.css")),  # noqa: S704 - our own file, no value in it
        matrix_style=Markup(_stylesheet("matrix.css")),  # noqa: S704 - the same
        loss=wording.loss,
        lost=wording.lost,
        control=wording.control,
        of=wording.of,
        recovery_episode=wording.recovery_episode,
        loss_episode=wording.loss_episode,
        survivor=wording.survivor,
        predicted=wording.predicted,
        predicted_for_production=wording.predicted_for_production,
        interruption=wording.interruption,
        promised_interruption=objectives.promised_interruption,
        promised_recovery=objectives.promised_recovery,
        promised_point=objectives.promised_point,
        folded=drill_view.folded,
        tried=drill_view.tried,
        fault_words=glossary.fault,
        ending=wording.ending,
        headline=wording.headline,
        why=wording.why,
        words=glossary.WORDS,
        lost_shown=LOST_ITEMS_SHOWN,
        told_shown=chronicle.SHOWN,
        Verdict=Verdict,
    )
    return made


def _stylesheet(name: str) -> str:
    return (resources.files("harness.reporting") / "templates" / name).read_text(encoding="utf-8")


def _finalize(value: Any) -> Any:
    """Every plain string that reaches the page loses its control characters first."""
    return wording.clean(value) if type(value) is str else value
