"""Text from anybody in GitHub's Markdown: shown as it is, and never a link, an image, markup or another cell."""

from __future__ import annotations

import html
import re

from harness.reporting.wording import one_line

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def text(value: str, limit: int = 400) -> str:
    """One line of text. Every mark that could mean something has a backslash; what HTML would read is an entity."""
    return _PUNCTUATION.sub(_escaped, one_line(value, limit))


def _escaped(mark: re.Match[str]) -> str:
    found = mark[1]
    return html.escape(found) if found in "&<>" else found if found in ",;%'\"/()" else f"\\{found}"


def code(value: str, limit: int = 400) -> str:
    """One line of text as code, between more backticks than it has in a row. Not for a table."""
    inner = one_line(value, limit)
    fence = "`" * (1 + max(map(len, re.findall("`+", inner)), default=0))
    return f"{fence} {inner} {fence}" if "`" in inner else f"{fence}{inner or ' '}{fence}"


def row(*cells: str) -> str:
    """One row of a table. cells: Markdown."""
    return f"| {' | '.join(cells)} |"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """A table's lines, and the blank line after it."""
    return [row(*head), row(*("---" for _ in head)), *(row(*cells) for cells in rows), ""]
