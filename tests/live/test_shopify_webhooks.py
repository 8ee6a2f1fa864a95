"""Webhooks over real sockets: signed, retried to where they were meant for, on connections that outlive DNS."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from shopify_receiver import SECRET, URL, Names, Receiver, order, rightly_signed, subscribed
from test_tls import certificate as certificate
from test_tls import of_server

from harness.clock import monotonic_ns
from harness.history.business import BusinessChange, BusinessTold
from harness.history.codec import read
from harness.measurement.business import effects_of
from harness.parts.commerce.shopify.deliveries import Deliveries
from harness.parts.commerce.shopify.delivery import Delivery
from harness.parts.commerce.shopify.delivery_config import DeliveryConfig, Way
from harness.parts.commerce.shopify.living import Living
from harness.parts.commerce.shopify.message import Message
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.subscribed import ShopSubscriptions
from harness.units import NS_PER_MS, NS_PER_S

pytestmark = [pytest.mark.live, pytest.mark.beside]

TOPICS = (
    "orders/create", "orders/updated", "orders/cancelled", "fulfillments/create", "fulfillments/update",
    "products/update",
)  # fmt: skip
EAST, WEST = "192.0.2.10", "192.0.2.20"


class Rig:
    """Two places with an application each, a name server, and the deliveries of a shop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.errors: list[BaseException] = []
        self.subscriptions: Any = subscribed("orders/create", "orders/updated")
        self.settings: dict[str, Any] = {"retry_window_ns": 255 * 2 * NS_PER_MS}

    async def __aenter__(self) -> Rig:
        self.east, self.west = await Receiver("east").start(), await Receiver("west").start()
        self.names = await Names(EAST).start()
        return await self.connect()

    async def connect(self) -> Rig:
        """Deliveries with the settings as they are now."""
        ways = {EAST: Way(place="east", address=self.east.address), WEST: Way(place="west", address=self.west.address)}
        config = DeliveryConfig(
            history=str(self.folder / "shop.jsonl"), dns=self.names.address, ways=ways, shop="drill-shop.myshopify.com",
            api_version="2026-10", secret=SECRET, effects={"orders/create": ("erp:{id}",)}, seed=7, **self.settings,
        )  # fmt: skip
        self.deliveries = Deliveries(config, self.subscriptions, self.errors.append)
        await self.deliveries.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.deliveries.close()
        await self.east.stop()
        await self.west.stop()
        self.names.stop()
        assert self.errors == []

    async def settled(self) -> None:
        async with asyncio.timeout(20):
            while not self.deliveries.unsettled()["settled"]:
                await asyncio.sleep(0.01)

    def message(self, name: str) -> Message:
        """A message that nothing in the shop has brought about."""
        return Message(name, "e", "orders/create", URL, "s1", "2026", "drill-shop.myshopify.com", "2026-10", b"{}")

    def told(self) -> list[BusinessTold]:
        """Every attempt, in the order in which they ended."""
        self.deliveries._told.flush()
        return [one for one in read(self.folder / "shop.jsonl") if isinstance(one, BusinessTold)]

    def changes(self) -> list[BusinessChange]:
        """The ledger."""
        self.deliveries._told.flush()
        return [one for one in read(self.folder / "shop.jsonl") if isinstance(one, BusinessChange)]


def drive(folder: Path, story: Callable[[Rig], Coroutine[Any, Any, None]], **settings: Any) -> None:
    async def main() -> None:
        rig = Rig(folder)
        rig.settings |= settings
        async with rig:
            await story(rig)

    asyncio.run(main())


