"""Who is down, by scores: agents and their median, penalties, the cutoff, delays, and how a failure is forgiven."""

from __future__ import annotations

import pytest
from akamai_account import APP, BAD, GOOD, LATE, ONE, TWO, Account, liveness_test

from harness.engines.dns.answering import AnswerChanged
from harness.engines.health_checks.checker import NOT_CONNECTED, Finished, Observation
from harness.parts.steering.akamai.agents import AnyOf, LivenessAgents, checks_of, reported
from harness.parts.steering.akamai.properties import LivenessTest, parse_property
from harness.parts.steering.akamai.scoring import Result, Score, after, together
from harness.units import NS_PER_S

SLOW = Result("", 5.0)


def published(**fields: object) -> Account:
    account = Account()
    account.published(**fields)
    account.rounds(2)
    return account


def test_three_of_seven_agents_do_not_decide_and_four_do() -> None:
    for agents, expected in (((0, 1, 2), (ONE,)), ((0, 1, 2, 3), (TWO,))):
        account = published()
        account.tests(ONE, BAD, *agents)
        account.wait(15)
        assert account.addresses() == expected


def test_nobody_knows_before_agents_have_reported_and_it_was_decided() -> None:
    account = published()
    account.wait(0.1)  # reports and decisions have just been made
    account.tests(ONE, BAD)
    account.wait(9.8)
    assert account.addresses() == (ONE,)
    account.wait(5.2)
    assert account.addresses() == (TWO,)


def test_a_server_is_out_with_one_bad_test_and_back_after_several_good_ones() -> None:
    account = published()
    account.rounds(1, one=BAD)
    account.wait(5)
    assert account.addresses() == (TWO,)
    # 75 -> 37.5 -> 18.8 -> 9.4 -> 4.7 -> 2.3, and the cutoff is 4.
    account.rounds(4)
    account.wait(5)
    assert account.addresses() == (TWO,)
    account.rounds(1)
    account.wait(5)
    assert account.addresses() == (ONE,)


def test_a_time_out_is_forgiven_sooner_than_an_error() -> None:
    account = published()
    account.rounds(1, one=LATE)
    account.wait(5)
    assert account.addresses() == (TWO,)
    account.rounds(3)  # 25 -> 12.5 -> 6.3 -> 3.1
    account.wait(5)
    assert account.addresses() == (ONE,)


def test_a_server_that_answers_too_slowly_is_down_while_another_is_quick() -> None:
    account = published()
    account.rounds(2, one=SLOW)
    assert account.addresses() == (TWO,)


def test_the_cutoff_is_one_and_a_half_times_the_best_score() -> None:
    account = published()
    account.rounds(2, one=SLOW, two=SLOW)
    assert account.addresses() == (ONE,)
    account.rounds(2, one=Result("", 8.0), two=SLOW)
    assert account.addresses() == (TWO,)


def test_where_all_fail_nobody_is_down_and_a_healthy_one_is_found_at_its_first_good_test() -> None:
    account = published()
    account.rounds(4, one=BAD, two=BAD)
    assert account.addresses() == (ONE,)
    account.rounds(1, one=BAD)
    account.wait(5)
    assert account.addresses() == (TWO,)


def test_an_error_penalty_that_is_below_the_cutoff_makes_tests_worthless() -> None:
    account = published(livenessTests=[liveness_test(errorPenalty=3)])
    account.rounds(3, one=BAD)
    assert account.addresses() == (ONE,)


def test_failures_must_last_as_long_as_the_failover_delay() -> None:
    account = published(failoverDelay=60)
    account.rounds(4, one=BAD)
    assert account.addresses() == (ONE,)
    account.rounds(4, one=BAD)
    assert account.addresses() == (TWO,)


def test_a_failure_that_is_over_before_the_failover_delay_never_counts() -> None:
    account = published(failoverDelay=60)
    account.rounds(2, one=BAD)
    account.rounds(10)
    assert account.addresses() == (ONE,)
    account.rounds(4, one=BAD)
    assert account.addresses() == (ONE,)
    changed = [one.addresses for one in account.told if isinstance(one, AnswerChanged) and one.name == APP]
    assert changed == [(ONE,)]


def test_success_must_last_as_long_as_the_failback_delay() -> None:
    account = published(failbackDelay=120)
    account.rounds(2, one=BAD)
    assert account.addresses() == (TWO,)
    account.rounds(10)
    assert account.addresses() == (TWO,)
    account.rounds(8)
    assert account.addresses() == (ONE,)


