"""One item of a table that is replicated asynchronously (multi-Region eventual consistency). A pure machine for each.

Items are replicated one by one, so there is one machine for each item, and nothing orders those of different items: a
transaction arrives in parts ("How DynamoDB global tables work", Amazon DynamoDB Developer Guide).

A write in a region gets a stamp there. It becomes a change that waits for every other region until its delay is over,
is sent, and is taken if its stamp is above that of what the region shows: the last writer wins. Whoever loses hears
nothing of it. Several changes that wait for one region are merged, the newest is sent when the oldest was due. What
cannot be sent waits until it can, so that what was written in a cut-off region arrives after the heal, and may lose
then. A delete is a version without an image, and kept as one.

Stamps are a region's own clock, raised above what it shows: with clocks that agree, no write loses to an older one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Image = Mapping[str, Any]
Path = tuple[str, str]
"""From a region to another."""


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """When a write was made, by the clock of the region that took it."""

    ns: int
    region: str


@dataclass(frozen=True, slots=True)
class Version:
    """What a write left of the item; None: nothing, it was deleted."""

    stamp: Stamp
    image: Image | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change on its way. since_ns: when the oldest write in it was made; sent: it is under way.

    next_ns: when the first write was made that was merged into it since it was sent, and must be sent after it.
    """

    version: Version
    since_ns: int
    due_ns: int
    sent: bool = False
    next_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """shown: by region, the latest write that its replica shows; waiting: what is on its way, by path."""

    shown: Mapping[str, Version] = field(default_factory=dict)
    waiting: Mapping[Path, Waiting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """Somebody wrote in a region. at_ns: by its clock; lags_ns: for each other replica, how long the change takes."""

    region: str
    at_ns: int
    image: Image | None
    lags_ns: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Joined:
    """A region has become a replica, and gets what another one shows."""

    path: Path
    lag_ns: int


@dataclass(frozen=True, slots=True)
class Left:
    """A region is no replica any more."""

    region: str


@dataclass(frozen=True, slots=True)
class Due:
    """A change should be sent now."""

    path: Path


@dataclass(frozen=True, slots=True)
class Arrived:
    """A change has come to a region."""

    path: Path
    version: Version


@dataclass(frozen=True, slots=True)
class Landed:
    """A region's replica shows a change that came from another one. It may have been told before."""

    region: str
    version: Version


@dataclass(frozen=True, slots=True)
class Settled:
    """Whoever sent a change knows that the region has it, or something newer."""

    path: Path
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Failed:
    """Nobody answered, or the item changed meanwhile. pause_ns: how long to wait before the next try."""

    path: Path
    pause_ns: int


Event = Written | Joined | Left | Due | Arrived | Landed | Settled | Failed


@dataclass(frozen=True, slots=True)
class Wake:
    """Tell the machine at that time that a change is due."""

    path: Path
    due_ns: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send a change."""

    path: Path
    version: Version


@dataclass(frozen=True, slots=True)
class Apply:
    """Store a version in a region, provided that it still shows `over` (None: no write of which anything is known)."""

    region: str
    version: Version
    over: Version | None


@dataclass(frozen=True, slots=True)
class Lost:
    """A write has lost to a newer one of another region. Nobody there hears of it."""

    region: str
    loser: Version
    winner: Version


@dataclass(frozen=True, slots=True)
class Replicated:
    """A change has come to where it had to. latency_ns: since the oldest write in it."""

    path: Path
    latency_ns: int


Effect = Wake | Send | Apply | Lost | Replicated
Step = tuple[Item, tuple[Effect, ...]]


def step(state: Item, event: Event, now_ns: int) -> tuple[Item, tuple[Effect, ...]]:
    """The next state, and what must be done."""
    match event:
        case Written():
            return _written(state, event, now_ns)
        case Joined(path=path, lag_ns=lag_ns):
            held = state.shown.get(path[0])
            return (state, ()) if held is None else _waits(state, path, held, now_ns, now_ns + lag_ns)
        case Left(region=region):
            shown = {other: version for other, version in state.shown.items() if other != region}
            return Item(shown, {path: one for path, one in state.waiting.items() if region not in path}), ()
        case Due(path=path):
            waiting = state.waiting.get(path)
            if waiting is None or waiting.sent or waiting.due_ns > now_ns:
                return state, ()
            return _with(state, path, replace(waiting, sent=True)), (Send(path, waiting.version),)
        case Arrived(path=path, version=version):
            return state, _taken(state, path[1], version)
        case Landed(region=region, version=version):
            return _landed(state, region, version, now_ns)
        case Settled(path=path, stamp=stamp):
            return _settled(state, path, stamp, now_ns)
        case Failed(path=path, pause_ns=pause_ns):
            waiting = state.waiting.get(path)
            if waiting is None:
                return state, ()
            later = replace(waiting, sent=False, due_ns=now_ns + pause_ns, next_ns=None)
            return _with(state, path, later), (Wake(path, later.due_ns),)


def _written(state: Item, event: Written, now_ns: int) -> Step:
    held = state.shown.get(event.region)
    at_ns = event.at_ns if held is None else max(event.at_ns, held.stamp.ns + 1)
    version = Version(Stamp(at_ns, event.region), event.image)
    state = replace(state, shown={**state.shown, event.region: version})
    effects: tuple[Effect, ...] = ()
    for other, lag_ns in event.lags_ns.items():
        state, more = _waits(state, (event.region, other), version, now_ns, now_ns + lag_ns)
        effects += more
    return state, effects


def _waits(state: Item, path: Path, version: Version, now_ns: int, due_ns: int) -> Step:
    """A change waits; where one does already, it is merged into that, and the newest is sent when that was due."""
    before = state.waiting.get(path)
    if before is None:
        return _with(state, path, Waiting(version, now_ns, due_ns)), (Wake(path, due_ns),)
    newest = max(before.version, version, key=lambda one: one.stamp)
    if before.sent:
        first = before.next_ns is None
        next_due_ns = due_ns if first else min(before.due_ns, due_ns)
        merged = replace(before, version=newest, due_ns=next_due_ns, next_ns=now_ns if first else before.next_ns)
        return _with(state, path, merged), ()
    merged = replace(before, version=newest, due_ns=min(before.due_ns, due_ns))
    return _with(state, path, merged), ((Wake(path, merged.due_ns),) if merged.due_ns < before.due_ns else ())


def _taken(state: Item, region: str, version: Version) -> tuple[Effect, ...]:
    """Whether a change that has come is news there."""
    held = state.shown.get(region)
    if held is None or version.stamp > held.stamp:
        return (Apply(region, version, held),)
    other = held.stamp.region != version.stamp.region
    return (Lost(region, version, held),) if other else ()


def _landed(state: Item, region: str, version: Version, now_ns: int) -> Step:
    held = state.shown.get(region)
    if held is not None and version.stamp < held.stamp:
        # A write there came between look and store, and was overwritten by what is older: it is put back.
        return state, (Apply(region, held, version),)
    state = replace(state, shown={**state.shown, region: version})
    return _settled(state, (version.stamp.region, region), version.stamp, now_ns)


def _settled(state: Item, path: Path, stamp: Stamp, now_ns: int) -> Step:
    waiting = state.waiting.get(path)
    if waiting is None:
        return state, ()
    done = Replicated(path, now_ns - waiting.since_ns)
    if waiting.version.stamp <= stamp:
        left = {other: one for other, one in state.waiting.items() if other != path}
        return replace(state, waiting=left), (done,)
    if waiting.next_ns is None:
        return state, ()  # about an older change, of which the newest knows nothing
    again = Waiting(waiting.version, waiting.next_ns, max(waiting.due_ns, now_ns))
    return _with(state, path, again), (done, Wake(path, again.due_ns))


def _with(state: Item, path: Path, waiting: Waiting) -> Item:
    return replace(state, waiting={**state.waiting, path: waiting})
