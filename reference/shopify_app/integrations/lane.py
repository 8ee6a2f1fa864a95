"""The queue to one third party, as one region works it off: a pure machine.

| what a party answers | then |
| --- | --- |
| 201, 200 | it is looked for a moment later: a party may answer so and keep nothing |
| and it is there | it is settled |
| and it is not there | it is sent again, later and later; after LIES_MAX times somebody is told |
| 429 | the whole lane waits as long as the party asks |
| 503, another 5xx, no answer | once more, later and later, for as long as it takes: maintenance may last for days |
| another 4xx | once more, REFUSALS_MAX times in all; then it is dead, and somebody is told |

What waits goes one by one, in the order in which it was asked for, except that what has failed lets others pass. Calls
that fail one after another open the breaker: nothing is sent for a while, then one call tries. Other calls than
first ones are paid from a budget, which each success fills a little, so that retries never make up the most of what a
party has to bear when it comes back. A call may have taken effect although it failed; each carries a key by which the
party knows it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reference import backoff

NS_PER_S = 1_000_000_000
CALLS_MAX = 4
REFUSALS_MAX = 5
LIES_MAX = 3
BREAKER_FAILURES = 5
BUDGET_MAX = 20.0
BUDGET_A_SUCCESS = 0.2
BUDGET_PER_S = 0.5
"""Of production time: a party that answers nothing is still asked now and then."""


@dataclass(frozen=True, slots=True)
class Terms:
    """In nanoseconds. first_ns, longest_ns: of waits; open_ns: of the breaker; look_ns: until what was taken is
    looked for."""

    first_ns: int
    longest_ns: int
    open_ns: int
    look_ns: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """order: the lowest is sent first. look: it was taken, and is to be looked for."""

    order: tuple[int, str]
    next_ns: int = 0
    look: bool = False
    calls: int = 0
    failures: int = 0
    refusals: int = 0
    lies: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """terms: its own; failures: in a row; open_until_ns: of the breaker; budget: of retries, at budget_ns."""

    terms: Terms
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    under_way: frozenset[str] = frozenset()
    failures: int = 0
    open_until_ns: int = 0
    budget: float = BUDGET_MAX
    budget_ns: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """Something is to be sent."""

    key: str
    order: tuple[int, str]


@dataclass(frozen=True, slots=True)
class Answered:
    """A call is over. status: None without an answer; draw: from 0 to 1, at random."""

    key: str
    status: int | None
    draw: float
    after_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Time has passed."""


Event = Asked | Answered | Look


@dataclass(frozen=True, slots=True)
class Send:
    """POST it. again: it may have arrived before."""

    key: str
    again: bool


