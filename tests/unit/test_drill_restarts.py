"""A drill that promises that no probe ends a pod says which were, how often, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.drill.case import Requirement
from harness.drill.judging.restarts import no_restarts
from harness.history.events import Event, PodEvent
from harness.outcome import Verdict
from harness.units import NS_PER_S


@dataclass
class Fault:
    started_ns: int
    applied: bool = True


@dataclass
class Case:
    faults: tuple[Fault, ...]


@dataclass
class Measures:
    context: list[Event]
    case: Case = field(default_factory=lambda: Case((Fault(10 * NS_PER_S),)))
    steady_ns: int = 0


def judged(*events: PodEvent) -> Any:
    return no_restarts(Requirement("no-restarts"), Measures(list(events)))  # type: ignore[arg-type]


def pod(second: float, what: str, text: str = "") -> PodEvent:
    return PodEvent("nyc3", "app", "app-1-1", what, round(second * NS_PER_S), text)


def test_it_is_met_where_pods_only_left_their_service() -> None:
    assert judged(pod(1, "ready"), pod(12, "unready"), pod(30, "ready")).verdict is Verdict.MET


def test_it_is_missed_with_who_how_often_and_why() -> None:
    found = judged(
        pod(1, "ready"), pod(13, "killing", "liveness probe failed 3 times: status 503"), pod(14, "started"),
        pod(17, "killing", "liveness probe failed 3 times: status 503"), pod(18, "backoff", "back-off 10 s"),
    )  # fmt: skip
    assert found.verdict is Verdict.MISSED
    assert "probes ended pods of nyc3 2 times (app-1-1 in nyc3), first 3.00 s after the fault" in found.text
    assert "liveness probe failed 3 times: status 503" in found.text
    assert "back-off 10 s" in found.text


def test_what_was_before_the_fault_does_not_count() -> None:
    assert judged(pod(5, "killing", "startup probe failed"), pod(6, "started")).verdict is Verdict.MET


def test_where_nobody_tells_of_pods_nothing_is_known() -> None:
    assert judged().verdict is Verdict.UNKNOWN
