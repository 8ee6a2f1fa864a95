"""One item of a strongly consistent table (multi-Region strong consistency) as one region keeps it. A pure machine.

AWS documents what such a table promises, not how: a write is answered when it is in one more region at least, a read of
the latest reflects every such write, two writes of one item at a time in two regions conflict. Here a majority of three
keeps each item: whoever writes reserves the item in two regions at least, learns the latest version from them, and has
it stored in two before it answers. Any two majorities share a region, so nobody writes past another one, and nothing
that was answered is missed. A reservation whose owner has gone silent can be taken over when its time is over; a late
store under it is refused then.

Numbers of versions are never given twice: a region remembers the highest one that it has promised, and whoever reserves
takes one above all that it hears of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Image = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """number: 0 for an item that nobody wrote; image: None where there is none, or none any more."""

    number: int = 0
    image: Image | None = None


NOTHING = Version()


@dataclass(frozen=True, slots=True)
class Member:
    """version: the latest that is stored here; promised: the highest number of which this region knows; ballot: who has
    reserved the item, "" nobody, and until_ns: when that may be taken over."""

    version: Version = NOTHING
    promised: int = 0
    ballot: str = ""
    until_ns: int = 0


@dataclass(frozen=True, slots=True)
class Reserve:
    """Somebody wants to write."""

    ballot: str
    for_ns: int


@dataclass(frozen=True, slots=True)
class Promise:
    """Whoever has reserved it takes this number."""

    ballot: str
    number: int


@dataclass(frozen=True, slots=True)
class Store:
    """The outcome of a write."""

    ballot: str
    version: Version


@dataclass(frozen=True, slots=True)
class Release:
    """Whoever reserved it writes nothing."""

    ballot: str


@dataclass(frozen=True, slots=True)
class Learn:
    """A version that another region has stored."""

    version: Version


Event = Reserve | Promise | Store | Release | Learn


@dataclass(frozen=True, slots=True)
class Granted:
    """Reserved."""

    version: Version
    promised: int


@dataclass(frozen=True, slots=True)
class Stored:
    """It is kept here."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The item is being written by somebody else."""


Effect = Granted | Stored | Refused


def step(state: Member, event: Event, now_ns: int) -> tuple[Member, tuple[Effect, ...]]:
    """The next state, and the answer."""
    match event:
        case Reserve(ballot=ballot, for_ns=for_ns):
            if state.ballot not in ("", ballot) and now_ns < state.until_ns:
                return state, (Refused(),)
            taken = replace(state, ballot=ballot, until_ns=now_ns + for_ns)
            return taken, (Granted(state.version, state.promised),)
        case Promise(ballot=ballot, number=number):
            if state.ballot != ballot:
                return state, (Refused(),)
            return replace(state, promised=max(state.promised, number)), (Stored(),)
        case Store(ballot=ballot, version=version):
            if state.ballot != ballot or version.number <= state.version.number:
                return state, (Refused(),)
            return _stored(replace(state, ballot="", until_ns=0), version), (Stored(),)
        case Release(ballot=ballot):
            return (replace(state, ballot="", until_ns=0) if state.ballot == ballot else state), ()
        case Learn(version=version):
            return (_stored(state, version) if version.number > state.version.number else state), (Stored(),)


def _stored(state: Member, version: Version) -> Member:
    return replace(state, version=version, promised=max(state.promised, version.number))
