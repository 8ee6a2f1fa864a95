"""Which kind of key each slot of a client's grid is for: fixed patterns, so that shares are exact and nothing is drawn.

Roaming clients go where the name leads them. Of ten writes seven are to keys of their own, one to a register, one to
the pair key and one to a recycled key. All of them write the same register at about the same time (a quarter of a
client's period apart with four clients), so that an order that is not kept shows; their pair writes are spread evenly.

Sided clients stay with one edge. Of four writes two are to the pair key, one is to a key of their own, and one to a
register. While their side has not acknowledged the pair key yet, three of four are: so the pair around a move is as
close as their grid allows. They read mostly what others wrote.

Where the application writes groups, one of ten writes of a roaming client, and one of eight of a sided one, is a group
instead of a key of its own; two of eight reads are of the two items of one.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Literal

Mix = Literal["own", "roaming", "sided"]
"""own: only keys of one's own."""


class Part(Enum):
    """A kind of key. OTHERS: unique keys of other clients; GONE: keys that are deleted, or in turn put and deleted."""

    OWN = auto()
    REGISTER = auto()
    PAIR = auto()
    RECYCLED = auto()
    COUNTER = auto()
    GROUP = auto()
    OTHERS = auto()
    GONE = auto()


_ROAMING_CYCLE = 10
_SIDED_CYCLE = 4
_ROAMING_READS = (
    Part.OWN, Part.OTHERS, Part.OWN, Part.REGISTER, Part.OWN, Part.PAIR, Part.OWN, Part.GONE,
)  # fmt: skip
_SIDED_READS = (
    Part.OWN, Part.REGISTER, Part.PAIR, Part.OTHERS, Part.GONE, Part.REGISTER, Part.PAIR, Part.OTHERS,
)  # fmt: skip


def to_write(
    mix: Mix, turn: int, index: int, *, pair_waits: bool = False, counts: bool = False, groups: bool = False
) -> Part:
    """The kind of key of a client's write number `turn`. index: which client it is.

    pair_waits: this client's side has not acknowledged the pair key yet. counts: the application has counters;
    groups: and writes groups.
    """
    if mix == "own":
        return Part.OWN
    if mix == "roaming":
        return _roaming(turn % _ROAMING_CYCLE, index, counts=counts, groups=groups)
    place = turn % _SIDED_CYCLE
    if place == _SIDED_CYCLE - 1:
        return Part.COUNTER if counts and turn // _SIDED_CYCLE % 2 else Part.REGISTER
    if place != 1 or pair_waits:
        return Part.PAIR
    return Part.GROUP if groups and turn // _SIDED_CYCLE % 2 else Part.OWN


def _roaming(place: int, index: int, *, counts: bool, groups: bool) -> Part:
    if place == 0:
        return Part.REGISTER
    if place == 2:
        return Part.RECYCLED
    if place == 4 and counts:
        return Part.COUNTER
    if place == 8 and groups:
        return Part.GROUP
    return Part.PAIR if place == 2 * (index % 4) + 1 else Part.OWN


_GROUP_READS = {"roaming": (4, 6), "sided": (5, 7)}


def to_read(mix: Mix, turn: int, *, counts: bool = False, groups: bool = False) -> Part:
    """The kind of key of a client's read number `turn`."""
    if mix == "own":
        return Part.OWN
    pattern = _ROAMING_READS if mix == "roaming" else _SIDED_READS
    place, again = turn % len(pattern), turn // len(pattern) % 2
    if groups and place in _GROUP_READS[mix]:
        return Part.GROUP
    if counts and again and pattern[place] is Part.REGISTER:
        return Part.COUNTER
    return pattern[place]
