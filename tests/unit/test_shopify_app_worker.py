"""The reference's Shopify application on its tables: repeats, disorder, a lost region, and rows that make no sense."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shopify_tables import Tables, store
from shopify_tables import settings as region_settings

from reference.dynamo import CallFailed
from reference.shopify_app import regions, rows, things
from reference.shopify_app.intake import Webhook
from reference.shopify_app.rows import Received
from reference.shopify_app.store import Store
from reference.shopify_app.worker import Worker

EAST, WEST = "us-east-1", "us-west-2"


def webhook(key: str, topic: str, body: dict[str, Any]) -> Webhook:
    return Webhook(key, topic, f"e-{key}", "", json.dumps(body).encode())


def worker(made: Store, region: str = EAST, lost: bool = False) -> Worker:
    return Worker(region_settings(region), made, lambda _region: lost, lambda _topic: None)


def deliver(tables: Tables, message: Webhook, region: str = EAST) -> None:
    """One attempt of a delivery, and the work that follows, in a region."""
    made = store(tables, region)
    if made.take(message, 0.0):
        worker(made, region).do(Received(message.id, message.topic, region, message.body))


def at(number: int) -> str:
    return f"2026-11-29T11:00:00.{number:06}Z"


def life() -> list[Webhook]:
    """What is told of two orders and a customer, in the order in which it happened."""
    refund = {"id": 5, "order_id": 1, "note": None}
    sent = {"id": 7, "order_id": 1, "updated_at": at(6), "status": "success"}
    first = {"id": 1, "updated_at": at(1), "financial_status": "pending"}
    paid = {**first, "updated_at": at(2), "financial_status": "paid"}
    refunded = {**paid, "updated_at": at(5), "financial_status": "partially_refunded", "refunds": [refund]}
    second = {"id": 2, "updated_at": at(3), "financial_status": "paid"}
    return [
        webhook("a", "orders/create", first),
        webhook("b", "orders/updated", paid),
        webhook("c", "orders/create", second),
        webhook("d", "customers/update", {"id": 3, "updated_at": at(4)}),
        webhook("e", "refunds/create", refund),
        webhook("f", "orders/updated", refunded),
        webhook("g", "fulfillments/create", sent),
        webhook("h", "orders/updated", {**refunded, "updated_at": at(6), "fulfillments": [sent]}),
        webhook("i", "orders/cancelled", {**second, "updated_at": at(8), "cancelled_at": at(8)}),
    ]


def outcome(tables: Tables) -> dict[str, Any]:
    """All that the application knows and has asked for, without when and by whom."""
    found: dict[str, Any] = {
        kind: {key: (item["version"]["N"], item["data"]["S"]) for key, item in tables.table(kind).items()}
        for kind in things.KINDS
    }
    found["effects"] = {key: item["count"]["N"] for key, item in tables.table("effects").items()}
    return found


IN_ORDER = Tables()
for _message in life():
    deliver(IN_ORDER, _message)


def test_what_happened_is_known_and_done_once() -> None:
    found = outcome(IN_ORDER)
    assert found["orders"]["1"][0] == str(things.version_of(at(6)))
    assert set(found["effects"]) == {
        "erp:1", "erp:2", "fulfilment:1", "fulfilment:2", "cancel:2", "refund:5", "crm:3"
    }  # fmt: skip
    assert set(found["effects"].values()) == {"1"}
    assert {item["state"]["S"] for item in IN_ORDER.table("inbox").values()} == {rows.DONE}
    assert not any("body" in item for item in IN_ORDER.table("inbox").values())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.9), st.booleans())
def test_disorder_repeats_and_both_regions_change_nothing(seed: int, repeated: float, lossy: bool) -> None:
    draw = random.Random(seed)
    messages = life()
    messages += [message for message in messages if draw.random() < repeated]
    draw.shuffle(messages)
    if lossy:  # what is told later makes up for what was lost, as the shop's own answer would
        messages = [message for message in messages if message.id not in "abefg" or draw.random() < 0.5]
        last = {message.id: message for message in life()}
        messages += [last[key] for key in ("c", "d", "h", "i")]
    tables = Tables()
    for message in messages:
        deliver(tables, message, draw.choice((EAST, WEST)))
    assert outcome(tables) == outcome(IN_ORDER)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 8), max_size=12), st.integers(0, 2**32))
def test_work_that_breaks_off_anywhere_is_done_once_in_the_end(breaks: list[int], seed: int) -> None:
    draw, tables = random.Random(seed), Tables()
    messages = life()
    draw.shuffle(messages)
    left = [*breaks]
    for message in messages:
        made = store(tables, draw.choice((EAST, WEST)))
        made.take(message, 0.0)
        while True:
            calls = len(tables.calls)
            tables.broken = {}
            broken = Breaking(tables, left.pop() if left else 99)
            made._client = broken  # type: ignore[assignment]
            try:
                worker(made).do(Received(message.id, message.topic, EAST, message.body))
                break
            except CallFailed:
                assert len(tables.calls) >= calls
    assert outcome(tables) == outcome(IN_ORDER)


class Breaking:
    """Tables of which the call after `good` fails; whether it took effect is anybody's guess: here it did."""

    def __init__(self, tables: Tables, good: int) -> None:
        self._tables, self._good = tables, good

    def insist(self, operation: str, *, patience_s: float = 0.0, **arguments: Any) -> Any:
        reply = self._tables.call(operation, **arguments)
        self._good -= 1
        if self._good < 0:
            raise CallFailed(operation, EAST, "ReadTimeoutError", "no answer", transient=True)
        return reply


