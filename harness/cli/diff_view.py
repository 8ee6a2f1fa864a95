"""What `drill diff` shows: a bar while it works, then a table for people, or JSON for programs."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from harness.comparison.by_python import Watcher
from harness.comparison.differences import CHANGED, Difference
from harness.comparison.result import EXIT_DIFFERENT, EXIT_EQUAL, EXIT_UNKNOWN, Result
from harness.comparison.sources import Source
from harness.reporting.terminal import console
from harness.reporting.wording import clean

_STYLES = {EXIT_EQUAL: "green", EXIT_DIFFERENT: "red", EXIT_UNKNOWN: "yellow"}
_SHOWN = 60
_CHANGES_SHOWN = 6
_ATTRIBUTES_SHOWN = 12


class _Bars:
    """A bar for each side, and one for the comparison."""

    def __init__(self, progress: Progress, sources: Sequence[Source]) -> None:
        self._progress = progress
        self._of = [source.items for source in sources]
        self._bars: dict[str, TaskID] = {}

    def _bar(self, name: str, done: int, of: int) -> None:
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(name, total=of or None)
        self._progress.update(self._bars[name], completed=done, total=max(of, done) or None)

    def reading(self, side: str, items: int, of: int) -> None:
        """See Watcher."""
        self._bar(f"reading {side}", items, of)

    def comparing(self, done: int, of: int) -> None:
        """See Watcher."""
        self._bar("comparing", done, of)


@contextlib.contextmanager
def progress(sources: Sequence[Source]) -> Iterator[Watcher]:
    """Bars on standard error, where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
    with shown:
        yield _Bars(shown, sources)


def show(result: Result, sides: Sequence[str], names: Sequence[str], *, limit: int, as_json: bool) -> None:
    """What it came to, on standard output."""
    if as_json:
        _as_json(result, sides, names)
    else:
        _for_people(result, sides, limit)


def _as_json(result: Result, sides: Sequence[str], names: Sequence[str]) -> None:
    """One document, written difference by difference: there may be more of them than memory holds."""
    low, high = result.estimate()
    equal = None if result.is_unknown else result.are_equal
    head: dict[str, Any] = {
        "a": sides[0], "b": sides[1], "key": list(names), "engine": result.engine, "equal": equal,
        "sample": result.fraction, "different_in_all": [low, high], "counts": result.counts.as_json(),
    }  # fmt: skip
    sys.stdout.write(json.dumps(head)[:-1] + ', "differences": [')
    with result.rows.open(encoding="ascii") as rows:
        for number, row in enumerate(rows):
            sys.stdout.write(("," if number else "") + "\n" + row.rstrip("\n"))
    sys.stdout.write("]}\n")


def _for_people(result: Result, sides: Sequence[str], limit: int) -> None:
    out = console()
    counts = result.counts
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in (
        (f"items in A ({clean(sides[0])})", counts.read_left),
        (f"items in B ({clean(sides[1])})", counts.read_right),
        ("equal", counts.equal),
        ("only in A", counts.only_left),
        ("only in B", counts.only_right),
        ("in both, and different", counts.changed),
        ("changed while they were read, and equal in the end", counts.settled),
    ):
        if value or "changed while" not in name:
            table.add_row(Text(name), Text(str(value), justify="right"))
    out.print(table)
    _attributes(result, out)
    _differences(result, limit, out)
    out.print(Text(_conclusion(result), style=_STYLES[result.exit_code]), soft_wrap=True)


def _attributes(result: Result, out: Console) -> None:
    most = result.counts.attributes.most_common(_ATTRIBUTES_SHOWN)
    if most:
        told = ", ".join(f"{clean(name)} ({count})" for name, count in most)
        left = len(result.counts.attributes) - len(most)
        out.print(Text(f"attributes that differ: {told}" + (f" and {left} more" if left else "")), soft_wrap=True)


def _differences(result: Result, limit: int, out: Console) -> None:
    if not result.counts.different or not limit:
        return
    table = Table(box=None, pad_edge=False)
    for name in ("key", "where", "what", "A", "B"):
        table.add_column(name, overflow="fold")
    for _, found in zip(range(limit), result.differences(), strict=False):
        for row in _rows(found):
            table.add_row(*(Text(clean(cell, _SHOWN)) for cell in row))
    out.print(table)
    if result.counts.different > limit:
        out.print(f"and {result.counts.different - limit} more keys; --json or --parquet has all of them")


def _rows(found: Difference) -> Iterator[tuple[str, str, str, str, str]]:
    key = ", ".join(_plain(value) for value in json.loads(found.key).values())
    if found.kind != CHANGED:
        yield key, "", found.kind, found.left or "", found.right or ""
        return
    for number, change in enumerate(found.changes[:_CHANGES_SHOWN]):
        yield key if not number else "", change.path, change.kind, _value(change.left), _value(change.right)
    if len(found.changes) > _CHANGES_SHOWN:
        yield "", f"and {len(found.changes) - _CHANGES_SHOWN} more", "", "", ""


def _value(text: str | None) -> str:
    return "" if text is None else _plain(json.loads(text))


def _plain(value: dict[str, Any]) -> str:
    ((kind, inner),) = value.items()
    return json.dumps(inner) if kind == "S" else f"{inner}" if kind == "N" else json.dumps(value)


def _conclusion(result: Result) -> str:
    if result.fraction >= 1:
        return "equal" if result.are_equal else f"different: {result.counts.different} keys"
    low, high = result.estimate()
    if result.is_unknown:
        many = "the tables may differ in every key" if result.total is None else f"up to {high} keys may differ"
        return f"unknown: nothing was in the sample ({result.fraction * 100:g} % of the keys); {many}"
    said = "equal in the sample" if result.are_equal else f"different: {result.counts.different} keys of the sample"
    share = f"{result.fraction * 100:g} % of the keys"
    if result.are_equal:
        return f"{said} ({share}): in all at most {high} keys differ, as far as 95 of 100 such samples tell the truth"
    return f"{said} ({share}): in all {low} to {high} keys differ, as far as 95 of 100 such samples tell the truth"
