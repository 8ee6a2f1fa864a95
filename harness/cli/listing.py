"""`drill list`: which drills there are."""

from __future__ import annotations

from rich.table import Table

EXAMPLES = "Example: `drill list`"


def list_drills() -> None:
    """List all drills, by the names that `drill run` takes."""
    from harness.drill.catalogue import known_drills  # pytest-bdd: only where it is needed
    from harness.reporting.terminal import console

    table = Table(box=None, pad_edge=False)
    table.add_column("drill", overflow="fold")
    table.add_column("scenario", overflow="fold")
    table.add_column("feature", overflow="fold")
    for drill in known_drills():
        table.add_row(drill.name, drill.scenario, drill.feature)
    console().print(table)
