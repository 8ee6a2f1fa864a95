"""A shop's life: seeded, open loop, only what can be done; and its messages, as odd as JSON can be, and signed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.parts.commerce.shopify import life
from harness.parts.commerce.shopify.doing import Doing
from harness.parts.commerce.shopify.drawing import below, identity, share
from harness.parts.commerce.shopify.forging import Kind, forgeries
from harness.parts.commerce.shopify.life import Deed, Life, MakeOrder, Next, Ordered
from harness.parts.commerce.shopify.living import Living
from harness.parts.commerce.shopify.message import SIGNATURE, Message, effects_of, triggered_at
from harness.parts.commerce.shopify.odd_json import TEXTS, UNLISTED, Style, odd, styled, written
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import Changed
from harness.parts.commerce.shopify.signing import Secrets, signature


def lived(seed: int, deeds: int, bursts: int = 0) -> list[Deed]:
    state, found = Life(seed, customers=5, products=4), []
    for event in (*[Ordered()] * bursts, *[Next()] * deeds):
        state, done = life.step(state, event, 0)
        found += done
    return found


def test_the_same_seed_lives_the_same_life_and_another_one_another() -> None:
    assert lived(1, 200) == lived(1, 200) != lived(2, 200)


def test_half_of_what_happens_are_new_orders_and_every_kind_of_deed_happens() -> None:
    kinds = Counter(type(deed).__name__ for deed in lived(3, 400))
    assert len(kinds) == 10
    assert 180 <= kinds["MakeOrder"] <= 240


@given(st.integers(0, 10**9), st.integers(0, 30))
def test_every_deed_can_be_done_and_none_to_what_it_was_done_to(seed: int, bursts: int) -> None:
    paid: dict[int, bool] = {}
    sent: set[int] = set()
    gone: set[int] = set()
    left: dict[int, int] = {}
    for deed in lived(seed, 120, bursts):
        match deed:
            case MakeOrder():
                assert deed.order == len(paid)
                paid[deed.order], left[deed.order] = deed.paid, deed.lines[0].quantity
            case life.PayOrder(order=order):
                assert not paid[order]
                paid[order] = True
            case life.FulfilOrder(order=order):
                assert paid[order]
                assert order not in sent | gone
                sent.add(order)
            case life.TrackOrder(order=order):
                assert order in sent
            case life.CancelOrder(order=order):
                assert order not in sent | gone
                gone.add(order)
            case life.RefundOrder(order=order, quantity=quantity):
                assert order not in gone
                left[order] -= quantity
                assert left[order] >= 0
            case life.ChangeOrder(order=order):
                assert order not in gone


def shop() -> Shop:
    ticks = itertools.count(1_700_000_000_000_000, 1000)
    return Shop(lambda: next(ticks))


def test_the_shop_has_nothing_against_any_of_it_and_versions_grow() -> None:
    doing, newest = Doing(shop(), 3, 5, 4), 0
    topics: Counter[str] = Counter()
    for deed in lived(3, 400):
        for change in doing.do(deed):
            topics[change.topic] += 1
            assert change.updated_at_us >= newest
            newest = change.updated_at_us
    wanted = {
        "orders/create", "orders/updated", "orders/cancelled", "refunds/create", "fulfillments/create",
        "fulfillments/update", "products/update", "customers/update",
    }  # fmt: skip
    assert wanted <= topics.keys()


def test_a_burst_is_exactly_as_many_orders_as_asked_for_and_a_pause_ends_everything() -> None:
    async def main() -> None:
        errors: list[BaseException] = []
        told: list[Changed] = []
        living = Living(shop(), told.extend, 3, errors.append, customers=5, products=4)
        living.begin(rate=500)
        living.burst(orders=100, over_s=0.05)
        async with asyncio.timeout(20):
            while living.counts().get("MakeOrder", 0) < 130:
                await asyncio.sleep(0.01)
        living.pause()
        await asyncio.sleep(0.02)
        assert not living.busy
        before = living.counts()
        await asyncio.sleep(0.02)
        assert living.counts() == before
        assert sum(one.topic == "orders/create" for one in told) == before["MakeOrder"]
        living.reset(shop())
        assert living.counts() == {}
        for refused in (lambda: living.begin(0), lambda: living.burst(0, 1), lambda: living.burst(5, -1)):
            with pytest.raises(InputError):
                refused()
        await living.close()
        assert errors == []

    asyncio.run(main())


# -- bodies -------------------------------------------------------------------------------------------------------
def test_every_style_of_a_body_parses_to_the_same_and_no_two_are_the_same_bytes() -> None:
    body = {"note": "".join(TEXTS), "url": "https://a/b?c&d", **UNLISTED}
    all_styles = {style: written(body, style) for style in Style}
    assert [json.loads(one) for one in all_styles.values()] == [body] * len(Style)
    assert len(set(all_styles.values())) == len(Style)
    assert rb"\/" in all_styles[Style.SLASHES]
    assert rb"\u0026" in all_styles[Style.RAILS]
    assert all_styles[Style.ASCII].isascii()


@given(st.recursive(st.none() | st.text() | st.integers() | st.booleans(), lambda inner: st.lists(inner), max_leaves=9))
def test_whatever_a_body_holds_it_is_the_same_when_it_is_read(value: object) -> None:
    for style in Style:
        assert json.loads(written({"value": value}, style)) == {"value": value}


def test_half_a_character_that_came_by_the_api_breaks_no_message() -> None:
    for style in Style:
        assert json.loads(written({"note": "a\ud83dz"}, style)) == {"note": "a\ud83dz"}


def test_some_bodies_have_a_field_that_nobody_has_heard_of() -> None:
    with_it = [name for name in map(str, range(1000)) if "unlisted" in odd({"id": 1}, 7, name)]
    assert 200 < len(with_it) < 300
    assert {styled(7, name) for name in with_it} == set(Style)


def test_effects_are_named_by_templates_and_a_template_about_something_else_gives_none() -> None:
    templates = {"orders/create": ("erp:{id}", "crm:{customer[id]}", "x:{nowhere}", "y:{customer[name][0]}")}
    body = {"id": 5, "customer": {"id": 7, "name": None}}
    assert effects_of(templates, "orders/create", body) == ("erp:5", "crm:7")
    assert effects_of(templates, "orders/updated", body) == ()


def test_triggered_at_is_told_in_nanoseconds() -> None:
    assert triggered_at(1_680_112_827_877_041_743) == "2023-03-29T18:00:27.877041743Z"  # the documentation's own


# -- signatures ---------------------------------------------------------------------------------------------------
GENUINE = Message(
    "w", "e", "orders/create", "http://app.example.com/webhooks", "s", "2026-01-01T00:00:00.000000000Z",
    "drill-shop.myshopify.com", "2026-10", written({"id": 1, "note": "a/b"}, Style.SLASHES),
)  # fmt: skip


@given(st.text(min_size=1), st.binary())
def test_a_signature_is_base64_of_the_hmac_sha256_of_the_raw_body(secret: str, body: bytes) -> None:
    by_hand = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    assert signature(secret, body) == by_hand


def test_whoever_writes_the_body_again_before_checking_finds_another_signature() -> None:
    again = json.dumps(json.loads(GENUINE.body), separators=(",", ":")).encode()
    assert signature("s", again) != signature("s", GENUINE.body)


def test_after_a_rotation_the_old_secret_is_used_for_up_to_an_hour_and_then_never_again() -> None:
    hour = 3600 * 10**9
    secrets = Secrets("old").rotated("new", 1000)
    assert {secrets.of(7, str(n), 1000) for n in range(100)} == {"old"}
    assert {secrets.of(7, str(n), 1000 + hour // 2) for n in range(100)} == {"old", "new"}
    assert {secrets.of(7, str(n), 1000 + hour) for n in range(100)} == {"new"}
    for name in map(str, range(20)):  # once a message is signed with the new one, it stays so
        used = [secrets.of(7, name, 1000 + at * hour // 10) for at in range(11)]
        assert used == sorted(used, reverse=True)


def test_no_forgery_passes_a_right_check_and_each_differs_in_one_thing() -> None:
    found = list(forgeries(GENUINE, "s", 7, 0, 2 * len(Kind)))
    assert Counter(one.kind for one in found) == dict.fromkeys(Kind, 2)
    for one in found:
        assert one.headers.get(SIGNATURE) != signature("s", one.message.body)
        assert json.loads(one.message.body)["id"] != 1
    replayed = next(one for one in found if one.kind is Kind.REPLAYED)
    assert replayed.headers["X-Shopify-Webhook-Id"] == "w"
    assert replayed.headers[SIGNATURE] == signature("s", GENUINE.body)
    ids = [one.message.webhook_id for one in found if one.kind is not Kind.REPLAYED]
    assert len(set(ids)) == len(ids)
    assert replace(found[0].message, webhook_id="w", body=GENUINE.body) == GENUINE


# -- draws --------------------------------------------------------------------------------------------------------
@given(st.integers(), st.text(), st.integers(1, 1000))
def test_draws_lie_where_they_should_and_repeat(seed: int, what: str, end: int) -> None:
    assert 0 <= share(seed, what) < 1
    assert 0 <= below(end, seed, what) < end
    assert share(seed, what) == share(seed, what)
    assert len(identity(seed, what)) == 36
