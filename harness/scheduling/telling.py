"""Whether somebody is told of what happened, and why. Pure: each channel is asked about by itself.

A channel that could not be told stays where it was: what it does not know yet, it is told after the next run.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class Reason(StrEnum):
    """Why somebody is told."""

    FIRST = "first"
    CHANGED = "changed"
    MISSED = "missed"
    OVERLAP = "overlap"
    ALWAYS = "always"


def reason_to_tell(
    policy: Literal["changes", "always"], known: str | None, verdict: str, missed_count: int
) -> Reason | None:
    """Why a channel is told of a run. known: the verdict that it was told last, None: none yet."""
    if known is None:
        return Reason.FIRST
    if known != verdict:
        return Reason.CHANGED
    if missed_count:
        return Reason.MISSED
    return Reason.ALWAYS if policy == "always" else None


def reason_to_tell_of_overlap(policy: Literal["changes", "always"], overlaps_before: int) -> Reason | None:
    """The same of a run that was not begun. overlaps_before: how many came directly before it."""
    return Reason.OVERLAP if policy == "always" or overlaps_before == 0 else None
