"""One message's way to the application, and what its subscription makes of it. Pure.

                   Time, due                 Ended, 2xx
    WAITING --------------------> SENDING --------------> DELIVERED
                                  ^     |
                        Time, due |     | Ended, anything else
                                  |     v
                                  PAUSING ---------------> GIVEN_UP   (where no retry is left)

Documented (shopify.dev: "Webhooks", "Deliver webhooks through HTTPS", "Troubleshooting webhooks", and the changelog
"Updates to webhook retry mechanism" of 2024-09-10):

- the receiver has 1 s to take the connection and 5 s in all; any 2xx is success, everything else (a redirect, too) is
  a failure;
- 8 retries over the next 4 h, at intervals that grow exponentially. The intervals are not published: here each is
  twice the one before, so the first is 1/255 of the window (56 s of 4 h) and the last 128/255;
- a retry has the payload of the time when it was triggered, and goes to the address of that time;
- a message may come twice, and messages in any order ("Ignore duplicate webhooks", "webhooks aren't guaranteed to
  arrive in order");
- after 8 consecutive failures, a subscription that was made by the Admin API is deleted; mails warn before it.

What "consecutive failures" counts is not said beyond "if failures persist past that point" (the eight retries in four
hours) "the webhook subscription is removed". Attempts of different messages cannot be meant: a shop with a hundred
messages a second would lose its subscription in a tenth of a second. So here the retries of one message count: when
all eight have failed, and the subscription took nothing from the message's first attempt on, it is removed. One
message that an application chokes on removes nothing while others are taken.

A message that is under way when its subscription is removed or changed goes on: it knows its address itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from harness.units import NS_PER_S

CONNECT_NS, TOTAL_NS = NS_PER_S, 5 * NS_PER_S
RETRIES = 8
RETRY_WINDOW_NS = 4 * 3600 * NS_PER_S
REMOVED_AFTER = 8
"""Retries that fail in a row."""
WARNED_AFTER = 4
"""After how many of them a mail warns. Documented is only that mails do."""


@dataclass(frozen=True, slots=True)
class Rules:
    """retries: how many, after the first attempt. window_ns: from the first failure to the last retry, without the time
    that attempts take themselves."""

    window_ns: int = RETRY_WINDOW_NS
    retries: int = RETRIES

    def pause_ns(self, failures: int) -> int:
        """How long after the failure with that number (from 1) the next attempt is made."""
        whole, before, after = ((1 << count) - 1 for count in (self.retries, failures - 1, failures))
        return self.window_ns * after // whole - self.window_ns * before // whole


class Phase(Enum):
    """What a message waits for."""

    WAITING = "waiting"
    SENDING = "sending"
    PAUSING = "retrying"
    DELIVERED = "delivered"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The state of one message.

    due_ns: of its next attempt. copy_ns: when it is sent once more beside all that, as "at least once" allows; None:
    not, or not any more. attempts: made so far, the copy among them. copy: the copy's number while it is under way.
    failures: of attempts that count. begun_ns: when the first attempt was made.
    """

    due_ns: int
    rules: Rules = Rules()
    copy_ns: int | None = None
    phase: Phase = Phase.WAITING
    attempts: int = 0
    copy: int | None = None
    failures: int = 0
    begun_ns: int | None = None

    @property
    def next_ns(self) -> int | None:
        """When something is to be done although nothing happens; None: never."""
        due_ns = self.due_ns if self.phase in (Phase.WAITING, Phase.PAUSING) else None
        if due_ns is None or self.copy_ns is None:
            return self.copy_ns if due_ns is None else due_ns
        return min(due_ns, self.copy_ns)

    @property
    def over(self) -> bool:
        """Whether nothing of it will be sent any more, and nothing is under way."""
        return self.phase in (Phase.DELIVERED, Phase.GIVEN_UP) and self.copy_ns is None and self.copy is None


@dataclass(frozen=True, slots=True)
class Time:
    """Some has passed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt has ended. status: of the answer; None: there was none."""

    attempt: int
    status: int | None


@dataclass(frozen=True, slots=True)
class Send:
    """Make this attempt."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """The application has taken it."""


@dataclass(frozen=True, slots=True)
class Retried:
    """An attempt has failed; the next one is retry number `retry`."""

    retry: int


@dataclass(frozen=True, slots=True)
class GivenUp:
    """No retry is left: nobody will ever tell of it again."""


Event = Time | Ended
Effect = Send | Delivered | Retried | GivenUp


def taken(status: int | None) -> bool:
    """Whether an answer is a success: any of 2xx."""
    return status is not None and 200 <= status < 300


def step(state: Delivery, event: Event, now_ns: int) -> tuple[Delivery, tuple[Effect, ...]]:
    """The next state, and what to do."""
    if isinstance(event, Time):
        return _passed(state, now_ns)
    if event.attempt == state.copy:
        return replace(state, copy=None), ()
    if state.phase is not Phase.SENDING:
        return state, ()
    if taken(event.status):
        return replace(state, phase=Phase.DELIVERED), (Delivered(),)
    failures = state.failures + 1
    if failures > state.rules.retries:
        return replace(state, phase=Phase.GIVEN_UP, failures=failures), (GivenUp(),)
    due_ns = now_ns + state.rules.pause_ns(failures)
    return replace(state, phase=Phase.PAUSING, failures=failures, due_ns=due_ns), (Retried(failures),)


def _passed(state: Delivery, now_ns: int) -> tuple[Delivery, tuple[Effect, ...]]:
    effects: tuple[Effect, ...] = ()
    if state.phase in (Phase.WAITING, Phase.PAUSING) and now_ns >= state.due_ns:
        begun_ns = now_ns if state.begun_ns is None else state.begun_ns
        state = replace(state, phase=Phase.SENDING, attempts=state.attempts + 1, begun_ns=begun_ns)
        effects = (Send(state.attempts),)
    if state.copy_ns is not None and now_ns >= state.copy_ns:
        state = replace(state, attempts=state.attempts + 1, copy=state.attempts + 1, copy_ns=None)
        effects = (*effects, Send(state.attempts))
    return state, effects
