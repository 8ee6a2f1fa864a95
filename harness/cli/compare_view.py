"""How a comparison is shown in a terminal, and what is compared when nobody says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Column, Table
from rich.text import Text

from harness.drill.compared import DECIDE, DETECT, PROPAGATE, Comparison, Row, Way, lacking
from harness.reporting import wording
from harness.reporting.compare_words import in_production, settings, soonest
from harness.topology.shipped import roots
from harness.units import to_s

if TYPE_CHECKING:
    from rich.console import Console

    from harness.cli.compare_plan import Plan

SHIPPED = (
    "embedded", "route53-weighted", "route53-latency", "route53-routing-controls", "digitalocean", "cloudflare",
    "cloudflare-proxied", "akamai",
)  # fmt: skip
"""One environment for each way to lead clients."""
STYLES = {"MET": "green", "MISSED": "red", "UNKNOWN": "yellow", "INVALID": "magenta", "ABORTED": "magenta"}
_NONE = "–"
_PARTS = (DETECT, DECIDE, PROPAGATE)


def shipped() -> list[str]:
    """Those that are there."""
    return [name for name in SHIPPED if any((root / "environments" / f"{name}.yaml").is_file() for root in roots())]


def show_plan(plan: Plan, out: Console) -> None:
    """What will be run, and what will not."""
    runs = len(plan.ways) - len(plan.left_out)
    what = f"{runs} run{'s' * (runs != 1)} of {', '.join(plan.outages)}"
    out.print(Text(f"{what}, profile {plan.profile.value}, seed {plan.seed}"), soft_wrap=True)
    for label, why in plan.left_out.items():
        out.print(Text(f"  not run: {label}: {why}"), soft_wrap=True)
    _show_lacking((way for way, _ in plan.ways), out)


def began(number: int, count: int, way: Way, out: Console) -> None:
    """What runs now."""
    out.print(Text(f"\n{number} of {count}: {way.label}", style="bold"))


def show(found: Comparison, out: Console) -> None:
    """For each outage what was measured, and what is expected of production."""
    for outage in found.outages:
        rows = [row for row in found.rows if row.outage == outage]
        out.print(Text(f"\n{outage}", style="bold"))
        out.print(Text(f"Measured, seconds of the profile {found.profile}; last client: from – to"))
        out.print(_table(("Last client", "Verdict"), ((row, _measured(row)) for row in rows)))
        for row in rows:
            if row.why:
                out.print(Text(f"  {row.way.label}: {row.why}"), soft_wrap=True)
        if told := soonest(rows):
            out.print(Text(f"  soonest: {told}"), soft_wrap=True)
        if documented := [row for row in rows if row.expected is not None]:
            out.print(Text("\nExpected in production by the documented constants alone, seconds: from – to"))
            out.print(_table(("Last client", "Typically"), ((row, _expected(row)) for row in documented)))
        if told := in_production(rows):
            out.print(Text(f"  expected soonest: {told}"), soft_wrap=True)
    if any(way.settings for way in found.ways):
        out.print(Text("\nRun with, of production:"))
    for way in found.ways:
        if way.settings:
            out.print(Text(f"  {way.label}: {settings(way)}"), soft_wrap=True)
    _show_lacking(found.ways, out)


def _table(last: Sequence[str], rows: Iterable[tuple[Row, Iterable[Text]]]) -> Table:
    figures = [Column(name, justify="right", no_wrap=True) for name in ("Detect", "Decide", "Propagate", last[0])]
    table = Table(Column("Way to lead clients", overflow="fold"), *figures, last[1], box=None, pad_edge=False)
    for row, told in rows:
        table.add_row(Text(row.way.label), *told)
    return table


def _measured(row: Row) -> Iterator[Text]:
    phases = row.phases_ns or {}
    for name in _PARTS:
        yield Text(f"{to_s(phases[name]):.2f}" if name in phases else _NONE)
    yield Text(_NONE if row.recovery is None else wording.bracket(row.recovery).removesuffix(" s"))
    yield Text(row.verdict or "not run", STYLES.get(row.verdict, ""))


def _expected(row: Row) -> Iterator[Text]:
    phases, whole = row.expected_phases or {}, row.expected
    for name in _PARTS:
        yield Text(wording.whole_seconds(phases[name]) if name in phases else _NONE)
    yield Text(_NONE if whole is None else wording.whole_seconds(whole))
    yield Text(_NONE if whole is None or whole.point_ns is None else f"{to_s(whole.point_ns):.0f}")


def _show_lacking(ways: Iterable[Way], out: Console) -> None:
    for sentence in lacking(ways):
        out.print(Text(f"  {sentence}"), soft_wrap=True)


def show_files(files: Sequence[Path], out: Console) -> None:
    """Where it is kept."""
    text = "\n".join(f"{'Page' if file.suffix == '.html' else 'Data'}: {file}" for file in files)
    out.print(Text(f"\n{text}"), soft_wrap=True)
