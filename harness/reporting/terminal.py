"""A console for people and for pipes: a terminal as wide as it is, anything else wide enough to cut no name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import IO

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.segment import Segment

PIPED_COLUMNS = 240
"""Longer than any line of our tables: a file has no edge at which a name must break."""


def console(file: IO[str] | None = None) -> Console:
    """Where to print, by default standard output. COLUMNS, where it is set, decides the width for everything.

    No line ends with blanks, by which tables fill their columns: what is copied or compared has none.
    """
    to = sys.stdout if file is None else file
    wide = None if to.isatty() or "COLUMNS" in os.environ else PIPED_COLUMNS
    found = Console(file=file, highlight=False, width=wide)
    found.push_render_hook(_Trimming())
    return found


class _Trimming(RenderHook):
    """Whatever is printed, without blanks at the ends of its lines."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Trimmed(renderable) for renderable in renderables]


class _Trimmed:
    def __init__(self, inner: ConsoleRenderable) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        yield from trimmed(console.render(self._inner, options))


def trimmed(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Without the blanks before each line's end; those that have a colour of their own are no blanks."""
    held: list[Segment] = []
    for segment in segments:
        if segment.control:
            yield segment
            continue
        first, *others = segment.text.split("\n")
        pieces = [(first, False), *((piece, True) for piece in others)]
        for piece, begins in pieces:
            if begins:
                held.clear()
                yield Segment("\n")
            text = piece if _is_seen(segment) else piece.rstrip(" ")
            if text:
                yield from held
                held.clear()
                yield Segment(text, segment.style)
            if len(text) < len(piece):
                held.append(Segment(piece[len(text) :], segment.style))


def _is_seen(segment: Segment) -> bool:
    style = segment.style
    return style is not None and bool(style.bgcolor or style.underline or style.reverse)
