"""How a comparison is shown in a terminal, and what is compared when nobody says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Column, Table
from rich.text import Text

from harness.drill.compared import DECIDE, DETECT, PROPAGATE, Comparison, Row, Way, fastest
from harness.reporting import wording
from harness.topology.shipped import roots
from harness.units import to_s

if TYPE_CHECKING:
    from rich.console import Console

SHIPPED = (
    "embedded", "route53-weighted", "route53-latency", "route53-routing-controls", "digitalocean", "cloudflare",
    "cloudflare-proxied", "akamai",
)  # fmt: skip
"""One environment for each way to lead clients."""
STYLES = {"MET": "green", "MISSED": "red", "UNKNOWN": "yellow", "INVALID": "magenta", "ABORTED": "magenta"}


def shipped() -> list[str]:
    """Those that are there."""
    return [name for name in SHIPPED if any((root / "environments" / f"{name}.yaml").is_file() for root in roots())]


def began(number: int, count: int, way: Way, out: Console) -> None:
    """What runs now."""
    out.print(Text(f"\n{number} of {count}: {way.label}", style="bold"))


def show(found: Comparison, out: Console) -> None:
    """A table for each outage."""
    for outage in found.outages:
        rows = [row for row in found.rows if row.outage == outage]
        out.print(Text(f"\n{outage}, seconds of the profile {found.profile}", style="bold"))
        figures = ("Detect", "Decide", "Propagate", "Last client", "In production, expected")
        columns = [Column(name, justify="right", no_wrap=name == "Last client") for name in figures]
        table = Table(Column("Way to lead clients", overflow="fold"), *columns, "Verdict", box=None, pad_edge=False)
        for row in rows:
            table.add_row(
                Text(row.way.label),
                *map(Text, _figures(row)),
                Text(row.verdict or "not run", STYLES.get(row.verdict, "")),
            )
        out.print(table)
        for row in rows:
            if row.why:
                out.print(Text(f"  {row.way.label}: {row.why}"), soft_wrap=True)
        best = fastest(rows)
        if best is not None and len(rows) > 1:
            out.print(Text(f"  soonest: {best.way.label}, {wording.bracket(best.recovery)}"))


def _figures(row: Row) -> Sequence[str]:
    """Detect, decide, propagate, last client, and what is expected of production."""
    phases = row.phases_ns or {}
    parts = [f"{to_s(phases[name]):.2f}" if name in phases else "-" for name in (DETECT, DECIDE, PROPAGATE)]
    recovery = "-" if row.recovery is None else wording.bracket(row.recovery)
    expected = "nothing documented" if row.expected is None else wording.bracket(row.expected)
    return [*parts, recovery, expected if row.verdict else "-"]


def show_files(files: Sequence[Path], out: Console) -> None:
    """Where it is kept."""
    out.print(Text("\n" + "\n".join(f"{'Page' if file.suffix == '.html' else 'Data'}: {file}" for file in files)))
