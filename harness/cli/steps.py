"""`drill steps`: the words that scenarios are written in, what each step is for, and how one is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from harness.errors import InputError
from harness.reporting.wording import clean

if TYPE_CHECKING:
    from harness.pytest_plugin.vocabulary import Phrase

EXAMPLES = """
Examples:

`drill steps`

`drill steps latency`

`drill steps given objective`

`drill steps pager --in tests/drills`

Exit codes: 0 shown; 3 no step is about these words, or the folder cannot be read.
"""


def list_steps(
    words: Annotated[list[str] | None, typer.Argument(help="Only steps that are about all of these words.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--in", help="Show also the steps of your own that pytest finds in this folder.")
    ] = None,
) -> None:
    """List the steps of a scenario: Given, When and Then, what each is for, with an example."""
    from harness.pytest_plugin.vocabulary import PLACEHOLDERS, known_phrases, our_definitions

    phrases = known_phrases(our_definitions())
    if folder is not None:
        from harness.cli.own_steps import own_definitions

        phrases = known_phrases([*our_definitions(), *own_definitions(folder)])
    wanted = words or []
    chosen = [phrase for phrase in phrases if phrase.about(wanted)]
    if not chosen:
        raise InputError(_nothing(" ".join(wanted), phrases))
    console = Console(highlight=False, soft_wrap=True)
    keyword = ""
    for phrase in chosen:
        if phrase.keyword != keyword:
            keyword = phrase.keyword
            console.print(Text(f"\n{keyword}", style="bold"))
        _show(phrase, console)
    used = [name for name in PLACEHOLDERS if any(name in phrase.placeholders for phrase in chosen)]
    if used:
        console.print()
    for name in used:
        console.print(Text(f"{name}: {PLACEHOLDERS[name]}", style="dim"))


def _show(phrase: Phrase, console: Console) -> None:
    console.print(Text(f"  {clean(phrase.shown)}", style="cyan"))
    told = [phrase.what, *(f"Example: {phrase.keyword} {example}" for example in phrase.examples)]
    told += [f"Defined in {phrase.place}"] if phrase.place else []
    for line in filter(None, told):
        console.print(Text(f"      {clean(line)}"))


def _nothing(text: str, phrases: Sequence[Phrase]) -> str:
    from harness.pytest_plugin.vocabulary import nearest

    near = nearest(text, phrases)
    hint = f"; the nearest is {near.keyword} {near.offered}" if near is not None else "; `drill steps` lists all"
    return f"no step is about {text}{hint}"