@dataclass(frozen=True, slots=True)
class Find:
    """GET it."""

    key: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The party has it. calls: how many it took."""

    key: str
    calls: int


@dataclass(frozen=True, slots=True)
class Dead:
    """The party will never take it."""

    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Lied:
    """The party says that it took something, time and again, and does not have it."""

    key: str
    times: int


Effect = Send | Find | Settled | Dead | Lied


def step(state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """The next state, and what is to be done."""
    told: tuple[Effect, ...] = ()
    match event:
        case Asked(key=key, order=order):
            if key not in state.waiting:
                state = replace(state, waiting={**state.waiting, key: Waiting(order, now_ns)})
        case Answered():
            state, told = _answered(state, event, now_ns)
        case Look():
            pass
    state, calls = _calls(state, now_ns)
    return state, (*told, *calls)


def next_ns(state: State, now_ns: int) -> int | None:
    """When a look is worth while; None: when something happens."""
    if len(state.under_way) >= _most(state):
        return None
    sending = _sending(state)
    paid_ns = state.budget_ns + max(0, math.ceil((1 - state.budget) / BUDGET_PER_S * state.terms.first_ns))
    times = [
        max(one.next_ns, paid_ns) if one.calls and not one.look else one.next_ns
        for key, one in state.waiting.items()
        if key not in state.under_way and (one.look or not sending)
    ]
    return max(min(times), state.open_until_ns, now_ns) if times else None


# -- answers -----------------------------------------------------------------------------------------------------
def _answered(state: State, event: Answered, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    known = state.waiting.get(event.key)
    state = replace(state, under_way=state.under_way - {event.key})
    if known is None:
        return state, ()
    status = event.status
    if status is None or status >= 500:
        return _failed(state, event, known, now_ns), ()
    if status == 429:
        pause_ns = event.after_ns if event.after_ns is not None else _wait_ns(1, event.draw, state.terms)
        state = replace(state, open_until_ns=max(state.open_until_ns, now_ns + pause_ns))
        return _put(state, event.key, replace(known, next_ns=now_ns + pause_ns)), ()
    state = replace(state, failures=0, open_until_ns=0)
    if known.look:
        return _looked(state, event, known, now_ns)
    if 200 <= status < 300:
        state = replace(state, budget=min(BUDGET_MAX, state.budget + BUDGET_A_SUCCESS))
        return _put(state, event.key, replace(known, look=True, failures=0, next_ns=now_ns + state.terms.look_ns)), ()
    refusals = known.refusals + 1
    if refusals >= REFUSALS_MAX:
        return _drop(state, event.key), (Dead(event.key, f"refused {refusals} times, last with {status}"),)
    later = replace(known, refusals=refusals, next_ns=now_ns + _wait_ns(refusals, event.draw, state.terms))
    return _put(state, event.key, later), ()


def _looked(state: State, event: Answered, known: Waiting, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    if event.status == 200:
        return _drop(state, event.key), (Settled(event.key, known.calls),)
    if event.status != 404:  # it cannot be looked for just now
        return _put(state, event.key, replace(known, next_ns=now_ns + state.terms.look_ns)), ()
    lies = known.lies + 1
    later = replace(known, look=False, lies=lies, next_ns=now_ns + _wait_ns(lies, event.draw, state.terms))
    told = (Lied(event.key, lies),) if lies == LIES_MAX else ()
    return _put(state, event.key, later), told


def _failed(state: State, event: Answered, known: Waiting, now_ns: int) -> State:
    failures, own = state.failures + 1, known.failures + 1
    opened_ns = now_ns + state.terms.open_ns if failures >= BREAKER_FAILURES else state.open_until_ns
    state = replace(state, failures=failures, open_until_ns=opened_ns)
    return _put(state, event.key, replace(known, failures=own, next_ns=now_ns + _wait_ns(own, event.draw, state.terms)))


def _wait_ns(failures: int, draw: float, terms: Terms) -> int:
    return round(NS_PER_S * backoff.wait_s(failures, draw, terms.first_ns / NS_PER_S, terms.longest_ns / NS_PER_S))


def _put(state: State, key: str, waiting: Waiting) -> State:
    return replace(state, waiting={**state.waiting, key: waiting})


def _drop(state: State, key: str) -> State:
    return replace(state, waiting={other: one for other, one in state.waiting.items() if other != key})


# -- calls -------------------------------------------------------------------------------------------------------
def _calls(state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """What is sent now: in order, as far as breaker and budget allow."""
    if now_ns < state.open_until_ns:
        return state, ()
    state = _filled(state, now_ns)
    ready = sorted(
        (one.order, key) for key, one in state.waiting.items() if one.next_ns <= now_ns and key not in state.under_way
    )
    made: list[Effect] = []
    sending = _sending(state)
    for _, key in ready:
        if len(state.under_way) >= _most(state):
            break
        one = state.waiting[key]
        again = one.calls > 0 and not one.look
        if not one.look and (sending or (again and state.budget < 1)):
            continue
        sending |= not one.look
        state = replace(
            state, budget=state.budget - again, under_way=state.under_way | {key},
            waiting={**state.waiting, key: replace(one, calls=one.calls + (not one.look))},
        )  # fmt: skip
        made.append(Find(key) if one.look else Send(key, again))
    return state, tuple(made)


def _most(state: State) -> int:
    """Calls at a time. A breaker that is half open lets one try."""
    return 1 if state.failures >= BREAKER_FAILURES else CALLS_MAX


def _sending(state: State) -> bool:
    return any(not state.waiting[key].look for key in state.under_way if key in state.waiting)


def _filled(state: State, now_ns: int) -> State:
    """The budget grows with time, too. A first wait is about a second of production time."""
    gained = BUDGET_PER_S * max(0, now_ns - state.budget_ns) / state.terms.first_ns
    return replace(state, budget=min(BUDGET_MAX, state.budget + gained), budget_ns=now_ns)
