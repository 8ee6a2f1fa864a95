"""Reading no more than a stated share of a table's read capacity: a bucket that fills with time. Pure.

A page's cost is known only once it has been read, so the bucket may be overdrawn by one page, and the next page waits
until that is paid back. Capacity is in read units: one strongly consistent read of 4 KB, or two eventually consistent
ones (Developer Guide, "DynamoDB read and write operations").
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.units import NS_PER_S

UNIT_BYTES = 4096
ON_DEMAND_UNITS = 12_000
"""What a new on-demand table serves from the start (Developer Guide, "On-demand capacity mode"); it may serve more."""


@dataclass(frozen=True)
class Throttle:
    """units_per_s: what may be read. owed_ns: until when what was read is paid back."""

    units_per_s: float
    owed_until_ns: int = 0


@dataclass(frozen=True)
class PageRead:
    """units: what the page cost. refused: whether the table said that it is too much."""

    units: float
    refused: bool = False


@dataclass(frozen=True)
class Wait:
    """Before the next page."""

    wait_ns: int


_AFTER_REFUSAL_NS = NS_PER_S // 2


def step(state: Throttle, event: PageRead, now_ns: int) -> tuple[Throttle, tuple[Wait, ...]]:
    """A page was read, or refused: how long to wait before the next one."""
    begin_ns = max(state.owed_until_ns, now_ns)
    owed_ns = begin_ns + round(event.units * NS_PER_S / state.units_per_s)
    if event.refused:
        owed_ns = max(owed_ns, now_ns + _AFTER_REFUSAL_NS)
    state = replace(state, owed_until_ns=owed_ns)
    return state, (Wait(owed_ns - now_ns),) if owed_ns > now_ns else ()


def units_of(size_bytes: int, *, consistent: bool) -> float:
    """What a page of so many bytes costs at least."""
    whole = -(-size_bytes // UNIT_BYTES)
    return float(whole) if consistent else whole / 2
