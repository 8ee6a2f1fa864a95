"""A client's own DNS cache: honest, and staggered against its siblings'.

            Lookup, none or expired            Answered
  EMPTY ---------------------------> ASKING -------------> FRESH --(expires_ns reached)--> EMPTY
    ^                                  |
    +------------- Failed -------------+

Lookup while FRESH is served at once. Lookup while ASKING joins the query that is in flight. An answer is served for
its TTL at most, counted from its arrival; a failed query leaves nothing behind (no stale answers, no negative
entry). A server's "there is no such address" is an answer, with the lifetime of RFC 2308.

Stagger: all clients that started together would refresh together, and the recovery time would be a lottery over
where the change falls within the TTL. So an entry is dropped at the latest point of a grid (phase + k * TTL) within its
lifetime: never later than its TTL, and client i of n stays i/n of a TTL behind the first however often it refreshes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


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
class Serve:
    """Answer the operation(s) that wait."""

    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """Ask the server."""


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


Event = Lookup | Answered | Failed
Effect = Serve | Query | Wait | Refuse | Changed


@dataclass(frozen=True)
class CacheState:
    """origin_ns, share: this client's refresh grid is origin + share * TTL + k * TTL. min_ttl_ns: lower clamp.

    addresses: of the entry that lives until expires_ns; None: no entry. last: what Changed last reported.
    in_flight: queries under way, 0 or 1. queries: how many were ever sent.
    """

    origin_ns: int
    share: float = 0.0
    min_ttl_ns: int = 0
    addresses: tuple[str, ...] | None = None
    expires_ns: int = 0
    in_flight: int = 0
    queries: int = 0
    last: tuple[str, ...] | None = None


def step(state: CacheState, event: Event, now_ns: int) -> tuple[CacheState, tuple[Effect, ...]]:
    """The next state, and what the driver must do."""
    if isinstance(event, Lookup):
        return _lookup(state, now_ns)
    if isinstance(event, Answered):
        return _answered(state, event, now_ns)
    return replace(state, in_flight=0), (Refuse(),)


def _lookup(state: CacheState, now_ns: int) -> tuple[CacheState, tuple[Effect, ...]]:
    if state.addresses is not None and now_ns < state.expires_ns:
        return state, (Serve(state.addresses),)
    if state.in_flight:
        return replace(state, addresses=None), (Wait(),)
    return replace(state, addresses=None, in_flight=1, queries=state.queries + 1), (Query(), Wait())


def _answered(state: CacheState, event: Answered, now_ns: int) -> tuple[CacheState, tuple[Effect, ...]]:
    ttl_ns = max(event.ttl_ns, state.min_ttl_ns)
    effects: tuple[Effect, ...] = (Serve(event.addresses),)
    answered = tuple(sorted(event.addresses))
    if answered != state.last:
        effects = (Changed(answered, event.ttl_ns), *effects)
    return (
        replace(
            state,
            addresses=event.addresses if ttl_ns else None,
            expires_ns=_expiry_ns(state, ttl_ns, now_ns),
            in_flight=0,
            last=answered,
        ),
        effects,
    )


def _expiry_ns(state: CacheState, ttl_ns: int, now_ns: int) -> int:
    """The one point of this client's grid in (now, now + TTL]."""
    if ttl_ns == 0:
        return now_ns
    latest_ns = now_ns + ttl_ns
    phase_ns = state.origin_ns + round(state.share * ttl_ns)
    return latest_ns - (latest_ns - phase_ns) % ttl_ns
