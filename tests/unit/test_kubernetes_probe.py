"""When a probe is run, and what its results mean: each rule beside the page, or the kubelet's file, that says it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.parts.platform.kubernetes.machines.probe import (
    Look,
    ProbeKind,
    ProbeTerms,
    Result,
    Worker,
    answered,
    began,
    due,
    hurried,
    overdue,
    with_new_container,
    without_container,
)
from harness.units import NS_PER_S

S = NS_PER_S
RUNNING = Look(since_ns=0, started=True)
STARTING = Look(since_ns=0, started=False)
ABSENT = Look(since_ns=None, started=False)


def asked(worker: Worker, look: Look, until_s: int, *, result: Result = Result.SUCCESS) -> list[int]:
    """The seconds in which a worker asks, each answered at once; looked at every second."""
    seconds = []
    for second in range(until_s):
        worker, asks = due(worker, look, S, second * S)
        if asks:
            seconds.append(second)
            worker = answered(worker, worker.number, result)
    return seconds


def after(worker: Worker, *results: Result) -> Worker:
    for result in results:
        worker = answered(replace(worker, number=worker.number + 1, deadline_ns=1), worker.number + 1, result)
    return worker


def test_the_defaults_are_the_documented_ones() -> None:
    """Configure Probes: initialDelaySeconds 0, periodSeconds 10, timeoutSeconds 1, successThreshold 1,
    failureThreshold 3."""
    terms = ProbeTerms()
    assert (terms.initial_delay_ns, terms.period_ns, terms.timeout_ns) == (0, 10 * S, 1 * S)
    assert (terms.success_threshold, terms.failure_threshold) == (1, 3)


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        (ProbeKind.STARTUP, Result.UNKNOWN),
        (ProbeKind.READINESS, Result.FAILURE),
        (ProbeKind.LIVENESS, Result.SUCCESS),
    ],
)
def test_before_the_first_answer(kind: ProbeKind, result: Result) -> None:
    """Pod Lifecycle, "Types of probe": the default state of readiness before the initial delay is Failure; a probe that
    is not given counts as Success. Startup begins unknown (kubelet, worker.go, newWorker)."""
    assert began(kind, ProbeTerms(), 0).result is result


def test_it_asks_once_a_period_from_the_moment_the_pod_is_there() -> None:
    assert asked(began(ProbeKind.LIVENESS, ProbeTerms(), 0), RUNNING, 35) == [0, 10, 20, 30]


def test_the_initial_delay_only_lets_ticks_pass() -> None:
    """Configure Probes, initialDelaySeconds: seconds after the container has started before probes are initiated; it
    does not move the ticker (worker.go)."""
    terms = ProbeTerms(initial_delay_ns=15 * S)
    assert asked(began(ProbeKind.LIVENESS, terms, 0), RUNNING, 45) == [20, 30, 40]


def test_the_initial_delay_is_counted_in_whole_seconds_since_the_container_began() -> None:
    """worker.go: int32(time.Since(startedAt).Seconds()) < initialDelaySeconds."""
    terms = ProbeTerms(initial_delay_ns=10 * S)
    late = Look(since_ns=S // 2, started=True)
    assert asked(began(ProbeKind.LIVENESS, terms, 0), late, 25) == [20]


def test_readiness_and_liveness_wait_for_the_startup_probe_and_not_for_each_other() -> None:
    """Pod Lifecycle: "All other probes are disabled if a startup probe is provided, until it succeeds"."""
    for kind in (ProbeKind.LIVENESS, ProbeKind.READINESS):
        assert asked(began(kind, ProbeTerms(), 0), STARTING, 30) == []
        assert asked(began(kind, ProbeTerms(), 0), RUNNING, 15) == [0, 10]
    assert asked(began(ProbeKind.STARTUP, ProbeTerms(), 0), RUNNING, 30) == []


def test_nobody_is_asked_while_no_container_runs() -> None:
    assert asked(began(ProbeKind.READINESS, ProbeTerms(), 0), ABSENT, 30) == []


def test_failures_count_only_in_a_row() -> None:
    """Configure Probes, failureThreshold: after a probe fails failureThreshold times in a row."""
    worker = began(ProbeKind.LIVENESS, ProbeTerms(), 0)
    failure, success = Result.FAILURE, Result.SUCCESS
    assert after(worker, failure, failure, success, failure, failure).result is success
    assert after(worker, failure, failure, success, failure, failure, failure).result is failure


def test_successes_count_only_in_a_row() -> None:
    """Configure Probes, successThreshold: minimum consecutive successes for it to be considered successful."""
    worker = began(ProbeKind.READINESS, ProbeTerms(success_threshold=2), 0)
    assert after(worker, Result.SUCCESS).result is Result.FAILURE
    assert after(worker, Result.SUCCESS, Result.FAILURE, Result.SUCCESS).result is Result.FAILURE
    assert after(worker, Result.SUCCESS, Result.SUCCESS).result is Result.SUCCESS


def test_what_could_not_be_asked_changes_nothing() -> None:
    """worker.go: "Prober error, throw away the result"."""
    worker = after(began(ProbeKind.LIVENESS, ProbeTerms(), 0), Result.FAILURE, Result.FAILURE)
    assert after(worker, Result.ERROR).row == 2
    assert after(worker, Result.ERROR, Result.FAILURE).result is Result.FAILURE


def test_after_a_liveness_failure_nobody_asks_until_there_is_a_new_container() -> None:
    """worker.go, onHold."""
    dead = after(began(ProbeKind.LIVENESS, ProbeTerms(), 0), *[Result.FAILURE] * 3)
    assert asked(dead, RUNNING, 30) == []
    assert asked(with_new_container(dead), RUNNING, 15) == [0, 10]
    assert with_new_container(dead).result is Result.SUCCESS


@pytest.mark.parametrize("results", [[Result.SUCCESS], [Result.FAILURE] * 3])
def test_a_startup_probe_rests_after_either_result(results: list[Result]) -> None:
    """worker.go: "if the threshold for each result of a startup probe is exceeded, we should stop probing"."""
    assert after(began(ProbeKind.STARTUP, ProbeTerms(), 0), *results).on_hold


def test_readiness_goes_on_all_the_life_of_a_container() -> None:
    """Pod Lifecycle: readiness probes run on the container during its whole lifecycle."""
    worker = after(began(ProbeKind.READINESS, ProbeTerms(), 0), *[Result.FAILURE] * 9)
    assert asked(worker, RUNNING, 15) == [0, 10]
    assert after(worker, Result.SUCCESS).result is Result.SUCCESS


def test_a_request_that_takes_too_long_is_overdue() -> None:
    """Configure Probes, timeoutSeconds."""
    worker, asks = due(began(ProbeKind.LIVENESS, ProbeTerms(timeout_ns=3 * S), 0), RUNNING, S, 0)
    assert asks
    assert not overdue(worker, 3 * S - 1)
    assert overdue(worker, 3 * S)


def test_a_request_longer_than_the_period_is_followed_by_the_one_tick_that_was_kept() -> None:
    """timeoutSeconds above periodSeconds is legal: Go's ticker keeps one tick, and drops the others."""
    worker, _ = due(began(ProbeKind.LIVENESS, ProbeTerms(period_ns=2 * S, timeout_ns=9 * S), 0), RUNNING, S, 0)
    assert due(worker, RUNNING, S, 6 * S) == (worker, False)
    worker = answered(worker, worker.number, Result.SUCCESS)
    worker, asks = due(worker, RUNNING, S, 7 * S)
    assert asks
    assert worker.next_ns == 8 * S


