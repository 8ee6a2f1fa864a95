"""The seam of functions: what runs a region's functions, as Lambda does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.world.part import Part


class Functions(Part):
    """Runs the functions of one region. They call AWS over the links of `functions.REGION` (harness.world.callers)."""

    region: str

    def problems(self) -> Sequence[str]:
        """What is wrong with functions, and with what feeds them, in words. Raises WorldError."""
        raise NotImplementedError

    def replace_functions(self, file: Path) -> None:
        """Have all of them run the `lambda_handler` of a file, until the next reset. Raises WorldError."""
        raise NotImplementedError


def explained(notes: Sequence[str], functions: Iterable[Functions]) -> tuple[str, ...]:
    """What is told of a replication that does not work, with what functions say of themselves; else nothing."""
    return (*notes, *(text for one in functions for text in one.problems())) if notes else ()


def replaced(functions: Iterable[Functions], file: Path | None) -> None:
    """Have all functions of a world run another handler; None: their own. Raises WorldError."""
    if file is not None:
        for one in functions:
            one.replace_functions(file)
