"""The reference's Shopify application ends when it is told to, whatever happens at that very moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from shopify_tables import Tables, store
from shopify_tables import settings as region_settings

from reference.shopify_app.buffer import Buffer
from reference.shopify_app.integrations.queue import Queues
from reference.shopify_app.overflow import Overflow
from reference.shopify_app.rows import Queued
from reference.shopify_app.worker import Worker

EAST = "us-east-1"
Loop = tuple[Callable[[], Coroutine[Any, Any, None]], Callable[[], None]]


class EmptyBuffer(Buffer):
    """A queue that nothing is in."""

    def __init__(self) -> None:
        pass

    def receive(self) -> Any:
        return iter(())


def the_worker() -> Loop:
    settings = region_settings(EAST)
    worker = Worker(settings, store(Tables(), EAST), lambda _region: False, lambda _topic: None)
    return worker.run, worker.look


def the_queues() -> Loop:
    settings = region_settings(EAST)
    parties = {"erp": "http://127.0.0.1:9"}
    queues = Queues(settings, store(Tables(), EAST), parties, lambda _region: False, EmptyBuffer())
    return queues.run, queues.look


def a_sender() -> Loop:
    settings = region_settings(EAST)
    parties = {"erp": "http://127.0.0.1:9"}
    queues = Queues(settings, store(Tables(), EAST), parties, lambda _region: False, EmptyBuffer())
    effect = Queued("erp:1", "erp", EAST, (1, "erp:1"), {})
    return (lambda: queues.run(look=False)), (lambda: queues.put(effect))


def the_overflow() -> Loop:
    overflow = Overflow(region_settings(EAST), EmptyBuffer(), lambda _webhook, _patience_s: asyncio.Future())
    return overflow.run, overflow._filled.set


@pytest.mark.parametrize("made", [the_worker, the_queues, a_sender, the_overflow])
@pytest.mark.parametrize("turns", range(5))
def test_it_ends_also_where_something_happens_as_it_is_told_to(made: Callable[[], Loop], turns: int) -> None:
    async def story() -> None:
        run, happen = made()
        task = asyncio.create_task(run())
        await asyncio.sleep(0.05)  # let it come to where it waits
        happen()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(10):
            await asyncio.wait({task})
        assert task.cancelled()

    asyncio.run(story())
