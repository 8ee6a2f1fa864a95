"""`drill list`: which drills there are."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

EXAMPLES = "Example: `drill list`"


def list_drills() -> None:
    """List all drills, by the names that `drill run` takes."""
    from harness.drill.catalogue import known_drills  # pytest-bdd: only where it is needed

    table = Table("drill", "scenario", "feature", box=None, pad_edge=False)
    for drill in known_drills():
        table.add_row(drill.name, drill.scenario, drill.feature)
    Console().print(table)
