"""The shop and the reference application, without a network: what is sent is taken, what is forged is refused."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping

from harness.parts.commerce.shopify import life
from harness.parts.commerce.shopify.doing import Doing
from harness.parts.commerce.shopify.forging import Kind, forgeries
from harness.parts.commerce.shopify.life import Life, Next
from harness.parts.commerce.shopify.message import Message, effects_of
from harness.parts.commerce.shopify.odd_json import odd, styled, written
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import Changed
from harness.parts.commerce.shopify.signing import Secrets, signature
from reference.shopify_app import intake
from reference.shopify_app.intake import Refused, Webhook
from reference.shopify_app.settings import TOPICS
from reference.shopify_app.things import learned

SECRET, SHOP = "the client secret", "drill-shop.myshopify.com"
ASKS = {"orders/create": ("erp:{id}",), "orders/paid": ("fulfilment:{id}",), "orders/cancelled": ("cancel:{id}",)}


def lived(deeds: int) -> Iterator[Changed]:
    ticks = itertools.count(1_700_000_000_000_000, 1_000_003)
    doing, state = Doing(Shop(lambda: next(ticks)), 3, 5, 4), Life(3, 5, 4)
    for _ in range(deeds):
        state, found = life.step(state, Next(), 0)
        for deed in found:
            yield from doing.do(deed)


def message(change: Changed, number: int) -> Message:
    body = written(odd(change.body, 7, str(number)), styled(7, str(number)))
    return Message(
        f"w-{number}", "e", change.topic, "http://app.example.com/webhooks", "1", "2026-01-01T00:00:00.000000000Z",
        SHOP, "2026-10", body,
    )  # fmt: skip


def decided(headers: Mapping[str, str], body: bytes, *secrets: str) -> Webhook | Refused:
    return intake.decide(list(headers.items()), body, secrets or (SECRET,), SHOP, TOPICS)


def test_whatever_happens_in_the_shop_the_application_takes_and_reads_the_same_version_out_of_it() -> None:
    topics: Counter[str] = Counter()
    asked: set[str] = set()
    known: set[str] = set()
    for number, change in enumerate(lived(300)):
        asked |= {*effects_of(ASKS, change.topic, change.body)}
        if change.topic not in TOPICS:
            continue
        topics[change.topic] += 1
        sent = message(change, number)
        taken = decided(sent.headers(signature(SECRET, sent.body)), sent.body)
        assert isinstance(taken, Webhook), taken
        assert (taken.id, taken.topic, taken.event) == (sent.webhook_id, change.topic, "e")
        found = learned(change.topic, change.body)
        known |= {effect.key for effect in found.effects}
        versions = {(thing.kind, thing.key): thing.version for thing in found.things}
        if change.kind != "refunds":  # of which an order tells
            assert versions[change.kind, str(change.id)] == change.updated_at_us
    assert topics.keys() == {*TOPICS}
    assert asked <= known  # what the ledger counts as asked for is what the application would do


def test_every_forgery_is_refused_as_unsigned_in_whichever_way_it_was_made() -> None:
    genuine = message(next(lived(1)), 0)
    answers = {one.kind: decided(one.headers, one.message.body) for one in forgeries(genuine, SECRET, 7, 0, len(Kind))}
    assert {answer.status for answer in answers.values() if isinstance(answer, Refused)} == {401}
    assert len(answers) == len(Kind)
    assert not any(isinstance(answer, Webhook) for answer in answers.values())


def test_during_a_rotation_nothing_is_refused_by_who_knows_both_secrets() -> None:
    hour = 3600 * 10**9
    secrets = Secrets("old").rotated("new", 0)
    sent = [message(change, number) for number, change in enumerate(lived(60)) if change.topic in TOPICS]
    refused: Counter[tuple[str, ...]] = Counter()
    for at, one in enumerate(sent):
        signed = signature(secrets.of(7, one.webhook_id, hour * at // len(sent)), one.body)
        for known in (("new", "old"), ("new",), ("old",)):
            refused[known] += isinstance(decided(one.headers(signed), one.body, *known), Refused)
    assert refused["new", "old"] == 0
    assert refused["new",] > 5
    assert refused["old",] > 5
