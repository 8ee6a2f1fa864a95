"""When the shop is asked what was missed: a pure machine.

| what happened | why then |
| --- | --- |
| it started | nobody knows what was missed meanwhile |
| this region took over | what the lost one had under way may be told to nobody |
| the inbox was away, and is back | webhooks were refused meanwhile, perhaps for longer than retries last |
| a webhook was too large to keep | its thing is asked for |
| nothing for a while | "delivery isn't always guaranteed" (shopify.dev, "About webhooks") |

It is done from the position that the last one reached, so that how long an outage took makes no difference. Each time
the subscriptions are looked at first: what was told to nobody while one was gone is among what is asked for then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

STARTED, TAKEOVER, OUTAGE = "started", "took over", "the inbox was away"
LARGE, PERIOD = "a webhook was too large", "time has come"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody has found a reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Look:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """It is over. well: everything was learned."""

    well: bool


Event = Wanted | Look | Ended


@dataclass(frozen=True, slots=True)
class Ask:
    """The shop is to be asked now, for these reasons."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """every_ns: between two in quiet times; retry_ns: after one that failed."""

    every_ns: int
    retry_ns: int


@dataclass(frozen=True, slots=True)
class State:
    """reasons: why it is due; running: those for which the shop is being asked; next_ns: for reasons, not before."""

    terms: Terms
    reasons: tuple[str, ...] = (STARTED,)
    running: tuple[str, ...] = ()
    ended_ns: int | None = None
    next_ns: int = 0


def step(state: State, event: Event, now_ns: int) -> tuple[State, tuple[Ask, ...]]:
    """The next state, and whether the shop is to be asked."""
    match event:
        case Wanted(reason=reason):
            return state if reason in state.reasons else replace(state, reasons=(*state.reasons, reason)), ()
        case Look():
            reasons = _due(state, now_ns)
            return (replace(state, reasons=(), running=reasons), (Ask(reasons),)) if reasons else (state, ())
        case Ended(well=True):
            return replace(state, running=(), ended_ns=now_ns, next_ns=now_ns), ()
        case Ended():
            left = tuple(dict.fromkeys((*state.running, *state.reasons)))
            return replace(state, reasons=left, running=(), next_ns=now_ns + state.terms.retry_ns), ()


def _due(state: State, now_ns: int) -> tuple[str, ...]:
    """Why it is to be done now; (): it is not."""
    if state.running or now_ns < state.next_ns:
        return ()
    if state.reasons:
        return state.reasons
    return (PERIOD,) if state.ended_ns is None or now_ns - state.ended_ns >= state.terms.every_ns else ()
