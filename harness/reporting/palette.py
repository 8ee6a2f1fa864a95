"""Colours of every picture. Okabe and Ito's set (jfly.uni-koeln.de/color, 2008): told apart with any colour vision."""

from __future__ import annotations

INK = "#1b2733"
"""Text and axes. Pages with a dark scheme replace it by name, see templates/report.css."""
MUTED = "#5b6875"
GRID = "#d5dbe1"
PAPER = "#ffffff"

SERVED = "#a9d6c9"
FAILED = "#d55e00"
FAULT = "#cc79a7"
UNKNOWN = "#b8c0c8"

REGIONS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9")
PHASES = ("#22577a", "#5390b5", "#9cc5dd", "#7a6c9d", "#b3a6cf", "#c9b458", "#8d99a6")


def region_colour(index: int) -> str:
    """The colour of the n-th region named in a topology or a history."""
    return REGIONS[index % len(REGIONS)]


def phase_colour(index: int) -> str:
    """The colour of the n-th phase in time."""
    return PHASES[index % len(PHASES)]


def on(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour (WCAG 2.2 relative luminance, threshold 0.179)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return "#000000" if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 else "#ffffff"
