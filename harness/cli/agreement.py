"""Before anything is broken that is not ours: what would be done is shown, and whoever runs it types its name."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from harness.errors import InputError


def agrees(typed: str, name: str) -> bool:
    """Whether what was typed is the environment's name: a `y` is typed too easily."""
    return typed.strip() == name


def agreed(name: str, lines: Sequence[str], *, breaks: bool, yes: bool, console: Console) -> bool:
    """Show the lines; True once it is agreed to, False where nothing would be broken. name: of the environment.

    Raises InputError where it is not agreed to, and where nobody could be asked.
    """
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    if not breaks:
        return yes
    if yes:
        console.print("agreed to by --yes")
        return True
    if not sys.stdin.isatty():
        raise InputError(f"{name} is no world of ours, and nobody is here to agree: give --yes (or DRILL_YES=1)")
    console.print(Text(f"Type the environment's name ({name}) to go on: "), end="")
    typed = sys.stdin.readline()
    if not agrees(typed, name):
        raise InputError(f"{name} was not typed: nothing has been touched")
    return True