def test_a_body_that_is_too_large_for_a_row_has_the_shop_asked() -> None:
    tables = Tables()
    asked: list[str] = []
    made = store(tables)
    noise = random.Random(1).randbytes(600_000).hex()
    message = webhook("a", "products/update", {"id": 1, "updated_at": at(1), "html": noise[:900_000]})
    assert made.take(message, 0.0)
    (row,) = made.waiting_webhooks()
    assert row.body is None
    Worker(region_settings(), made, lambda _region: False, asked.append).do(row)
    assert asked == ["products/update"]
    assert tables.table("inbox")["a"]["state"]["S"] == rows.DONE


def test_what_nobody_can_read_is_parked_with_its_body_and_the_reason() -> None:
    tables = Tables()
    deliver(tables, webhook("a", "orders/create", {"id": 1, "updated_at": "soon"}))
    item = tables.table("inbox")["a"]
    assert item["state"]["S"] == rows.PARKED
    assert "soon" in item["why"]["S"]
    assert "body" in item


def test_rows_of_a_region_are_taken_over_once_it_is_lost_and_by_one_region_alone() -> None:
    tables = Tables()
    for message in life()[:3]:
        store(tables, EAST).take(message, 0.0)
    west = store(tables, WEST)
    assert worker(west, WEST).left_over() == []
    found = worker(west, WEST, lost=True).left_over()
    assert [row.id for row in found] == ["a", "b", "c"]
    assert worker(store(tables, EAST), EAST).left_over() == []
    assert [row.id for row in worker(west, WEST).left_over()] == ["a", "b", "c"]


def test_a_region_is_lost_when_its_beats_stand_still_as_long_as_they_can_be_read() -> None:
    state = regions.seen(regions.State(), EAST, 5, 100)
    state = regions.seen(state, EAST, 5, 150)
    assert not regions.is_lost(state, EAST, 100)
    state = regions.seen(state, EAST, 5, 200)
    assert regions.is_lost(state, EAST, 100)
    state = regions.seen(state, EAST, 6, 210)
    assert not regions.is_lost(state, EAST, 100)
    assert not regions.is_lost(state, WEST, 0)


def test_a_write_that_the_tables_refuse_to_answer_is_no_repeat() -> None:
    tables = Tables()
    tables.broken["put_item"] = 1
    with pytest.raises(CallFailed):
        store(tables).take(life()[0], 0.0)
    assert store(tables).take(life()[0], 0.0)


def test_a_write_that_the_database_will_never_take_is_parked_and_holds_up_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables = Tables()
    made = store(tables, EAST)
    settled: list[str] = []

    def refuse(code: str) -> None:
        def apply(*_: object) -> int:
            raise CallFailed("put_item", EAST, code, "Item size has exceeded", transient=False)

        monkeypatch.setattr(made, "apply", apply)

    monkeypatch.setattr(made, "settle_webhook", lambda _key, state, _why="": settled.append(state))
    row = Received("a", "orders/create", EAST, json.dumps({"id": 1, "updated_at": at(1)}).encode())
    refuse("ValidationException")
    assert worker(made).do(row) is False
    assert settled == [rows.PARKED]
    refuse("ProvisionedThroughputExceededException")
    with pytest.raises(CallFailed):
        worker(made).do(row)
