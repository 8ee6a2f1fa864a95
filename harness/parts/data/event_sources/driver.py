"""A mapping at work: carries out what its machine asks for, and tells it how that ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from harness.clock import monotonic_ns
from harness.parts.data.event_sources import events as ev
from harness.parts.data.event_sources import messages, model
from harness.parts.data.event_sources.batch import Batch, Failed, NotInvoked, Outcome, outcome_of
from harness.parts.data.event_sources.mapping import Mapping
from harness.parts.data.event_sources.region_calls import CallFailed, RegionCalls
from harness.parts.data.event_sources.registry import Function
from harness.parts.data.event_sources.workers import Invocation, Workers
from harness.units import to_s

Tell = Callable[[ev.Tell], None]


class Running:
    """One mapping. function: asked for before each call, since its code may change; luck: a random number in [0, 1);
    failed: told of a mistake of ours, after which nothing goes on."""

    def __init__(
        self, mapping: Mapping, calls: RegionCalls, workers: Workers, function: Callable[[], Function | None],
        tell: Tell, luck: Callable[[], float], failed: Callable[[BaseException], None],
    ) -> None:  # fmt: skip
        self.state = model.start(mapping)
        self._calls = calls
        self._workers = workers
        self._function = function
        self._tell = tell
        self._luck = luck
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._last: dict[tuple[str, int], Invocation] = {}

    def start(self) -> None:
        """Begin."""
        self.happened(ev.Woke())

    def change(self, mapping: Mapping) -> None:
        """Other settings."""
        self.happened(ev.Changed(mapping))

    def happened(self, event: ev.Event) -> None:
        """One step of the machine."""
        self.state, effects = model.step(self.state, event, monotonic_ns())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for effect in effects:
            match effect:
                case ev.Tell():
                    self._tell(effect)
                case ev.Measured():
                    pass  # in the state
                case ev.Wake(at_ns=at_ns):
                    delay_s = max(0.0, to_s(at_ns - monotonic_ns()))
                    self._timer = asyncio.get_running_loop().call_later(delay_s, self.happened, ev.Woke())
                case _:
                    self._begin(self._do(effect))

    def _begin(self, work: Coroutine[Any, Any, ev.Event]) -> None:
        async def done() -> None:
            self.happened(await work)

        task = asyncio.create_task(done())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)

    async def _do(self, effect: ev.Effect) -> ev.Event:
        arn = self.state.mapping.source
        match effect:
            case ev.ListShards():
                try:
                    return ev.ShardsListed(await self._calls.shards(arn))
                except CallFailed as failed:
                    return ev.ListFailed(str(failed))
            case ev.OpenIterator(shard=shard, kind=kind, after=after):
                try:
                    return ev.Opened(shard, await self._calls.iterator(arn, shard, kind, after))
                except CallFailed as failed:
                    return ev.ReadFailed(shard, failed.refusal, str(failed))
            case ev.GetRecords(shard=shard, iterator=iterator, limit=limit):
                return await self._read(shard, iterator, limit)
            case ev.Invoke(shard=shard, lane=lane, batch=batch):
                return ev.Answered(shard, lane, await self._invoked(shard, lane, batch), self._luck())
            case ev.Deliver():
                return await self._delivered(effect)
        raise AssertionError(effect)

    async def _read(self, shard: str, iterator: str, limit: int) -> ev.Event:
        try:
            bodies, following = await self._calls.records(iterator, limit)
        except CallFailed as failed:
            return ev.ReadFailed(shard, failed.refusal, str(failed))
        now_ns, wall_ns = monotonic_ns(), time.time_ns()
        records = tuple(messages.record_of(body, now_ns, wall_ns) for body in bodies)
        return ev.Read(shard, records, following, full=len(records) >= limit)

    async def _invoked(self, shard: str, lane: int, batch: Batch) -> Outcome:
        function = self._function()
        if function is None:
            return NotInvoked("the function is gone")
        if not self._workers.has_room(function.name):
            return NotInvoked("TooManyRequestsException: too many calls of the function are under way")
        ended = await self._workers.invoke(function, messages.event_of(batch, self.state.mapping.source))
        self._last[shard, lane] = ended
        if ended.error is not None:
            return Failed(f"{ended.error.get('errorType')}: {ended.error.get('errorMessage')}")
        return outcome_of(ended.result, batch, partial=self.state.mapping.partial)

    async def _delivered(self, effect: ev.Deliver) -> ev.Event:
        last, mapping = self._last.get((effect.shard, effect.lane)), self.state.mapping
        body = messages.given_up(
            effect.batch, effect.condition, shard=effect.shard, source=mapping.source, function=mapping.function,
            request_id="" if last is None else last.request_id, wall_ns=time.time_ns(),
            error=last is not None and last.error is not None,
        )  # fmt: skip
        try:
            await self._calls.send(mapping.destination, body)
        except CallFailed as failed:
            return ev.NotDelivered(effect.shard, effect.lane, str(failed))
        return ev.Delivered(effect.shard, effect.lane)

    async def close(self) -> None:
        """End it. What is under way is cut off."""
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
