"""What every checker returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.outcome import Verdict, merge


@dataclass(frozen=True)
class Finding:
    """Something a reader should know. id: as in docs/MEASUREMENT.md; severity: info | warning | serious.

    at_ns: the moment of the history that it is about, so that a report can point at it; None: none in particular.
    """

    id: str
    text: str
    severity: str = "warning"
    at_ns: int | None = None


@dataclass(frozen=True)
class CheckResult:
    """A checker's verdict, one sentence with the numbers, and what it found with witnesses."""

    name: str
    verdict: Verdict
    text: str
    findings: tuple[Finding, ...] = ()


def merged(results: Iterable[CheckResult]) -> Verdict:
    """The verdict of a drill from its checks."""
    return merge(result.verdict for result in results)


def shortened(text: str, limit: int = 100) -> str:
    """A text of somebody's for a sentence: its beginning, where it is long; said in words, where there is none."""
    if not text:
        return "an empty text"
    return text if len(text) <= limit else f"{text[:20]}... ({len(text)} characters)"


def some(items: Sequence[str], limit: int = 5, total: int | None = None) -> str:
    """The first few of many, for a sentence. total: how many there are, where only the first of them are given."""
    count = len(items) if total is None else total
    shown = ", ".join(shortened(item) for item in items[:limit])
    return shown if count <= limit else f"{shown} and {count - limit} more"