def test_a_late_answer_changes_nothing() -> None:
    worker, _ = due(began(ProbeKind.LIVENESS, ProbeTerms(failure_threshold=1), 0), RUNNING, S, 0)
    assert answered(worker, worker.number - 1, Result.FAILURE) == worker
    assert answered(with_new_container(worker), worker.number, Result.FAILURE).result is Result.SUCCESS


def test_readiness_fails_with_its_container() -> None:
    ready = after(began(ProbeKind.READINESS, ProbeTerms(), 0), Result.SUCCESS)
    assert without_container(ready).result is Result.FAILURE


def test_a_readiness_probe_may_be_run_at_once_and_goes_on_from_there() -> None:
    """Configure Probes, periodSeconds: "While a container isn't Ready, the ReadinessProbe may be executed at times
    other than the configured periodSeconds interval". worker.go: the ticker is reset then."""
    worker, _ = due(began(ProbeKind.READINESS, ProbeTerms(), 0), ABSENT, S, 0)
    worker, asks = due(hurried(worker, 4 * S), RUNNING, S, 4 * S)
    assert asks
    assert worker.next_ns == 14 * S


def test_detection_lies_on_the_documented_law() -> None:
    """A failure at a random moment of the period is noticed after failureThreshold looks: the rest of a period, and
    (threshold - 1) whole ones. Every phase of the period is tried."""
    period, threshold, runs = 10 * S, 3, 1000
    found = []
    for run in range(runs):
        fails_ns = 100 * S + run * period // runs
        worker, now_ns = began(ProbeKind.LIVENESS, ProbeTerms(), 0), 0
        while worker.result is Result.SUCCESS:
            worker, asks = due(worker, RUNNING, S, now_ns)
            if asks:
                worker = answered(worker, worker.number, Result.FAILURE if now_ns >= fails_ns else Result.SUCCESS)
            if worker.result is Result.SUCCESS:
                now_ns = worker.next_ns
        found.append((now_ns - fails_ns) / S)
    found.sort()
    assert found[runs // 2] == pytest.approx((threshold - 1) * 10 + 5, rel=0.02)
    assert found[runs * 95 // 100] == pytest.approx((threshold - 1) * 10 + 9.5, rel=0.02)