def test_several_tests_are_taken_together() -> None:
    assert together("worst", [5, 75]) == 75
    assert together("best", [5, 75]) == 5
    assert together("mean", [5, 75]) == 40
    assert together("median", [1, 5, 75]) == 5


def test_a_property_without_tests_never_moves() -> None:
    account = published(livenessTests=[])
    assert account.checks == {}
    account.wait(60)
    assert account.addresses() == (ONE,)


def test_a_test_that_is_disabled_is_none() -> None:
    assert published(livenessTests=[liveness_test(disabled=True)]).checks == {}


@pytest.mark.parametrize("half_life", [0.5, 1.0, 2.0])
def test_the_average_halves_in_so_many_good_tests(half_life: float) -> None:
    score: Score | None = after(None, 64.0, half_life)
    for _ in range(4):
        score = after(score, 0.0, half_life)
    assert score is not None
    assert score.reported == pytest.approx(64 * 0.5 ** (4 / half_life))


# What agents send, and what they make of an answer


def observed(test: LivenessTest, finished: Finished) -> Result:
    checks = checks_of({"app": parse_property(_body(test), "example.akadns.net")})
    (check,) = checks.values()
    limits = LivenessAgents().limits(check)
    request = LivenessAgents().request(check, ("127.0.0.1", 80), limits)
    judged = finished if finished.status else request.judge.unanswered(finished)
    seen = Observation(judged.ok, judged.text, NS_PER_S, judged.cause, judged.status, NS_PER_S // 2)
    return reported(check, 0, seen).result


def _body(test: LivenessTest) -> dict[str, object]:
    return {
        "name": "app", "type": "failover", "handoutMode": "normal", "scoreAggregationType": "worst", "ipv6": False,
        "dynamicTTL": 60, "trafficTargets": [{"datacenterId": 1, "servers": [ONE]}],
        "livenessTests": [
            liveness_test(name=test.name, httpError3xx=3 in test.error_codes, httpError4xx=4 in test.error_codes)
        ],
    }  # fmt: skip


def test_a_connection_that_times_out_is_an_error_and_an_answer_that_does_a_time_out() -> None:
    plain = LivenessTest("edge", "HTTP", 80, "/", 10, 10, frozenset())
    assert observed(plain, Finished(False, NOT_CONNECTED, "timeout")) == Result("error")
    assert observed(plain, Finished(False, "No HTTP status arrived in time", "timeout")) == Result("timeout")
    assert observed(plain, Finished(False, "Connection refused", "connection")) == Result("error")
    assert observed(plain, Finished(True, "HTTP 200", "", 200)) == Result("", 0.5)


def test_which_statuses_are_errors_is_up_to_the_test() -> None:
    judge = AnyOf(frozenset({3, 5}))
    assert [judge.status(status, "").ok for status in (200, 301, 404, 503)] == [True, False, True, False]
    searching = AnyOf(frozenset(), "ready")
    assert searching.body(b"x" * 8000 + b"ready").ok
    assert not searching.body(b"x" * 8190 + b"ready").ok


def test_agents_ask_as_the_test_says() -> None:
    account = Account()
    headers = [{"name": "Host", "value": APP}, {"name": "X-Probe", "value": "1"}]
    account.published(livenessTests=[liveness_test(httpHeaders=headers, testObject="/health", httpMethod="HEAD")])
    check = next(check for check in account.checks.values() if check.server == ONE)
    agents = LivenessAgents(scale=0.1)
    request = agents.request(check, ("127.0.0.1", 80), agents.limits(check))
    assert request.payload.startswith(b"HEAD /health HTTP/1.1\r\n")
    assert b"\r\nHost: app.example.com\r\n" in request.payload
    assert b"\r\nX-Probe: 1\r\n" in request.payload
    assert (request.limits.whole_ns, agents.fresh(check).interval_ns) == (NS_PER_S, NS_PER_S)
    assert len(agents.places(check)) == 7
    assert agents.target(check, {}, lambda _: None) == Finished(
        False, f"{ONE} is not reachable here: it is not in the address book", "address"
    )


def test_what_is_known_of_two_stays_when_one_is_tested_otherwise() -> None:
    account = published()
    account.rounds(2, one=GOOD)
    assert account.state.liveness.known("app.example.akadns.net", TWO) == 7
