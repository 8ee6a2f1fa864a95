"""Webhooks that keep coming while the inbox cannot be written: what is left to do once it can has a bound."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from shopify_tables import Tables, shop, store
from shopify_tables import settings as region_settings

from reference.shopify_app import overflow
from reference.shopify_app.buffer import Buffer
from reference.shopify_app.intake import Webhook
from reference.shopify_app.rows import Received
from reference.shopify_app.secrets_file import Secrets
from reference.shopify_app.store import Store
from reference.shopify_app.webhooks import PUTS_MAX, QUEUED_MAX, Webhooks

EAST = "us-east-1"
AT_ONCE, ATTEMPTS = 250, 3


class SilentBuffer(Buffer):
    """A queue that says nothing before it is back, and then takes nothing."""

    def __init__(self, back: threading.Event) -> None:
        self.back = back
        self.asked = 0
        self._lock = threading.Lock()

    def send(self, webhook: Webhook) -> bool:
        assert self.back.wait(60)
        with self._lock:
            self.asked += 1
        return False


class SilentInbox(Store):
    """An inbox whose answer to a write does not come before it is back."""

    def __init__(self) -> None:
        self.back = threading.Event()
        self.writes = 0
        self._lock = threading.Lock()
        self._tables = store(Tables(), EAST)

    def take(self, webhook: Webhook, patience_s: float) -> bool:
        assert self.back.wait(60)
        with self._lock:
            self.writes += 1
            return self._tables.take(webhook, patience_s)


class Intake:
    """An intake on a silent inbox. taken: what it has taken."""

    def __init__(self, *, works: bool) -> None:
        self.inbox, self.taken = SilentInbox(), list[Received]()
        self.buffer = SilentBuffer(self.inbox.back)
        given = shop()
        self.webhooks = Webhooks(
            region_settings(EAST), given, Secrets(given.credentials, ""), self.inbox, self.buffer,
            self.taken.append, lambda: works,
        )  # fmt: skip

    async def told(self, number: int) -> Any:
        return await self.webhooks._take(Webhook(f"w-{number}", "orders/create", "", "", b"{}"), 0.02)

    async def storm(self) -> list[int]:
        """Many webhooks, all told several times, as nobody takes them."""
        found: list[int] = []
        for _ in range(ATTEMPTS):
            found += [answer.status for answer in await asyncio.gather(*(self.told(at) for at in range(AT_ONCE)))]
        return found

    async def written(self) -> None:
        """The inbox is back, and all that was under way is written."""
        self.inbox.back.set()
        async with asyncio.timeout(60):
            while self.webhooks._putting or self.webhooks.overflow._sending:
                await asyncio.sleep(0.01)


@pytest.fixture
def made() -> Iterator[list[Intake]]:
    intakes: list[Intake] = []
    yield intakes
    for intake in intakes:
        intake.inbox.back.set()
        intake.webhooks.close()


IN_QUEUE = overflow.SENDS_MAX + overflow.QUEUED_MAX


@pytest.mark.parametrize(("works", "most", "sends"), [(False, PUTS_MAX + QUEUED_MAX, 0), (True, PUTS_MAX, IN_QUEUE)])
def test_a_storm_of_attempts_leaves_no_more_to_write_than_the_bound(
    made: list[Intake], works: bool, most: int, sends: int
) -> None:
    async def story() -> None:
        made.append(intake := Intake(works=works))
        assert set(await intake.storm()) == {503}
        assert intake.webhooks._putting == most
        await intake.written()
        assert (intake.inbox.writes, intake.buffer.asked) == (most, sends)
        assert len({row.id for row in intake.taken}) == len(intake.taken)

    asyncio.run(story())


def test_what_was_written_too_late_for_its_answer_is_a_repeat_the_next_time(made: list[Intake]) -> None:
    async def story() -> None:
        made.append(intake := Intake(works=False))
        assert (await intake.told(1)).status == 503
        await intake.written()
        async with asyncio.timeout(60):
            while (answer := await intake.told(1)).status != 200:
                pass
        assert answer.body == b'{"webhook": "known"}'
        assert [row.id for row in intake.taken] == ["w-1"]

    asyncio.run(story())
