"""One call of a client as its library makes it: once, or again and again as `retrying` says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from harness.clock import monotonic_ns
from harness.units import NS_PER_S, to_ns, to_s
from harness.wire.exchange import Response
from harness.witness import retrying
from harness.witness.channel import ExchangeError
from harness.witness.dns_client import DnsFailure, NoAddress
from harness.witness.operation import Again, Answered, Failed
from harness.witness.outcomes import DNS, NO_ADDRESS
from harness.witness.retrying import How, RetryPolicy, RetryState

IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
"""Other requests are never sent twice: what they do would be done twice."""

Once = Callable[[], Awaitable[Response]]
"""Makes one attempt. Raises DnsFailure, ExchangeError."""


@dataclass(frozen=True)
class Ended:
    """How a call, or one attempt of it, ended: with an answer, with an error, or (neither) without one in time."""

    answer: Response | None = None
    failed: Failed | None = None

    @property
    def how(self) -> How:
        """Whether a library would try again."""
        if self.answer is None or self.answer.status in retrying.TRANSIENT:
            return "transient"
        if self.answer.status in retrying.THROTTLED:
            return "throttled"
        return "ok" if self.answer.status < 400 else "final"

    @property
    def event(self) -> Answered | Failed | None:
        """The same, for an operation."""
        if self.answer is not None:
            return Answered(self.answer.status, self.answer.headers, self.answer.body)
        return self.failed


class Calls:
    """The calls of one client. policy None: it never tries again. timeout_s: of an attempt. scale, seed: of waits."""

    def __init__(self, timeout_s: float, policy: RetryPolicy | None = None, scale: float = 1.0, seed: str = "") -> None:
        self._timeout_ns = to_ns(timeout_s)
        self._policy = policy
        self._state = None if policy is None else RetryState.of(policy, scale)
        self._draws = random.Random(seed)

    @property
    def longest_s(self) -> float:
        """How long a call may take, at most, but for what it is held back while it is throttled."""
        if self._policy is None:
            return to_s(self._timeout_ns)
        return to_s(self._policy.attempts * self._timeout_ns + self._policy.waits_ns)

    async def make(self, once: Once, sent_ns: int, method: str, again: Callable[[Again], None]) -> Ended:
        """Make a call that was due at sent_ns. again: hears of each further attempt."""
        if self._state is None or method not in IDEMPOTENT:
            return await _attempt(once, to_s(sent_ns + self._timeout_ns - monotonic_ns()))
        number, next_ = 0, self._step(retrying.Begun())
        ended = Ended()
        while isinstance(next_, retrying.Send):
            if number:
                again(Again(ended.event))
            await asyncio.sleep(next_.after_ns / NS_PER_S)
            number += 1
            ended = await _attempt(once, to_s(self._timeout_ns))
            next_ = self._step(retrying.Ended(number, ended.how, next_.took, self._draws.random()))
        return ended

    def _step(self, event: retrying.Event) -> retrying.Effect:
        assert self._state is not None
        self._state, (effect,) = retrying.step(self._state, event, monotonic_ns())
        return effect


async def _attempt(once: Once, within_s: float) -> Ended:
    try:
        async with asyncio.timeout(within_s):
            return Ended(await once())
    except TimeoutError:
        return Ended()
    except NoAddress:
        return Ended(failed=Failed(NO_ADDRESS))
    except DnsFailure:
        return Ended(failed=Failed(DNS))
    except ExchangeError as error:
        return Ended(failed=Failed(error.word))
