"""What the terminal says at the end of a run. Plain words first: colour only repeats them."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.drill.evidence import DrillResult, NotMeasured, RunResult
from harness.outcome import Verdict
from harness.reporting import audience_view, business, objectives, parties, terminal, wording
from harness.units import to_s

FINDINGS_SHOWN = 5
_STYLE = {
    Verdict.MET: "bold green",
    Verdict.MISSED: "bold red",
    Verdict.UNKNOWN: "bold yellow",
    Verdict.INVALID: "bold magenta",
    Verdict.ABORTED: "bold cyan",
}
_SEVERITY_STYLE = {"serious": "bold red", "warning": "yellow", "info": "dim"}
_SEVERITY_ORDER = ("serious", "warning", "info")


def show(run: RunResult, report: Path | None, console: Console | None = None) -> None:
    """Print the summary. console: where to; by default standard output, which honours NO_COLOR and pipes."""
    (console or terminal.console()).print(render(run, report))


def render(run: RunResult, report: Path | None = None) -> RenderableType:
    """The summary. report: path of report.html, printed in full so that it can be clicked or copied."""
    parts: list[RenderableType] = [_table(run)]
    parts += [_details(drill) for drill in run.drills]
    parts += [_left_out(left) for left in run.not_measured]
    parts.append(_closing(run))
    if report is not None:
        parts.append(Text(f"Report: {report}", overflow="fold"))
    return Group(*parts)


def plain_text(run: RunResult, folder: Path, width: int = 80) -> str:
    """The summary without colour, for whoever prints it by other means. folder: the run's, where report.html lies."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=width, color_system=None, force_terminal=False, highlight=False)
    show(run, folder / "report.html", console)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def _table(run: RunResult) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Drill", overflow="fold", min_width=16)
    table.add_column("RTO", overflow="fold", min_width=12)
    table.add_column("RPO", overflow="fold", min_width=9)
    for drill in run.drills:
        name = Text(wording.one_line(drill.name))
        rto = wording.of(wording.bracket(drill.rto), wording.recovery_episode(drill))
        rpo = wording.of(wording.lost(drill), wording.loss_episode(drill))
        table.add_row(_headline(drill, "\n  "), name, Text(rto), Text(rpo))
    for left in run.not_measured:
        table.add_row(Text("- left out", style="dim"), Text(wording.one_line(left.name)), Text(""), Text(""))
    return table


def verdict(value: Verdict) -> Text:
    """A verdict with its mark, in its colour."""
    return Text(f"{wording.VERDICT_MARK[value]} {value}", style=_STYLE[value])


def _headline(result: DrillResult | RunResult, gap: str = " ") -> Text:
    """The verdict, and the warnings that remain in their own colour."""
    count = wording.warnings(result.warnings)
    told = verdict(result.verdict).append(f",{gap}{count}" if count else "", style="bold yellow")
    again = wording.again(result)
    told.append(f",{gap}{again}" if again else "", style="bold yellow")
    left = wording.left_out(len(result.not_measured)) if isinstance(result, RunResult) else ""
    return told.append(f",{gap}{left}" if left else "", style="not bold default")


def _details(drill: DrillResult) -> RenderableType:
    """What stands below the table about one drill: promise, why, reasons unless all went well, findings."""
    lines = [Text(wording.one_line(drill.name), style="bold")]
    if drill.control is not None:
        lines.append(Text(wording.one_line(wording.control(drill.control)), style="dim"))
    if attempts := wording.attempts(drill):
        lines.append(Text(attempts))
    if promised := objectives.promised(drill):
        lines.append(Text(f"promised: {promised}"))
    if drill.planned_interruption is not None:
        limit = objectives.promised_interruption(drill)
        lines.append(
            Text(f"interrupted by moves: {wording.interruption(drill.planned_interruption)} (promised {limit})")
        )
    if why := wording.why(drill):
        lines.append(Text(f"{wording.of('why', wording.recovery_episode(drill))}: {wording.one_line(why)}"))
    if told := audience_view.line(drill):
        lines.append(Text(f"audience: {told}"))
    if told := business.line(drill):
        lines.append(Text(f"business: {told}"))
    if told := parties.line(drill):
        lines.append(Text(f"third parties: {told}"))
    if (compared := _compared(drill)) is not None:
        lines.append(compared)
    lines += [Text(f"- {wording.one_line(reason, 400)}") for reason in _reasons(drill)]
    lines += _findings(drill)
    inner = Padding(Group(*lines[1:]), (0, 0, 0, 2), expand=False)
    return Group(Text(), lines[0], inner)


def _left_out(left: NotMeasured) -> RenderableType:
    name, reason = Text(wording.one_line(left.name), style="bold"), Text(wording.one_line(left.reason, 400))
    return Group(Text(), name, Padding(reason, (0, 0, 0, 2), expand=False))


def _compared(drill: DrillResult) -> Text | None:
    if drill.prediction_s is None or drill.rto is None or drill.rto.point_ns is None:
        return None
    point = to_s(drill.rto.point_ns)
    text = f"predicted {wording.predicted(drill)}, measured about {wording.seconds(point)}"
    production = wording.predicted_for_production(drill)
    text = wording.of(text, wording.recovery_episode(drill))
    return Text(f"{text}; {production}" if production else text)


def _reasons(drill: DrillResult) -> tuple[str, ...]:
    """Reasons are news when something is wrong, and when a control held."""
    return () if drill.verdict is Verdict.MET and drill.control is None else drill.reasons


def _findings(drill: DrillResult) -> list[Text]:
    told = _reasons(drill)
    news = [finding for finding in drill.findings if not any(finding.text in reason for reason in told)]
    ranked = sorted(news, key=lambda finding: (*_SEVERITY_ORDER, finding.severity).index(finding.severity))
    lines = []
    shown = [finding for finding in ranked if finding.severity != "info"][:FINDINGS_SHOWN]
    for finding in shown:
        line = Text(f"{wording.one_line(finding.severity, 12)}: ", style=_SEVERITY_STYLE.get(finding.severity, ""))
        lines.append(line.append(wording.one_line(finding.text, 400), style="not bold default"))
    if len(ranked) > len(shown):
        lines.append(Text(f"findings in the report only: {len(ranked) - len(shown)}", style="dim"))
    return lines


def _closing(run: RunResult) -> RenderableType:
    line = _headline(run)
    line.append(f"  {wording.VERDICT_MEANS[run.verdict]}", style="not bold default")
    return Group(Text(), line)
