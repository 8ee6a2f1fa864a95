"""Sends messages when they are due: a clock, and a line of attempts for each host. A driver of `delivery`.

Every message is a machine; what it asks for is done here. Attempts to one host wait in line while as many are under way
as may be; how long one waits there counts in none of its time-outs.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.clock import monotonic_ns
from harness.parts.commerce.shopify import delivery
from harness.parts.commerce.shopify.delivery import Delivery, Phase, Send
from harness.parts.commerce.shopify.message import Message
from harness.parts.commerce.shopify.posting import Posted, Poster
from harness.units import to_s
from harness.witness.tasks import TaskSet

Sign = Callable[[Message, int], str]
"""The signature of a message that is sent now."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt has ended. effects: what that comes to for its message."""

    message: Message
    attempt: int
    posted: Posted
    state: Delivery
    effects: tuple[delivery.Effect, ...]


@dataclass(eq=False, slots=True)
class _Entry:
    """A message under way. planned_ns: when it is next looked at."""

    message: Message
    state: Delivery
    planned_ns: int | None = None


@dataclass(eq=False, slots=True)
class _Lane:
    """Attempts to one host. busy: how many are under way."""

    waiting: deque[tuple[_Entry, int]] = field(default_factory=deque)
    busy: int = 0


class Dispatcher:
    """Create it inside an event loop. heard: is told of every attempt that has ended."""

    def __init__(
        self,
        poster: Poster,
        at_once: int,
        sign: Sign,
        heard: Callable[[Attempted], None],
        on_error: Callable[[BaseException], None],
    ) -> None:
        self._poster = poster
        self._at_once = at_once
        self._sign = sign
        self._heard = heard
        self._workers = TaskSet(on_error)
        self._entries: set[_Entry] = set()
        self._due: list[tuple[int, int, _Entry]] = []
        self._lanes: dict[str, _Lane] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._turn = 0

    def send(self, message: Message, state: Delivery) -> None:
        """Take a message over, and send it from when it is due."""
        entry = _Entry(message, state)
        self._entries.add(entry)
        self._look(entry, monotonic_ns())

    def phases(self) -> Counter[Phase]:
        """How many messages there are in which phase; those that only wait for a copy are in none."""
        return Counter(entry.state.phase for entry in self._entries if not self._settled(entry.state))

    @staticmethod
    def _settled(state: Delivery) -> bool:
        return state.phase in (Phase.DELIVERED, Phase.GIVEN_UP)

    @property
    def copies(self) -> int:
        """How many messages have settled, and come once more."""
        return sum(self._settled(entry.state) for entry in self._entries)

    @property
    def next_ns(self) -> int | None:
        """When a message is due next; None: none waits."""
        times = [entry.planned_ns for entry in self._entries if entry.planned_ns is not None]
        return min(times) if times else None

    async def stop(self) -> None:
        """Forget every message, and break off what is under way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._entries.clear()
        self._due.clear()
        self._lanes.clear()
        await self._workers.drain(0)

    def _look(self, entry: _Entry, now_ns: int) -> None:
        """Do what a message has to do now, and come back when it has to do something next."""
        entry.state, effects = delivery.step(entry.state, delivery.Time(), now_ns)
        for effect in effects:
            if isinstance(effect, Send):
                self._line_up(entry, effect.attempt)
        self._plan(entry)

    def _plan(self, entry: _Entry) -> None:
        due_ns = entry.planned_ns = entry.state.next_ns
        if due_ns is None:
            if entry.state.over:
                self._entries.discard(entry)
            return
        self._turn += 1
        heapq.heappush(self._due, (due_ns, self._turn, entry))
        if self._timer is None or due_ns < self._timer_ns:
            self._wake_at(due_ns)

    def _wake_at(self, due_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait_s = max(0.0, to_s(due_ns - monotonic_ns()))
        self._timer, self._timer_ns = asyncio.get_running_loop().call_later(wait_s, self._tick), due_ns

    def _tick(self) -> None:
        now_ns = monotonic_ns()
        while self._due and self._due[0][0] <= now_ns:
            due_ns, _, entry = heapq.heappop(self._due)
            if entry.planned_ns == due_ns and entry in self._entries:
                self._look(entry, now_ns)
        self._timer = None
        if self._due:  # what was planned meanwhile may be due later than what was there before
            self._wake_at(self._due[0][0])

    def _line_up(self, entry: _Entry, attempt: int) -> None:
        lane = self._lanes.setdefault(urlsplit(entry.message.address).netloc, _Lane())
        lane.waiting.append((entry, attempt))
        if lane.busy < self._at_once:
            lane.busy += 1
            self._workers.spawn(self._work(lane))

    async def _work(self, lane: _Lane) -> None:
        """Attempts of a line, one after the other, until there is none."""
        try:
            while lane.waiting:
                await self._attempt(*lane.waiting.popleft())
        finally:
            lane.busy -= 1

    async def _attempt(self, entry: _Entry, attempt: int) -> None:
        message = entry.message
        headers = message.headers(self._sign(message, monotonic_ns()))
        posted = await self._poster.post(message.address, headers, message.body)
        if entry not in self._entries:
            return
        ended = delivery.Ended(attempt, posted.status)
        entry.state, effects = delivery.step(entry.state, ended, posted.returned_ns)
        self._plan(entry)
        self._heard(Attempted(message, attempt, posted, entry.state, effects))
