"""The queue to one third party of the reference's Shopify application, in model time."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference import backoff
from reference.shopify_app.integrations import lane

S = 1_000_000_000
TERMS = lane.Terms(first_ns=S, longest_ns=300 * S, open_ns=30 * S, look_ns=5 * S)
CALL_NS = S // 100


@dataclass
class Run:
    """A lane and its party. answers: what the party says to a call, by key, number of the call and time."""

    answers: Callable[[str, int, int], int | None]
    keeps: Callable[[str, int], bool] = lambda _key, _calls: True
    seed: int = 0
    state: lane.State = field(default_factory=lambda: lane.State(TERMS))
    now_ns: int = 0
    sent: list[tuple[int, str]] = field(default_factory=list)
    has: set[str] = field(default_factory=set)
    told: list[lane.Effect] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    under_way: list[tuple[int, lane.Answered]] = field(default_factory=list)

    def ask(self, *keys: str) -> None:
        for key in keys:
            self.step(lane.Asked(key, (self.now_ns, f"{int(key.rpartition(':')[2]):06}")))

    def step(self, event: lane.Event) -> None:
        self.state, effects = lane.step(self.state, event, self.now_ns)
        for effect in effects:
            match effect:
                case lane.Send(key=key):
                    self.calls[key] = self.calls.get(key, 0) + 1
                    self.sent.append((self.now_ns, key))
                    status = self.answers(key, self.calls[key], self.now_ns)
                    if status is not None and status < 300 and self.keeps(key, self.calls[key]):
                        self.has.add(key)
                    self._answer(key, status)
                case lane.Find(key=key):
                    self._answer(key, 200 if key in self.has else 404)
                case _:
                    self.told.append(effect)

    def _answer(self, key: str, status: int | None) -> None:
        draw = random.Random(f"{self.seed} {key} {self.now_ns}").random()
        self.under_way.append((self.now_ns + CALL_NS, lane.Answered(key, status, draw)))

    def until(self, end_ns: int) -> None:
        while True:
            coming = [at for at, _ in self.under_way]
            next_ns = lane.next_ns(self.state, self.now_ns)
            if next_ns is not None:
                coming.append(max(next_ns, self.now_ns + 1))
            if not coming or min(coming) > end_ns:
                self.now_ns = end_ns
                return
            self.now_ns = min(coming)
            due = [one for one in self.under_way if one[0] <= self.now_ns]
            self.under_way = [one for one in self.under_way if one[0] > self.now_ns]
            for _, event in due:
                self.step(event)
            self.step(lane.Look())

    def of(self, kind: type[lane.Effect]) -> list[str]:
        return [effect.key for effect in self.told if isinstance(effect, kind)]


def keys(count: int) -> list[str]:
    return [f"erp:{number}" for number in range(count)]


def test_what_is_asked_for_goes_in_order_and_is_looked_for_afterwards() -> None:
    run = Run(lambda *_: 201)
    run.ask(*keys(50))
    run.until(60 * S)
    assert [key for _, key in run.sent] == keys(50)
    assert sorted(run.of(lane.Settled)) == sorted(keys(50))
    assert not run.state.waiting


def test_a_party_that_keeps_nothing_is_found_out_and_sent_to_again() -> None:
    run = Run(lambda *_: 201, keeps=lambda _key, calls: calls > 4)
    run.ask("erp:1")
    run.until(600 * S)
    assert run.calls["erp:1"] == 5
    assert run.of(lane.Lied) == ["erp:1"]
    assert run.of(lane.Settled) == ["erp:1"]


def test_maintenance_of_days_loses_nothing_and_costs_few_calls() -> None:
    end_ns = 3 * 86_400 * S
    run = Run(lambda _key, _calls, now_ns: 503 if now_ns < end_ns else 201)
    run.ask(*keys(100))
    run.until(end_ns)
    assert not run.of(lane.Dead)
    assert len(run.sent) < end_ns / S / 20  # a call each half minute at the most, and then some
    run.until(end_ns + 900 * S)
    assert sorted(run.of(lane.Settled)) == sorted(keys(100))


def test_the_breaker_opens_after_failures_in_a_row_and_one_call_tries() -> None:
    run = Run(lambda *_: None)
    run.ask(*keys(20))
    run.until(lane.BREAKER_FAILURES * CALL_NS + 29 * S)
    assert len(run.sent) == lane.BREAKER_FAILURES
    run.until(60 * S)
    assert len(run.sent) == lane.BREAKER_FAILURES + 1


def test_what_a_party_refuses_for_good_is_given_up_and_lets_others_pass() -> None:
    run = Run(lambda key, *_: 422 if key == "erp:0" else 201)
    run.ask(*keys(3))
    run.until(300 * S)
    (dead,) = [effect for effect in run.told if isinstance(effect, lane.Dead)]
    assert (dead.key, dead.why) == ("erp:0", f"refused {lane.REFUSALS_MAX} times, last with 422")
    assert sorted(run.of(lane.Settled)) == ["erp:1", "erp:2"]


def test_a_rate_limit_stops_the_lane_for_as_long_as_the_party_asks() -> None:
    state, effects = lane.step(lane.State(TERMS), lane.Asked("a", (0, "a")), 0)
    state, _ = lane.step(state, lane.Asked("b", (1, "b")), 0)
    assert effects == (lane.Send("a", again=False),)
    state, effects = lane.step(state, lane.Answered("a", 429, 0.5, after_ns=7 * S), S)
    assert effects == ()
    assert lane.next_ns(state, S) == 8 * S
    state, effects = lane.step(state, lane.Look(), 8 * S)
    assert effects == (lane.Send("a", again=True),)


def test_retries_are_paid_from_a_budget() -> None:
    run = Run(lambda _key, calls, _now_ns: 500 if calls == 1 else 201)
    run.state = lane.State(TERMS, budget=2.0)
    run.ask(*keys(4))
    run.until(20 * S)
    first = [key for _, key in run.sent[:4]]
    assert first == keys(4)
    paid = len(run.sent) - 4
    assert paid <= 2 + 20 * lane.BUDGET_PER_S


def test_a_call_that_ends_after_its_effect_was_settled_changes_nothing() -> None:
    state, _ = lane.step(lane.State(TERMS), lane.Answered("gone", 201, 0.5), 0)
    assert not state.waiting


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.8), st.floats(0, 0.5))
def test_whatever_a_party_does_everything_arrives_once_it_works(seed: int, failing: float, lying: float) -> None:
    draw = random.Random(seed)
    good_from_ns = 200 * S

    def answer(_key: str, _calls: int, now_ns: int) -> int | None:
        if now_ns >= good_from_ns or draw.random() >= failing:
            return 201
        return draw.choice((500, 503, 429, None))

    run = Run(answer, lambda _key, _calls: run.now_ns >= good_from_ns or draw.random() >= lying, seed)
    run.ask(*keys(15))
    run.until(good_from_ns + 1500 * S)
    assert sorted(run.of(lane.Settled)) == sorted(keys(15))
    assert run.has == set(keys(15))


@pytest.mark.parametrize(("failures", "most_s"), [(1, 1.0), (2, 2.0), (5, 16.0), (12, 300.0), (10_000, 300.0)])
def test_waits_double_up_to_the_longest_and_are_drawn_from_all_of_it(failures: int, most_s: float) -> None:
    assert backoff.wait_s(failures, 1.0, 1.0, 300.0) == most_s
    assert backoff.wait_s(failures, 0.5, 1.0, 300.0) == most_s / 2
    assert backoff.wait_s(failures, 0.0, 1.0, 300.0) == 0.0
