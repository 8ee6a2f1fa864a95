"""What is told to stop stops, also while it waits for something that it has told to stop itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from harness.kit.process import cancelled, stop_or_failure


async def for_ever() -> None:
    await asyncio.Event().wait()


async def slow_to_end() -> None:
    try:
        await for_ever()
    finally:
        for _ in range(5):
            await asyncio.sleep(0)


async def fails() -> None:
    try:
        await for_ever()
    finally:
        raise ValueError("while it was ended")


def test_what_is_cancelled_has_ended_and_that_is_no_error() -> None:
    async def story() -> None:
        task = asyncio.create_task(slow_to_end())
        await asyncio.sleep(0)
        await cancelled(task)
        assert task.cancelled()
        await cancelled(task)

    asyncio.run(story())


def test_what_it_failed_with_is_raised() -> None:
    async def story() -> None:
        task = asyncio.create_task(fails())
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="while it was ended"):
            await cancelled(task)

    asyncio.run(story())


async def who_cancels() -> None:
    task = asyncio.create_task(slow_to_end())
    await asyncio.sleep(0)
    await cancelled(task)


async def who_watches() -> None:
    await stop_or_failure(asyncio.Event(), asyncio.ensure_future(slow_to_end()))


@pytest.mark.parametrize("waiting", [who_cancels, who_watches])
@pytest.mark.parametrize("turns", range(6))
def test_whoever_is_cancelled_while_waiting_for_that_ends_as_well(
    waiting: Callable[[], Awaitable[None]], turns: int
) -> None:
    async def story() -> None:
        went_on = False

        async def outer() -> None:
            nonlocal went_on
            await waiting()
            await for_ever()
            went_on = True

        task = asyncio.create_task(outer())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(20):
            await asyncio.wait((task,))
        assert task.cancelled()
        assert not went_on

    asyncio.run(story())
