"""When a client library tries a call again: AWS's retry modes, as the timing of attempts.

    Begun --> Send --Ended(ok, final)--------------------------> Over
                 <--Send(later)-- Ended(transient, throttled)
                                    no attempt or no quota left -> Over

legacy     5 attempts; before attempt n + 1 it waits draw * 2^(n - 1) seconds
standard   3 attempts; it waits draw * min(base * 2^(n - 1), 20 s), base 50 ms, or 1 s when throttled. All calls of a
           client share a quota of 500: a retry takes 14 of it, 5 when throttled. A call that ends well gives back what
           its last retry took, or 1.
adaptive   the same, and while it has been throttled it sends no faster than `sending_rate` lets it

draw is uniform in 0..1. The constants are botocore's (1.44, `retries/`, `data/_retry.json`); a test holds them against
the installed one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from harness.audience import RetryMode
from harness.scaling import interval_ns
from harness.units import NS_PER_MS, NS_PER_S
from harness.witness import sending_rate
from harness.witness.sending_rate import SendingRate

How = Literal["ok", "transient", "throttled", "final"]
"""How an attempt ended. transient: no answer, or 500, 502, 503, 504. final: an answer that no library tries again."""
TRANSIENT, THROTTLED = (500, 502, 503, 504), (429,)


@dataclass(frozen=True)
class RetryPolicy:
    """Of one mode in a profile of time. quota None: retries are not counted."""

    mode: RetryMode
    attempts: int
    base_ns: int
    throttled_base_ns: int
    most_ns: int | None
    quota: int | None
    cost: int
    throttled_cost: int

    @property
    def waits_ns(self) -> int:
        """The longest that one call can wait between its attempts."""
        return sum(self.wait_ns(attempt, "throttled", 1.0) for attempt in range(1, self.attempts))

    def wait_ns(self, attempt: int, how: How, draw: float) -> int:
        """Between this attempt, from 1, and the next."""
        base_ns = self.throttled_base_ns if how == "throttled" else self.base_ns
        most_ns = base_ns << (attempt - 1)
        return round(draw * (most_ns if self.most_ns is None else min(most_ns, self.most_ns)))


def policy_of(mode: RetryMode, scale: float) -> RetryPolicy:
    """What a mode means in a profile of time."""
    second_ns = interval_ns(NS_PER_S, scale)
    if mode == "legacy":
        return RetryPolicy(mode, 5, second_ns, second_ns, None, None, 0, 0)
    return RetryPolicy(mode, 3, interval_ns(50 * NS_PER_MS, scale), second_ns, 20 * second_ns, 500, 14, 5)


@dataclass(frozen=True)
class Begun:
    """A call is to be made."""


@dataclass(frozen=True)
class Ended:
    """An attempt has ended. attempt: which, from 1. took: the quota that this call's last retry took. draw: 0..1."""

    attempt: int
    how: How
    took: int
    draw: float


Event = Begun | Ended


@dataclass(frozen=True)
class Send:
    """Effect: send the (next) attempt when after_ns have passed. took: what it has taken of the quota."""

    after_ns: int
    took: int = 0


@dataclass(frozen=True)
class Over:
    """Effect: that was the last attempt of this call."""


Effect = Send | Over


@dataclass(frozen=True)
class RetryState:
    """One client's. left: of the quota."""

    policy: RetryPolicy
    left: int = 0
    rate: SendingRate = field(default_factory=SendingRate)

    @classmethod
    def of(cls, policy: RetryPolicy, scale: float) -> RetryState:
        """Before its first call."""
        return cls(policy, policy.quota or 0, SendingRate(scale=scale))


def step(state: RetryState, event: Event, now_ns: int) -> tuple[RetryState, tuple[Effect, ...]]:
    """The next state, and what this call does."""
    if isinstance(event, Begun):
        return _send(state, 0, 0, now_ns)
    if state.policy.mode == "adaptive":
        state = replace(state, rate=sending_rate.answered(state.rate, now_ns, throttled=event.how == "throttled"))
    if event.how == "ok":
        return _given_back(state, event.took), (Over(),)
    policy = state.policy
    if event.how == "final" or event.attempt >= policy.attempts:
        return state, (Over(),)
    cost = policy.throttled_cost if event.how == "throttled" else policy.cost
    if policy.quota is not None:
        if cost > state.left:
            return state, (Over(),)
        state = replace(state, left=state.left - cost)
    return _send(state, policy.wait_ns(event.attempt, event.how, event.draw), cost, now_ns)


def _send(state: RetryState, after_ns: int, took: int, now_ns: int) -> tuple[RetryState, tuple[Effect, ...]]:
    if state.policy.mode != "adaptive":
        return state, (Send(after_ns, took),)
    rate, held_ns = sending_rate.sent(state.rate, now_ns + after_ns)
    return replace(state, rate=rate), (Send(after_ns + held_ns, took),)


def _given_back(state: RetryState, took: int) -> RetryState:
    quota = state.policy.quota
    return state if quota is None else replace(state, left=min(quota, state.left + (took or 1)))
