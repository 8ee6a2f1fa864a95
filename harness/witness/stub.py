"""Whom a client asks for a name, and whom next: the stub resolver's part of a lookup, as a machine.

             Answered(usable)                    TimedOut, Answered(not usable), Refused
    ASKING --------------------> Use(server)  --------------------------------------------> the next server (Send)
       ^                                                                                        | none left
       +------------------------------------ so many rounds -----------------------------------+-----------> GiveUp

As the C library does with the servers of resolv.conf (`man resolv.conf`: timeout, attempts): always the first one
first, whatever it did the last time; then the others, and all of that `attempts` times. A closed port (Refused)
moves on at once, but for the last try of a round, which waits: asking again at once would find it closed still. An
answer to an earlier try counts whenever it comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Ask:
    """A name is wanted."""


@dataclass(frozen=True)
class TimedOut:
    """The try has waited long enough."""


@dataclass(frozen=True)
class Refused:
    """A server's port is closed."""

    server: int


@dataclass(frozen=True)
class Answered:
    """A server has answered. usable: with an address, or that there is none; not "I cannot"."""

    server: int
    usable: bool


@dataclass(frozen=True)
class Send:
    """Ask this server, and wait so long for it."""

    server: int
    wait_ns: int


@dataclass(frozen=True)
class Use:
    """The answer of this server is the lookup's."""

    server: int


@dataclass(frozen=True)
class GiveUp:
    """Nobody is left to ask. server: the one whose answer, however useless, was the last; None: there was none."""

    server: int | None


Event = Ask | TimedOut | Refused | Answered
Effect = Send | Use | GiveUp


@dataclass(frozen=True)
class StubState:
    """servers: how many there are. wait_ns: for each try. attempts: rounds. tries: made so far. useless: see GiveUp."""

    servers: int
    wait_ns: int
    attempts: int
    tries: int = 0
    useless: int | None = None

    @property
    def current(self) -> int:
        """The server that was asked last."""
        return (self.tries - 1) % self.servers


def step(state: StubState, event: Event, now_ns: int) -> tuple[StubState, tuple[Effect, ...]]:
    """The next state, and what the driver must do. now_ns plays no part: the driver keeps the time-out."""
    match event:
        case Ask() | TimedOut():
            return _next(state)
        case Refused(server=server):
            if server != state.current or state.current == state.servers - 1:
                return state, ()
            return _next(state)
        case Answered(server=server, usable=True):
            return state, (Use(server),)
        case Answered(server=server):
            state = replace(state, useless=server)
            return _next(state) if server == state.current else (state, ())


def _next(state: StubState) -> tuple[StubState, tuple[Effect, ...]]:
    if state.tries >= state.servers * state.attempts:
        return state, (GiveUp(state.useless),)
    state = replace(state, tries=state.tries + 1)
    return state, (Send(state.current, state.wait_ns),)
