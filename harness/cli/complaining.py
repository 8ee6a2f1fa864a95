"""How errors are told: every line begins with `drill:`, but for those that are indented under the one before."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.reporting.wording import clean

_PREFIX = "drill:"


def complain(text: str) -> None:
    """Tell an error on standard error. The words may be anybody's: no markup, and nothing that a terminal obeys."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for line in clean(text).splitlines() or [""]:
        if line[:1].isspace():
            console.print(Text(line))
        elif line:
            console.print(Text.assemble((_PREFIX, "bold red"), " ", line))
