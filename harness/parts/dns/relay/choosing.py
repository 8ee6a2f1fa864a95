"""Which name server a resolver asks: one machine for all its questions.

                    Answered(usable)
      Asked  +--------------------------> Deliver
    -------> ASKING
      Send   +--------------------------> the next server (Send), or after `TRIES` GiveUp (SERVFAIL)
                    Answered(not usable), Failed

Resolvers keep what each server's answers took (RFC 6298 for the time-out, as Unbound does for DNS), take turns among
those that are well, and leave one alone for a while that did not answer twice in a row. A question goes to a server
that has not been asked it yet, as long as there is one. All of them alone: then they are asked all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.units import NS_PER_MS, NS_PER_S

TRIES = 4
FIRST_WAIT_NS = 100 * NS_PER_MS
"""Before anything is known of a server. Unbound begins with 376 ms for servers anywhere; these are at hand."""
SHORTEST_WAIT_NS, LONGEST_WAIT_NS = 50 * NS_PER_MS, 1_000 * NS_PER_MS
"""50 ms is Unbound's least time-out, too."""
FAILURES_TO_REST = 2
REST_NS = 2 * NS_PER_S


@dataclass(frozen=True)
class Asked:
    """A client asks. query: the question's number."""

    query: int


@dataclass(frozen=True)
class Answered:
    """A server has answered. usable: with anything but "I cannot" (SERVFAIL, REFUSED, NOTIMP)."""

    query: int
    server: int
    usable: bool


@dataclass(frozen=True)
class Failed:
    """A server has not answered in time, or its port is closed."""

    query: int
    server: int


Event = Asked | Answered | Failed


@dataclass(frozen=True)
class Send:
    """Ask this server, and wait so long."""

    query: int
    server: int
    wait_ns: int


@dataclass(frozen=True)
class Deliver:
    """Pass on what that server has answered."""

    query: int
    server: int


@dataclass(frozen=True)
class GiveUp:
    """Nobody has answered: SERVFAIL."""

    query: int


@dataclass(frozen=True)
class Noticed:
    """A server is left alone from now on, or has answered after it was. For people."""

    server: int
    well: bool


Effect = Send | Deliver | GiveUp | Noticed


@dataclass(frozen=True)
class Server:
    """What is known of one. took_ns, spread_ns: smoothed, None before the first answer. failures: in a row."""

    took_ns: int | None = None
    spread_ns: int = 0
    failures: int = 0
    rests_until_ns: int = 0

    @property
    def alone(self) -> bool:
        """Whether it has failed so often in a row that it is left alone, and is tried now and then."""
        return self.failures >= FAILURES_TO_REST

    @property
    def wait_ns(self) -> int:
        """How long to wait for its answer."""
        if self.took_ns is None:
            return FIRST_WAIT_NS
        wait_ns = max(SHORTEST_WAIT_NS, self.took_ns + 4 * self.spread_ns)
        return int(min(LONGEST_WAIT_NS, wait_ns << self.failures))


@dataclass(frozen=True)
class Query:
    """A question under way. server: the one that is asked; tried: those that were, it among them."""

    server: int
    sent_ns: int
    tried: tuple[int, ...]


@dataclass(frozen=True)
class State:
    """servers: in the order of the configuration. turn: whose it is. queries: under way, by number."""

    servers: tuple[Server, ...]
    turn: int = 0
    queries: Mapping[int, Query] = field(default_factory=dict)


def step(state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """The next state, and what the driver must do."""
    if isinstance(event, Asked):
        return _send(state, event.query, (), now_ns)
    query = state.queries.get(event.query)
    if query is None or query.server != event.server:
        return state, ()
    before = state.servers[event.server]
    after = _failed(before, now_ns) if isinstance(event, Failed) else _answered(before, now_ns - query.sent_ns)
    noticed = () if after.alone == before.alone else (Noticed(event.server, not after.alone),)
    state = _with(state, event.server, after)
    if isinstance(event, Failed) or not event.usable:
        state, effects = _again(state, event.query, now_ns)
        return state, (*noticed, *effects)
    return _without(state, event.query), (*noticed, Deliver(event.query, event.server))


def _again(state: State, number: int, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    tried = state.queries[number].tried
    if len(tried) >= TRIES:
        return _without(state, number), (GiveUp(number),)
    return _send(state, number, tried, now_ns)


def _send(state: State, number: int, tried: tuple[int, ...], now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    server = _next(state, tried, now_ns)
    query = Query(server, now_ns, (*tried, server))
    state = replace(state, turn=state.turn + 1, queries={**state.queries, number: query})
    return state, (Send(number, server, state.servers[server].wait_ns),)


def _next(state: State, tried: tuple[int, ...], now_ns: int) -> int:
    """The server least often asked this question; of those, one that does not rest; of those, whose turn it is."""
    count = len(state.servers)
    in_turn = [(state.turn + i) % count for i in range(count)]
    return min(in_turn, key=lambda i: (tried.count(i), state.servers[i].rests_until_ns > now_ns))


def _failed(server: Server, now_ns: int) -> Server:
    failures = min(server.failures + 1, 5)
    failed = replace(server, failures=failures)
    return replace(failed, rests_until_ns=now_ns + REST_NS) if failed.alone else failed


def _answered(server: Server, took_ns: int) -> Server:
    if server.took_ns is None:
        return Server(took_ns, took_ns // 2)
    spread_ns = server.spread_ns + (abs(took_ns - server.took_ns) - server.spread_ns) // 4
    return Server(server.took_ns + (took_ns - server.took_ns) // 8, spread_ns)


def _with(state: State, index: int, server: Server) -> State:
    return replace(state, servers=(*state.servers[:index], server, *state.servers[index + 1 :]))


def _without(state: State, number: int) -> State:
    return replace(state, queries={k: v for k, v in state.queries.items() if k != number})
