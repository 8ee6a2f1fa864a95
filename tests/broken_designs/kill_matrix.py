"""Which design was caught by which drill, and with the right words: pure, from how the drills ended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

SHOWN = 300
"""Characters of a reason."""


class Fate(Enum):
    """What became of a design in a drill."""

    CAUGHT = "caught"
    WRONG_WORDS = "red, but its reason names something else"
    SURVIVED = "survived"
    NOT_RUN = "left no evidence"


GOOD = (Fate.CAUGHT.value, "green")


@dataclass(frozen=True)
class Ended:
    """How a drill of a design ended. reasons: what it says, findings left out."""

    verdict: str
    reasons: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """All reasons in one line."""
        return "; ".join(self.reasons)


@dataclass(frozen=True)
class Cell:
    """One design in one drill. words: what the reasons must hold, as regular expressions."""

    design: str
    rows: tuple[int, ...]
    drill: str
    words: tuple[str, ...]
    ended: Ended | None

    @property
    def fate(self) -> Fate:
        """Caught is red, and red for the right reason."""
        if self.ended is None:
            return Fate.NOT_RUN
        if self.ended.verdict != "MISSED":
            return Fate.SURVIVED
        return Fate.CAUGHT if not self.unsaid else Fate.WRONG_WORDS

    @property
    def unsaid(self) -> tuple[str, ...]:
        """The words that are not in the reasons."""
        said = "" if self.ended is None else self.ended.said
        return tuple(word for word in self.words if not re.search(word, said, re.IGNORECASE))


def show(cells: Sequence[Cell], whole: Mapping[str, Ended | None], console: Console) -> int:
    """Print the matrix: each design and drill with its reason, then the whole reference. Returns the exit code.

    whole: how the reference itself ended in each drill, where it was run; it must be MET.
    """
    for cell in cells:
        rows = ", ".join(str(row) for row in cell.rows)
        _line(console, cell.fate.value, f"{cell.design} (row {rows})", cell.drill, cell.ended)
    for drill, ended in whole.items():
        fate = "green" if ended is not None and ended.verdict == "MET" else "not green"
        _line(console, fate, "the reference", drill, None if ended is None or fate == "green" else ended)
    wrong = list(_wrong(cells, whole))
    for sentence in wrong:
        console.print(sentence, markup=False)
    killed = {cell.design for cell in cells} - {cell.design for cell in cells if cell.fate is not Fate.CAUGHT}
    console.print(f"{len(killed)} of {len({cell.design for cell in cells})} broken designs were caught")
    return 1 if wrong else 0


def _wrong(cells: Sequence[Cell], whole: Mapping[str, Ended | None]) -> list[str]:
    found = []
    for cell in cells:
        if cell.fate is Fate.CAUGHT:
            continue
        unsaid = f"; not said: {', '.join(cell.unsaid)}" if cell.fate is Fate.WRONG_WORDS else ""
        said = f": {cell.ended.said}" if cell.ended is not None else ""
        verdict = "" if cell.ended is None else f", {cell.ended.verdict}"
        found.append(f"{cell.design} in {cell.drill}: {cell.fate.value}{verdict}{unsaid}{said}")
    for drill, ended in whole.items():
        if ended is None or ended.verdict != "MET":
            found.append(f"the reference in {drill} must be MET: {'no evidence' if ended is None else ended.said}")
    return found


def _line(console: Console, fate: str, design: str, drill: str, ended: Ended | None) -> None:
    """Two lines: names are never cut, whatever the terminal's width."""
    console.print(
        f"{fate}: {design} in {drill}", markup=False, style="green" if fate in GOOD else "red", soft_wrap=True
    )
    if ended is not None:
        text = f"{ended.verdict}: {ended.said}"
        cut = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
        console.print(Padding(Text(cut), (0, 0, 0, 4)))
