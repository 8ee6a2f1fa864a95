"""`drill install`: programs of other people that some environments run, into the user's cache."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from harness.reporting import terminal

EXAMPLES = """
Examples:

`drill install` (what there is)

`drill install ministack`

`drill install ministack --remove`

Programs go into the folder that DRILL_CACHE names, else `~/.cache/drill-harness`; nothing else is touched.

Exit codes: 0 installed (or it was already), 3 it cannot be.
"""


def install(
    name: Annotated[str | None, typer.Argument(help="Which program. Without: what there is.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it again, with everything of it.")] = False,
) -> None:
    """Install a program that an environment runs and that is not part of this package."""
    from harness.live import installing
    from harness.world import installed

    console, there_are = terminal.console(), installing.recipes()
    if name is None:
        table = Table("program", "version", "installed", "licence", "what it is", box=None, pad_edge=False)
        for recipe in there_are.values():
            whole = installed.installed(recipe) is not None
            table.add_row(recipe.name, recipe.version, "yes" if whole else "no", recipe.licence, recipe.about)
        console.print(table)
        return
    recipe = installing.named(name, there_are)
    if remove:
        gone = installing.remove(recipe)
        console.print(Text(f"{recipe.name} is removed" if gone else f"{recipe.name} was not installed"))
        return
    if installed.installed(recipe) is None:
        console.print(Text(f"{recipe.name} {recipe.version} ({recipe.licence}): {recipe.about}"))
        console.print(Text(f"downloads {recipe.downloads}; about {recipe.size_mb} MB in {installed.folder_of(recipe)}"))
    program = installing.install(recipe, there_are, lambda text: console.print(Text(text)))
    console.print(Text(f"ready: {program}"))
