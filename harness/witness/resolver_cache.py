"""A client's own DNS cache: honest unless its policy says otherwise, and staggered against its siblings'.

            Lookup, none or expired            Answered
  EMPTY ---------------------------> ASKING -------------> FRESH --(expires_ns reached)--> EMPTY
    ^                                  |
    +------------- Failed -------------+

Lookup while FRESH is served at once. Lookup while ASKING joins the query that is in flight. An answer is served for
its TTL at most, counted from its arrival; a failed query leaves nothing behind (no stale answers, no negative
entry). A server's "there is no such address" is an answer, with the lifetime of RFC 2308.

A policy (`cache_policy`) may keep an answer for another time, remember for a while that nobody answered, and serve what
has run out where nobody answers (RFC 8767): an entry that has run out is kept beside the query that is to replace it,
and served when that has failed, or has not been answered when the client response timer ends. It then counts as fresh
for the stale TTL; only after that is anybody asked again. Every answer replaces it, "there is no such name" included.

Stagger: all clients that started together would refresh together, and the recovery time would be a lottery over
where the change falls within the TTL. So an entry is dropped at the latest point of a grid (phase + k * TTL) within its
lifetime: never later than its TTL, and client i of n stays i/n of a TTL behind the first however often it refreshes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.witness.cache_policy import HONEST, CachePolicy


@dataclass(frozen=True)
class Lookup:
    """An operation needs the address."""


@dataclass(frozen=True)
class Answered:
    """The query returned. addresses empty: the name has none. ttl_ns: as the answer says."""

    addresses: tuple[str, ...]
    ttl_ns: int


@dataclass(frozen=True)
class Failed:
    """The query was given up."""


@dataclass(frozen=True)
class Waited:
    """The client response timer of a query has ended. query: its number."""

    query: int


@dataclass(frozen=True)
class Serve:
    """Answer the operation(s) that wait."""

    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """Ask the server."""


@dataclass(frozen=True)
class Timer:
    """Say so (Waited) when after_ns have passed."""

    query: int
    after_ns: int


@dataclass(frozen=True)
class Wait:
    """A query is in flight; its end will serve or refuse this operation too."""


@dataclass(frozen=True)
class Refuse:
    """The operation(s) that wait get no address."""


@dataclass(frozen=True)
class Changed:
    """The cached answer is another one than before (or the first): another set of addresses, sorted here."""

    addresses: tuple[str, ...]
    ttl_ns: int


Event = Lookup | Answered | Failed | Waited
Effect = Serve | Query | Timer | Wait | Refuse | Changed


@dataclass(frozen=True)
class CacheState:
    """origin_ns, share: this client's refresh grid is origin + share * lifetime + k * lifetime.

    addresses: of the entry that lives until expires_ns, and is of use until stale_ns; None: no entry. last: what
    Changed last reported. failed_ns: until then it is remembered that nobody answered. in_flight: queries under way, 0
    or 1. queries: how many were ever sent.
    """

    origin_ns: int
    share: float = 0.0
    policy: CachePolicy = HONEST
    addresses: tuple[str, ...] | None = None
    expires_ns: int = 0
    stale_ns: int = 0
    failed_ns: int = 0
    in_flight: int = 0
    queries: int = 0
    last: tuple[str, ...] | None = None

    def stale(self, now_ns: int) -> tuple[str, ...] | None:
        """What may be served where nobody answers."""
        return self.addresses if self.addresses and now_ns < self.stale_ns else None


def step(state: CacheState, event: Event, now_ns: int) -> tuple[CacheState, tuple[Effect, ...]]:
    """The next state, and what the driver must do."""
    if isinstance(event, Lookup):
        return _lookup(state, now_ns)
    if isinstance(event, Answered):
        return _answered(state, event, now_ns)
    if isinstance(event, Waited):
        asking = state.in_flight and event.query == state.queries
        return _served_stale(state, now_ns) if asking and state.stale(now_ns) is not None else (state, ())
    return _failed(replace(state, in_flight=0), now_ns)


def _lookup(state: CacheState, now_ns: int) -> tuple[CacheState, tuple[Effect, ...]]:
    if state.addresses is not None and now_ns < state.expires_ns:
        return state, (Serve(state.addresses),)
    if now_ns < state.failed_ns:
        return state, (Refuse(),)
    stale = state.stale(now_ns)
    state = replace(state, addresses=stale)
    if state.in_flight:
        return state, (Wait(),)
    state = replace(state, in_flight=1, queries=state.queries + 1)
    timer = () if stale is None else (Timer(state.queries, state.policy.timer_ns),)
    return state, (Query(), *timer, Wait())


def _served_stale(state: CacheState, now_ns: int) -> tuple[CacheState, tuple[Effect, ...]]:
    stale = state.stale(now_ns)
    assert stale is not None
    return replace(state, expires_ns=now_ns + state.policy.stale_ttl_ns), (Serve(stale),)


def _failed(state: CacheState, now_ns: int) -> tuple[CacheState, tuple[Effect, ...]]:
    if state.stale(now_ns) is not None:
        return _served_stale(state, now_ns)
    return replace(state, failed_ns=now_ns + state.policy.failure_ns), (Refuse(),)


def _answered(state: CacheState, event: Answered, now_ns: int) -> tuple[CacheState, tuple[Effect, ...]]:
    kept_ns = state.policy.kept_ns(event.ttl_ns, negative=not event.addresses)
    effects: tuple[Effect, ...] = (Serve(event.addresses),)
    answered = tuple(sorted(event.addresses))
    if answered != state.last:
        effects = (Changed(answered, event.ttl_ns), *effects)
    expires_ns = _expiry_ns(state, kept_ns, now_ns)
    return (
        replace(
            state,
            addresses=event.addresses if kept_ns else None,
            expires_ns=expires_ns,
            stale_ns=expires_ns + state.policy.stale_for_ns,
            in_flight=0,
            last=answered,
        ),
        effects,
    )


def _expiry_ns(state: CacheState, kept_ns: int, now_ns: int) -> int:
    """The one point of this client's grid in (now, now + what it is kept for]."""
    if kept_ns == 0:
        return now_ns
    latest_ns = now_ns + kept_ns
    phase_ns = state.origin_ns + round(state.share * kept_ns)
    return latest_ns - (latest_ns - phase_ns) % kept_ns
