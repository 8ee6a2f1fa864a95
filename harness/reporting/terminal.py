"""A console for people and for pipes: a terminal as wide as it is, anything else wide enough to cut no name."""

from __future__ import annotations

import os
import sys
from typing import IO

from rich.console import Console

PIPED_COLUMNS = 240
"""Longer than any line of our tables: a file has no edge at which a name must break."""


def console(file: IO[str] | None = None) -> Console:
    """Where to print, by default standard output. COLUMNS, where it is set, decides the width for everything."""
    to = sys.stdout if file is None else file
    wide = None if to.isatty() or "COLUMNS" in os.environ else PIPED_COLUMNS
    return Console(file=file, highlight=False, width=wide)