def test_a_change_is_told_with_all_the_documented_headers_and_stands_in_the_ledger(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.deliveries.tell([order(1, 5), order(1, 5, "orders/updated")])
        first, second = await rig.east.until(2)
        await rig.settled()
        assert rightly_signed(first)
        assert first.path == "/webhooks"
        assert json.loads(first.body)["note"] == "Zoë/👍"
        headers = first.headers
        assert headers["host"] == "app.example.com"
        assert headers["content-type"] == "application/json"
        assert headers["x-shopify-topic"] == "orders/create"
        assert headers["x-shopify-shop-domain"] == "drill-shop.myshopify.com"
        assert headers["x-shopify-api-version"] == "2026-10"
        assert headers["x-shopify-triggered-at"].endswith("Z")
        assert headers["x-shopify-event-id"] == second.headers["x-shopify-event-id"]  # one action
        assert headers["x-shopify-webhook-id"] != second.headers["x-shopify-webhook-id"]
        (change,) = rig.changes()  # one thing, one version: one change, however many topics tell of it
        assert (change.kind, change.k, change.v, change.effects) == ("orders", "1", 5, ("erp:1",))
        assert {(one.delivery, one.attempt, one.reached, one.status, one.error) for one in rig.told()} == {
            (headers["x-shopify-webhook-id"], 1, "east", 200, None),
            (second.headers["x-shopify-webhook-id"], 1, "east", 200, None),
        }
        assert change.event == headers["x-shopify-event-id"]

    drive(tmp_path, story)


def test_nobody_is_told_where_nobody_has_subscribed_and_the_ledger_knows_of_it_all_the_same(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.deliveries.remove_subscriptions()
        rig.deliveries.tell([order(1)])
        await rig.settled()
        assert (rig.told(), len(rig.changes())) == ([], 1)

    drive(tmp_path, story)


def test_retries_keep_the_payload_and_the_address_although_the_subscription_points_elsewhere_by_then(
    tmp_path: Path,
) -> None:
    # changelog 2024-09-10: "delivered with the original payload", "to the subscription's address that was configured
    # when the webhook was triggered"
    async def story(rig: Rig) -> None:
        rig.east.answers = [500, 302, -1, 200]
        rig.deliveries.tell([order(1, 1, note="first")])
        await rig.east.until(1)
        rig.subscriptions.move("http://other.example.com/elsewhere")
        got = await rig.east.until(4)
        await rig.settled()
        assert len({one.body for one in got}) == 1
        assert len({one.headers["x-shopify-webhook-id"] for one in got}) == 1
        assert {one.path for one in got} == {"/webhooks"}
        told = rig.told()
        assert [one.attempt for one in told] == [1, 2, 3, 4]
        assert [one.error for one in told] == [
            "answered 500", "answered 302, and redirects are failures", "reset", None,
        ]  # fmt: skip
        assert {one.address for one in told} == {URL}

    drive(tmp_path, story)


def test_after_eight_retries_a_message_is_given_up_and_its_subscription_removed(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.east.answers = [503]
        rig.deliveries.tell([order(1)])
        await rig.east.until(7)
        failing, idle = rig.deliveries.lines()
        assert failing["what"] == "webhook orders/create"
        assert "attempts in a row failed, its owner was warned" in failing["about"]
        assert idle["about"] == "nothing was sent yet"
        assert len(await rig.east.until(9)) == 9
        await rig.settled()
        assert [one.topic for one in rig.subscriptions.every()] == ["orders/updated"]
        rig.deliveries.tell([order(2)])
        assert len(rig.told()) == 9
        assert rig.deliveries.unsettled()["settled"]

    drive(tmp_path, story)


def test_a_pooled_connection_goes_on_to_the_old_place_after_a_change_of_dns_until_it_breaks(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.deliveries.tell([order(1)])
        await rig.settled()
        rig.names.answered = WEST
        rig.deliveries.tell([order(2)])
        await rig.settled()
        assert [one.reached for one in rig.told()] == ["east", "east"]
        assert rig.east.connections == 1
        await rig.east.stop()
        await asyncio.sleep(0.05)  # the end of a connection is noticed while it is idle
        rig.deliveries.tell([order(3)])
        await rig.west.until(1)
        await rig.settled()
        assert [one.reached for one in rig.told()] == ["east", "east", "west"]
        await rig.east.start()

    drive(tmp_path, story)


def test_connections_that_lay_idle_for_too_long_are_made_anew_where_dns_points_now(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.deliveries.tell([order(1)])
        await rig.settled()
        rig.names.answered = WEST
        rig.deliveries.tell([order(2)])
        await rig.west.until(1)

    drive(tmp_path, story, idle_ns=1)


def test_who_does_not_answer_in_time_is_tried_again(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.east.answers = [0, 200]
        rig.deliveries.tell([order(1)])
        await rig.east.until(2)
        await rig.settled()
        assert [one.error for one in rig.told()] == ["timeout", None]
        first = rig.told()[0]
        assert (first.returned_ns - first.mono_ns) / NS_PER_S >= 0.25

    drive(tmp_path, story, total_ns=NS_PER_S // 4)


@pytest.mark.skipif(sys.platform != "linux", reason="how a full queue of connections behaves is the kernel's")
def test_who_takes_no_connection_within_the_time_for_it_is_tried_again(tmp_path: Path) -> None:
    # "a connection timeout of one second": here a fifth, of a server whose queue of connections is full
    async def story(rig: Rig) -> None:
        with socket.socket() as full, ExitStack() as stack:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(3):
                filling = stack.enter_context(socket.socket())
                filling.setblocking(False)
                filling.connect_ex(full.getsockname())
            rig.east.address = full.getsockname()
            await rig.deliveries.close()
            await rig.connect()
            rig.deliveries.tell([order(1)])
            await rig.settled()
        assert [one.error for one in rig.told()] == ["connect-timeout", "connect-timeout"]
        assert {one.reached for one in rig.told()} == {"east"}

    drive(tmp_path, story, connect_ns=NS_PER_S // 5, retries=1, retry_window_ns=1000)


def test_a_name_that_leads_nowhere_and_an_address_outside_are_failures_and_nobody_dials_them(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.names.answered = "203.0.113.5"
        rig.deliveries.tell([order(1)])
        await rig.settled()
        rig.subscriptions.move("ftp://app.example.com/")
        rig.deliveries.tell([order(2, topic="orders/updated")])
        await rig.settled()
        told = rig.told()
        assert {one.error for one in told} == {
            "unreachable", "not an http or https address: ftp://app.example.com/",
        }  # fmt: skip
        assert {one.reached for one in told} == {None}

    drive(tmp_path, story, retries=1, retry_window_ns=1000)


def test_duplicates_have_the_id_of_the_first_and_disorder_lets_later_ones_overtake(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.deliveries.disturb(duplicates=1.0, disorder_s=0.3)
        for version in range(1, 21):
            rig.deliveries.tell([order(1, version, "orders/updated", updated=version)])
        await rig.settled()
        got = rig.east.got
        assert len(got) == 40
        ids = [one.headers["x-shopify-webhook-id"] for one in got]
        assert {ids.count(one) for one in ids} == {2}
        versions = [json.loads(one.body)["updated"] for one in got]
        assert versions != sorted(versions)
        assert {one.attempt for one in rig.told()} == {1, 2}

    drive(tmp_path, story)


def test_what_comes_twice_much_later_holds_up_nobody_who_is_due_before(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        made = [rig.message(str(number)) for number in range(2)]
        now_ns = monotonic_ns()
        rig.deliveries._dispatcher.send(made[0], Delivery(now_ns + 20 * NS_PER_MS, copy_ns=now_ns + 60 * NS_PER_S))
        rig.deliveries._dispatcher.send(made[1], Delivery(now_ns + 40 * NS_PER_MS))
        got = await rig.east.until(2)  # long before a minute has passed
        assert [one.headers["x-shopify-webhook-id"] for one in got] == ["0", "1"]

    drive(tmp_path, story)


def test_forged_messages_go_to_both_places_and_an_app_that_verifies_refuses_each(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.east.verifies = rig.west.verifies = True
        rig.deliveries.tell([order(1)])
        await rig.settled()
        assert await rig.deliveries.forge(7) == {"sent": 14, "taken": []}
        told = [one for one in rig.told() if one.forged]
        assert {one.reached for one in told} == {"east", "west"}
        assert {one.error for one in told} == {"answered 401"}
        begun = sorted(one.mono_ns for one in told if one.reached == "east")
        assert begun[-1] - begun[0] > 100 * NS_PER_MS  # not all at once
        rig.west.verifies = False
        answer = await rig.deliveries.forge(7, ["west"])
        assert len(answer["taken"]) == 7
        assert answer["taken"][0] == "west took a message without a signature"

    drive(tmp_path, story)


def test_during_a_rotation_messages_are_signed_with_the_old_secret_and_with_the_new_one_then_only_that(
    tmp_path: Path,
) -> None:
    async def story(rig: Rig) -> None:
        rig.deliveries.rotate("the new one")
        for number in range(60):
            rig.deliveries.tell([order(number)])
            await asyncio.sleep(0.002)
        await rig.settled()
        old = sum(rightly_signed(one) for one in rig.east.got)
        new = sum(rightly_signed(one, "the new one") for one in rig.east.got)
        assert old > 0
        assert new > 0
        assert old + new == 60

    drive(tmp_path, story, rotation_ns=60 * 2 * NS_PER_MS)


def test_a_certificate_that_nobody_vouches_for_is_a_failure_and_one_that_is_known_is_taken(
    tmp_path: Path, certificate: Path
) -> None:

    async def story(rig: Rig) -> None:
        await rig.east.stop()
        rig.east = await Receiver("east").start(of_server(certificate))
        rig.subscriptions.move("https://app.example.com/webhooks")
        await rig.deliveries.close()
        await rig.connect()
        rig.deliveries.tell([order(1)])
        await rig.settled()
        assert {one.error for one in rig.told()} == {"no-tls"}
        await rig.deliveries.close()
        rig.settings["ca_file"] = str(certificate)
        await rig.connect()
        rig.deliveries.tell([order(2)])
        await rig.settled()
        assert rig.told()[-1].error is None

    drive(tmp_path, story, retries=1, retry_window_ns=1000)


def test_a_reset_forgets_everything_that_is_under_way(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        rig.east.answers = [503]
        rig.deliveries.disturb(duplicates=1.0, disorder_s=1.0)
        for number in range(30):
            rig.deliveries.tell([order(number)])
        await rig.east.until(3)
        await rig.deliveries.reset()
        assert rig.deliveries.unsettled()["settled"]
        rig.east.answers = [200]
        before = len(rig.east.got)
        rig.deliveries.tell([order(99)])
        await rig.settled()
        assert [json.loads(one.body)["id"] for one in rig.east.got[before:]] == [99]

    drive(tmp_path, story)


def test_more_messages_than_there_may_be_connections_wait_in_line_and_all_arrive(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        for number in range(100):
            rig.deliveries.tell([order(number)])
        await rig.settled()
        assert sorted(json.loads(one.body)["id"] for one in rig.east.got) == list(range(100))
        assert rig.east.connections <= 4

    drive(tmp_path, story, at_once=4)


def test_a_shop_lives_through_an_outage_with_duplicates_and_disorder_and_its_ledger_counts_nothing_as_lost(
    tmp_path: Path,
) -> None:
    # the application of this test keeps the newest version by key, and does each effect once: it is to be told nothing
    async def story(rig: Rig) -> None:
        clock = itertools.count(1_700_000_000_000_000, 1000)
        shop = Shop(lambda: next(clock))
        for topic in (
            "orders/create",
            "orders/updated",
            "orders/cancelled",
            "fulfillments/create",
            "fulfillments/update",
            "products/update",
        ):
            shop.subscriptions.create(topic, URL)
        rig.subscriptions = ShopSubscriptions(lambda: shop)
        await rig.deliveries.close()
        await rig.connect()
        living = Living(shop, rig.deliveries.tell, 7, rig.errors.append)
        rig.deliveries.disturb(duplicates=0.3, disorder_s=0.1)
        rig.east.answers = [*[200] * 20, *[503] * 60, 200]
        living.begin(rate=400)
        living.burst(orders=60, over_s=0.2)
        await rig.east.until(200)
        living.pause()
        await rig.settled()
        answered = [one for one in rig.told() if one.error is None]
        assert len({one.delivery for one in answered}) == len({one.delivery for one in rig.told()})
        held, effects = application(rig, {one.delivery for one in answered})
        became = effects_of(rig.changes(), rig.told(), held, effects)
        assert became.changes > 100
        assert (became.lost, became.undone, became.given_up) == ((), (), ())
        del held["orders"][next(iter(held["orders"]))]
        assert len(effects_of(rig.changes(), rig.told(), held, effects).lost) == 1
        await living.close()

    drive(tmp_path, story)


def application(rig: Rig, taken: set[str]) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What an application holds that keeps the newest of each thing, and how often it did what it was asked to."""
    held: dict[str, dict[str, str]] = {"orders": {}, "fulfillments": {}, "products": {}}
    done: dict[str, str] = {}
    for got in rig.east.got:
        if got.headers["x-shopify-webhook-id"] in taken:
            body, kind = json.loads(got.body), got.headers["x-shopify-topic"].partition("/")[0]
            key = str(body["id"])
            held[kind][key] = max(held[kind].get(key, ""), body["updated_at"])
            if got.headers["x-shopify-topic"] == "orders/create":
                done[f"erp:{key}"] = "1"
    return held, done
