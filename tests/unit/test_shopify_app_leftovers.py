"""Looks for what nobody holds grow rare where they find nothing, and come soon where something may have been left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from shopify_tables import Tables, store

from reference.dynamo import CallFailed, Client
from reference.shopify_app.leftovers import QUIET_MAX, Pacing
from reference.shopify_app.things import Effect


class Clock:
    """An event loop's own time, which moves only when nothing else is to be done."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.now_s = 0.0
        loop.time = lambda: self.now_s  # type: ignore[method-assign]
        selector = loop._selector  # type: ignore[attr-defined]
        real = selector.select

        def select(timeout_s: float | None) -> object:
            self.now_s += max(0.0, timeout_s or 0.0)
            return real(0)

        selector.select = select


def pauses(*happens: Callable[[Pacing], None]) -> list[int]:
    """How long each pause was; what happens in each, after half the shortest one."""

    async def run() -> list[int]:
        clock, pacing = Clock(asyncio.get_running_loop()), Pacing(10.0)
        found: list[int] = []
        for happening in happens:
            pacing.begin()
            pacing.ended(found=False)
            began_s = clock.now_s
            asyncio.get_running_loop().call_later(5.0, happening, pacing)
            await pacing.pause()
            found.append(round(clock.now_s - began_s))
        return found

    return asyncio.run(run())


def nothing(pacing: Pacing) -> None:
    pass


def test_each_look_that_found_nothing_doubles_the_pause_up_to_a_bound() -> None:
    assert pauses(*[nothing] * 5) == [20, 40, 80, 80, 80]
    assert 10 * 2**QUIET_MAX == 80


def test_a_doubt_makes_the_pause_short_at_once_and_the_next_ones_too() -> None:
    assert pauses(nothing, nothing, Pacing.doubt, nothing) == [20, 40, 10, 20]


def test_who_is_told_to_look_now_waits_no_longer() -> None:
    assert pauses(nothing, Pacing.now, nothing) == [20, 5, 20]


def test_what_was_found_may_not_have_been_all() -> None:
    async def run() -> float:
        clock, pacing = Clock(asyncio.get_running_loop()), Pacing(10.0)
        for found in (False, False, True):
            pacing.begin()
            pacing.ended(found=found)
        await pacing.pause()
        return clock.now_s

    assert round(asyncio.run(run())) == 10


def test_a_doubt_that_comes_while_the_table_is_read_is_not_forgotten() -> None:
    async def run() -> float:
        clock, pacing = Clock(asyncio.get_running_loop()), Pacing(10.0)
        pacing.begin()
        pacing.doubt()
        pacing.ended(found=False)
        await pacing.pause()
        return clock.now_s

    assert round(asyncio.run(run())) == 10


def test_a_row_that_a_call_without_an_answer_may_have_written_is_looked_for() -> None:
    tables, doubts = Tables(), []
    made = store(tables, doubted=lambda: doubts.append(1))
    tables.broken["put_item"] = 1
    with pytest.raises(CallFailed):
        made.ask_for(Effect("erp:1", "erp"))
    assert len(doubts) == 1
    assert made.ask_for(Effect("erp:1", "erp"))
    assert not made.ask_for(Effect("erp:1", "erp"))  # the first answer: somebody else has asked for it
    assert len(doubts) == 1


def test_one_that_is_found_there_by_the_second_attempt_may_be_of_the_first() -> None:
    class Answering(Client):
        def __init__(self) -> None:
            self.answers = ["InternalServerError", "ConditionalCheckFailedException"]

        def call(self, operation: str, **_: object) -> dict[str, object]:
            code = self.answers.pop(0)
            raise CallFailed(operation, "us-east-1", code, "", transient=code == "InternalServerError")

    doubts: list[int] = []
    made = store(Tables(), doubted=lambda: doubts.append(1))
    made._client = Answering()
    assert not made.ask_for(Effect("erp:1", "erp"))
    assert doubts == [1]
