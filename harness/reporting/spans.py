"""What the lanes of a timeline are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Something that held from start_s to end_s. label: what held, for instance a region. good: whether that is as it
    should be; None: neither. moment: it was done rather than held; several times in a row, if its ends differ."""

    start_s: float
    end_s: float
    label: str
    good: bool | None = None
    moment: bool = False


@dataclass(frozen=True)
class Row:
    """One named lane."""

    name: str
    spans: tuple[Span, ...]


def changes_as_spans(changes: Iterable[tuple[float, str]], end_s: float) -> tuple[Span, ...]:
    """Spans between successive changes; equal neighbours become one."""
    merged: list[tuple[float, str]] = []
    for at_s, label in sorted(changes, key=lambda change: change[0]):
        if not merged or merged[-1][1] != label:
            merged.append((at_s, label))
    stops = [at_s for at_s, _ in merged[1:]] + [max(end_s, merged[-1][0])]
    return tuple(Span(at_s, stop_s, label) for (at_s, label), stop_s in zip(merged, stops, strict=True))
