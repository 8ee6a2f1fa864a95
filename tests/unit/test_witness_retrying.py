"""When a client library tries again: the constants are botocore's, and what is sent twice does no harm."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from importlib import resources

import pytest
from botocore.retries import adaptive, bucket, quota, standard, throttling

from harness.audience import RetryMode
from harness.clock import monotonic_ns
from harness.history.events import Completion
from harness.outcome import Outcome
from harness.units import NS_PER_S
from harness.wire.exchange import Response
from harness.witness import sending_rate
from harness.witness.attempts import Calls
from harness.witness.channel import ExchangeError
from harness.witness.ledger import Planned
from harness.witness.operation import Again, Answered, Connected, Deadline, Event, Failed, Operation, Resolved, step
from harness.witness.retrying import Begun, Ended, How, Over, RetryPolicy, RetryState, Send, policy_of
from harness.witness.retrying import step as retried

S = NS_PER_S


def waits_s(mode: RetryMode, how: Sequence[How], draw: float = 1.0, scale: float = 1.0) -> list[float]:
    """How long a call waits before each attempt after the first."""
    state = RetryState.of(policy_of(mode, scale), scale)
    state, (effect,) = retried(state, Begun(), 0)
    found = []
    for attempt, one in enumerate(how, start=1):
        assert isinstance(effect, Send)
        state, (effect,) = retried(state, Ended(attempt, one, effect.took, draw), 0)
        if isinstance(effect, Send):
            found.append(effect.after_ns / S)
    assert effect == Over()
    return found


def test_legacy_tries_five_times_ever_further_apart() -> None:
    assert waits_s("legacy", ["transient"] * 5) == [1, 2, 4, 8]
    assert waits_s("legacy", ["transient"] * 5, draw=0.5) == [0.5, 1, 2, 4]


def test_standard_tries_three_times_soon_and_later_when_it_is_throttled() -> None:
    assert waits_s("standard", ["transient"] * 3) == [0.05, 0.1]
    assert waits_s("standard", ["throttled"] * 3) == [1, 2]
    assert waits_s("standard", ["transient", "ok"]) == [0.05]
    assert waits_s("standard", ["final"]) == []


def test_waits_are_scaled_with_the_profile() -> None:
    assert waits_s("legacy", ["transient"] * 5, scale=0.1) == [0.1, 0.2, 0.4, 0.8]


def test_the_quota_is_used_up_by_retries_and_comes_back_with_calls_that_end_well() -> None:
    state = RetryState.of(policy_of("standard", 1.0), 1.0)
    calls = 0
    while True:
        state, (effect,) = retried(state, Ended(1, "transient", 0, 1.0), 0)
        if isinstance(effect, Over):
            break
        calls += 1
    assert calls == 500 // 14
    state, _ = retried(state, Ended(2, "ok", 14, 1.0), 0)
    state, (effect,) = retried(state, Ended(1, "transient", 0, 1.0), 0)
    assert isinstance(effect, Send)
    untouched = RetryState.of(policy_of("standard", 1.0), 1.0)
    assert retried(untouched, Ended(1, "ok", 0, 1.0), 0)[0].left == 500


def test_constants_are_those_of_the_installed_library() -> None:
    ours = policy_of("standard", 1.0)
    backoff, checker = standard.ExponentialBackoff, standard.RetryQuotaChecker
    theirs = RetryPolicy(
        "standard", standard.DEFAULT_MAX_ATTEMPTS,
        round(backoff._DEFAULT_BACKOFF_CONFIG["non_throttling_base_scale"] * S),
        round(backoff._DEFAULT_BACKOFF_CONFIG["throttling_base_scale"] * S), backoff._MAX_BACKOFF * S,
        quota.RetryQuota.INITIAL_CAPACITY, checker._RETRY_COST, checker._THROTTLING_RETRY_COST,
    )  # fmt: skip
    assert ours == theirs
    written = json.loads((resources.files("botocore") / "data/_retry.json").read_text())["retry"]["__default__"]
    assert written["max_attempts"] == policy_of("legacy", 1.0).attempts
    assert written["delay"] == {"type": "exponential", "base": "rand", "growth_factor": 2}
    assert sending_rate.SLOPE == throttling.CubicCalculator._SCALE_CONSTANT
    assert sending_rate.FALL == throttling.CubicCalculator._BETA
    assert sending_rate.LEAST_PER_S == bucket.TokenBucket._MIN_RATE
    assert sending_rate.SMOOTHING == adaptive.RateClocker._DEFAULT_SMOOTHING


def test_who_was_throttled_sends_more_slowly_and_comes_back_to_speed() -> None:
    state, now = sending_rate.SendingRate(), S
    for _ in range(100):  # ten a second
        now += S // 10
        state = sending_rate.answered(state, now, throttled=False)
        state, held_ns = sending_rate.sent(state, now)
        assert held_ns == 0, "nobody is held back who was never throttled"
    state = sending_rate.answered(state, now, throttled=True)
    assert state.per_s == pytest.approx(7, rel=0.05)
    for _ in range(100):
        now += S // 10
        state = sending_rate.answered(state, now, throttled=False)
    assert state.per_s > 10


def test_an_adaptive_call_is_held_back_once_it_has_been_throttled() -> None:
    state = RetryState.of(policy_of("adaptive", 1.0), 1.0)
    state, (effect,) = retried(state, Begun(), S)
    assert effect == Send(0)
    state, (effect,) = retried(state, Ended(1, "throttled", 0, 0.0), S)
    assert isinstance(effect, Send)
    assert effect.after_ns == 2 * S, "one call in two seconds is the least"


def test_what_an_earlier_attempt_may_have_done_is_not_forgotten() -> None:
    def ends(*events: Event) -> Completion:
        state = Operation(Planned("u1", 7, "put", "k1", "u1"), "sdk-0", "sdk")
        for now_ns, event in enumerate(events):
            state, effects = step(state, event, now_ns)
        return effects[0].completion

    there: tuple[Event, ...] = (Resolved("127.0.1.10"), Connected("127.0.1.10"))
    assert ends(Again(Failed("refused")), Failed("refused")).outcome is Outcome.FAIL
    assert ends(*there, Again(None), Failed("refused")).outcome is Outcome.INFO
    assert ends(*there, Again(Failed("reset")), Deadline()).outcome is Outcome.INFO
    assert ends(*there, Again(None), *there, Answered(200, {}, b'{"value": "u1"}')).outcome is Outcome.OK


def calls_made(answers: list[Response | ExchangeError], method: str) -> tuple[int, object, list[Again]]:
    made, again = 0, []

    async def once() -> Response:
        nonlocal made
        made += 1
        found = answers.pop(0)
        if isinstance(found, ExchangeError):
            raise found
        return found

    async def run() -> object:
        calls = Calls(1.0, policy_of("standard", 0.01), 0.01, "seed")
        return await calls.make(once, monotonic_ns(), method, again.append)

    ended = asyncio.run(run())
    return made, ended, again


def test_a_call_is_made_again_until_it_is_answered() -> None:
    well = Response(200, {}, b"", True)
    made, ended, again = calls_made([ExchangeError("refused"), Response(503, {}, b"", True), well], "PUT")
    assert made == 3
    assert getattr(ended, "answer", None) == well
    assert again == [Again(Failed("refused")), Again(Answered(503, {}, b""))]


def test_what_must_not_be_done_twice_is_sent_once() -> None:
    assert calls_made([ExchangeError("reset")], "POST")[0] == 1
