"""Which of several addresses a client connects to: a staggered race (RFC 8305), or one after another.

    Began --> Found or Lost of each family --> Attempt --Connected--> Won
                                                  |  ^
                    Broke, or 250 ms have passed  +--+  the next address, families in turn, IPv6 first

In a race the first attempt begins with the first IPv6 address that is known, or with an IPv4 address once IPv6 has
been answered or 50 ms have passed (section 3). Every further attempt begins 250 ms after the one before (section 5), or
at once when one has failed and nothing else is under way. What has lost is closed. Without a race both answers are
waited for, and the next address is tried only when the one before has failed (RFC 6724).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.units import NS_PER_MS

RESOLUTION_DELAY_NS = 50 * NS_PER_MS
ATTEMPT_DELAY_NS = 250 * NS_PER_MS
FIRST = "AAAA"
"""The family that is preferred."""


@dataclass(frozen=True)
class Found:
    """A family was answered: with these addresses, or with none. ok: whether anybody answered at all."""

    family: str
    addresses: tuple[str, ...]
    ok: bool = True


@dataclass(frozen=True)
class Waited:
    """A delay has passed. number: of the attempt that it follows, 0: of the resolution."""

    number: int


@dataclass(frozen=True)
class Connected:
    """An attempt has succeeded."""

    address: str


@dataclass(frozen=True)
class Broke:
    """An attempt has failed."""

    address: str


Event = Found | Waited | Connected | Broke


@dataclass(frozen=True)
class Attempt:
    """Effect: connect."""

    address: str


@dataclass(frozen=True)
class Delay:
    """Effect: say so (Waited) when after_ns have passed."""

    number: int
    after_ns: int


@dataclass(frozen=True)
class Won:
    """Effect: use this connection, and give up all others."""

    address: str


@dataclass(frozen=True)
class Lost:
    """Effect: no connection will come. why: `dns` when nobody answered, `no-address`, or `connect`."""

    why: Literal["dns", "no-address", "connect"]


Effect = Attempt | Delay | Won | Lost


@dataclass(frozen=True)
class Race:
    """staggered: whether it is a race. pending: families that are not answered yet. waiting: addresses by family that
    have not been tried; tried: the family of the last attempt. number: of attempts so far; under_way: of these. lapsed:
    the delay since the last has passed.
    """

    staggered: bool
    pending: frozenset[str]
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unanswered: bool = False
    begun: bool = False
    tried: str = ""
    number: int = 0
    under_way: tuple[str, ...] = ()
    lapsed: bool = True
    over: bool = False

    @property
    def next_family(self) -> str | None:
        """Whose address comes next: the families in turn, the preferred one first; None when none is left."""
        left = [name for name, addresses in self.waiting.items() if addresses]
        return min(left, key=lambda name: (name == self.tried, name != FIRST), default=None)


def step(state: Race, event: Event, now_ns: int) -> tuple[Race, tuple[Effect, ...]]:
    """The next state, and what to do."""
    if state.over:
        return state, ()
    if isinstance(event, Connected):
        return replace(state, over=True), (Won(event.address),)
    if isinstance(event, Found):
        waiting = {**state.waiting, event.family: event.addresses}
        pending, unanswered = state.pending - {event.family}, state.unanswered or not event.ok
        state = replace(state, pending=pending, waiting=waiting, unanswered=unanswered)
        return _begun(state, event)
    if isinstance(event, Broke):
        state = replace(state, under_way=tuple(one for one in state.under_way if one != event.address))
        return _next(state) if not state.under_way else (state, ())
    if event.number == 0:
        return _next(replace(state, begun=True)) if not state.begun else (state, ())
    if not state.staggered or event.number != state.number:
        return state, ()
    return _next(replace(state, lapsed=True))


def _begun(state: Race, event: Found) -> tuple[Race, tuple[Effect, ...]]:
    if state.begun:
        may_go_on = state.lapsed if state.staggered else not state.under_way
        return _next(state) if may_go_on or not state.under_way else (state, ())
    if not state.pending or (state.staggered and event.family == FIRST and event.addresses):
        return _next(replace(state, begun=True))
    if state.staggered and event.addresses:
        return state, (Delay(0, RESOLUTION_DELAY_NS),)
    return state, ()


def _next(state: Race) -> tuple[Race, tuple[Effect, ...]]:
    if (family := state.next_family) is None:
        if state.pending or state.under_way:
            return state, ()
        why: Literal["dns", "no-address", "connect"] = "connect"
        if not state.number:
            why = "dns" if state.unanswered else "no-address"
        return replace(state, over=True), (Lost(why),)
    (address, *rest), number = state.waiting[family], state.number + 1
    state = replace(
        state, waiting={**state.waiting, family: tuple(rest)}, tried=family, number=number,
        under_way=(*state.under_way, address), lapsed=not state.staggered,
    )  # fmt: skip
    delay = (Delay(number, ATTEMPT_DELAY_NS),) if state.staggered else ()
    return state, (Attempt(address), *delay)
