"""Asking the shop: the token, the pace, what answers mean, when it is time, and which webhooks are subscribed to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reference.shopify_app.admin_api import answers, pace, token
from reference.shopify_app.asking import Answer
from reference.shopify_app.reconciliation import due, subscriptions
from reference.shopify_app.settings import SCOPES, TOPICS

S = 1_000_000_000
URL = "http://app.example/webhooks"


def test_a_token_is_replaced_before_it_runs_out_also_where_nobody_asks_for_anything() -> None:
    found = token.got({"access_token": "t", "scope": "read_orders, read_products", "expires_in": 86_400}, 0, 300 * S)
    assert found is not None
    assert found.scopes == {"read_orders", "read_products"}
    assert not token.due(found, 86_099 * S)
    assert token.due(found, 86_100 * S)
    assert "'t'" not in repr(found)


def test_a_token_of_short_life_is_not_replaced_all_the_time() -> None:
    found = token.got({"access_token": "t", "expires_in": 10}, 0, 300 * S)
    assert found is not None
    assert not token.due(found, 4 * S)
    assert token.due(found, 5 * S)


@pytest.mark.parametrize("said", [{}, {"access_token": ""}, {"access_token": None}, {"access_token": 7}])
def test_an_answer_without_a_token_holds_none(said: dict[str, Any]) -> None:
    assert token.got(said, 0, 0) is None


def test_a_token_that_was_refused_is_used_no_more_unless_another_one_has_come() -> None:
    old, new = token.Token("old"), token.Token("new")
    assert token.due(token.refused(old, "old"), 0)
    assert token.refused(new, "old") == new


def throttle(available: float) -> dict[str, Any]:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": 100.0}
    return {"cost": {"requestedQueryCost": 52, "throttleStatus": status}}


def test_the_shop_is_asked_as_fast_as_its_bucket_fills() -> None:
    bucket = pace.heard(throttle(10), 0)
    assert pace.wait_ns(bucket, 60, 0) == S // 2
    assert pace.wait_ns(bucket, 60, S // 4) == S // 4
    assert pace.wait_ns(bucket, 60, S) == 0
    assert pace.wait_ns(bucket, 10_000, 0) == pace.wait_ns(bucket, 2_000, 0)
    assert pace.cost_of(throttle(10)) == 52


@pytest.mark.parametrize(
    "extensions", [{}, {"cost": None}, {"cost": {"throttleStatus": {}}}, throttle(1) | {"cost": 3}]
)
def test_without_news_of_the_bucket_nobody_waits(extensions: dict[str, Any]) -> None:
    assert pace.heard(extensions, 0) is None
    assert pace.wait_ns(None, 1000, 0) == 0


def answer(status: int, said: object = None, **headers: str) -> Answer:
    return Answer(status, headers, json.dumps(said).encode())


def error(code: str) -> dict[str, Any]:
    return {"errors": [{"message": code, "extensions": {"code": code}}]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(200, {"data": {"shop": 1}}), answers.Data({"shop": 1})),
        (answer(401, {"errors": "no"}), answers.TokenRefused()),
        (answer(200, error("THROTTLED")), answers.Throttled()),
        (answer(429, {}, **{"retry-after": "2.5"}), answers.Throttled(2.5)),
        (answer(429, {}, **{"retry-after": "Sun, 29 Nov 2026 11:00:00 GMT"}), answers.Throttled()),
        (answer(200, error("MAX_COST_EXCEEDED")), answers.TooCostly()),
        (answer(502), answers.Passing("status 502")),
        (answer(200, error("INTERNAL_SERVER_ERROR")), answers.Passing("the shop has met an error of its own")),
        (Answer(200, {}, b"<html>"), answers.Passing("the answer holds no data")),
        (answer(404, {"errors": "Not Found"}), answers.Refused("status 404: Not Found")),
    ],
)
def test_what_answers_mean(given: Answer, expected: answers.Meaning) -> None:
    assert answers.meaning(given) == expected


def test_an_invalid_query_is_refused_with_the_reason() -> None:
    found = answers.meaning(answer(200, {"errors": [{"message": "Field 'x' doesn't exist"}]}))
    assert isinstance(found, answers.Refused)
    assert "doesn't exist" in found.why


TERMS = due.Terms(every_ns=120 * S, retry_ns=10 * S)


def after(state: due.State, *events: tuple[int, due.Event]) -> tuple[due.State, list[tuple[int, tuple[str, ...]]]]:
    """The state in the end; when the shop was to be asked, and why."""
    asked = []
    for at_s, event in events:
        state, effects = due.step(state, event, at_s * S)
        asked += [(at_s, effect.reasons) for effect in effects]
    return state, asked


def test_it_is_time_at_the_start_then_when_there_is_a_reason_and_now_and_then() -> None:
    look, well = due.Look(), due.Ended(well=True)
    state, asked = after(due.State(TERMS), (0, look), (1, look), (2, well), (100, look), (122, look))
    assert asked == [(0, (due.STARTED,)), (122, (due.PERIOD,))]
    _, asked = after(state, (123, due.Wanted(due.TAKEOVER)), (124, look), (125, well), (126, look))
    assert asked == [(126, (due.TAKEOVER,))]


def test_what_failed_is_done_again_for_the_same_reasons_and_not_at_once() -> None:
    look = due.Look()
    events = [(0, look), (1, due.Wanted(due.OUTAGE)), (2, due.Ended(well=False)), (11, look), (12, look)]
    _, asked = after(due.State(TERMS), *events)
    assert asked == [(0, (due.STARTED,)), (12, (due.STARTED, due.OUTAGE))]


def test_a_reason_that_comes_while_the_shop_is_asked_is_one_for_the_next_time() -> None:
    wanted = due.Wanted(due.OUTAGE)
    events = [(0, due.Look()), (1, wanted), (1, wanted), (1, due.Look()), (2, due.Ended(well=True)), (2, due.Look())]
    _, asked = after(due.State(TERMS), *events)
    assert asked == [(0, (due.STARTED,)), (2, (due.OUTAGE,))]


def listed(*topics: str, uri: str = URL) -> list[dict[str, str]]:
    return [{"id": f"{topic} {uri}", "topic": subscriptions.as_enum(topic), "uri": uri} for topic in topics]


def test_all_webhooks_are_subscribed_to_and_lead_here() -> None:
    assert subscriptions.plan(listed(*TOPICS), TOPICS, URL).right
    missing = subscriptions.plan(listed(*TOPICS[1:]), TOPICS, URL)
    assert missing.missing == ("ORDERS_CREATE",)
    elsewhere = "http://old.example/webhooks"
    astray = subscriptions.plan([*listed(*TOPICS[1:]), *listed(TOPICS[0], uri=elsewhere)], TOPICS, URL)
    assert astray.missing == ("ORDERS_CREATE",)
    assert astray.astray == {f"{TOPICS[0]} {elsewhere}": "ORDERS_CREATE"}
    others = listed("app/uninstalled", uri=elsewhere)
    assert subscriptions.plan([*listed(*TOPICS), *others], TOPICS, URL).right


def test_a_subscription_that_the_other_region_has_just_made_is_no_error() -> None:
    assert subscriptions.is_taken([{"message": "Address for this topic has already been taken"}])
    assert not subscriptions.is_taken([{"message": "Address is invalid"}])


def test_the_scopes_allow_to_reconcile_what_webhooks_tell() -> None:
    kinds = {topic.partition("/")[0] for topic in TOPICS} - {"refunds"}
    assert {scope.removeprefix("read_") for scope in SCOPES} == kinds
