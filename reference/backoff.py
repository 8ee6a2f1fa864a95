"""How long to wait before another try: a random part of a time that doubles ("full jitter"). Pure.

Whoever was refused together comes back apart (Amazon Builders' Library, "Timeouts, retries, and backoff with jitter").
"""

from __future__ import annotations

DOUBLINGS_MAX = 30


def ceiling_s(doublings: int, first_s: float, longest_s: float) -> float:
    """What a wait is at most, after so many doublings."""
    return min(longest_s, first_s * 2.0 ** min(doublings, DOUBLINGS_MAX))


def wait_s(failures: int, draw: float, first_s: float, longest_s: float) -> float:
    """After so many failures in a row, from 1. draw: from 0 to 1, at random."""
    return draw * ceiling_s(max(failures - 1, 0), first_s, longest_s)
