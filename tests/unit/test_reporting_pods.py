"""Pods on the timeline: what each was, and from when on."""

from __future__ import annotations

from harness.history.codec import decode, encode
from harness.history.events import PodEvent
from harness.reporting.pod_lanes import pod_rows
from harness.units import NS_PER_S


def happened(second: float, what: str, pod: str = "app-1-1", text: str = "") -> PodEvent:
    return PodEvent("nyc3", "app", pod, what, round(second * NS_PER_S), text)


def test_a_pods_life_is_a_row() -> None:
    events = [
        happened(0, "started"), happened(1, "ready"), happened(5, "unready"), happened(6, "killing"),
        happened(7, "exited"), happened(7, "backoff"), happened(9, "started"), happened(10, "ready"),
    ]  # fmt: skip
    (row,) = pod_rows(events, 0, 20.0)
    assert row.name == "nyc3, app-1-1"
    assert [(span.start_s, span.end_s, span.label) for span in row.spans if span.end_s > span.start_s] == [
        (0, 1, "starting"), (1, 5, "ready"), (5, 6, "not ready"), (6, 7, "being ended"), (7, 9, "back-off"),
        (9, 10, "starting"), (10, 20, "ready"),
    ]  # fmt: skip


def test_a_pod_that_is_gone_is_drawn_no_more_and_rollouts_are_no_pods() -> None:
    events = [happened(0, "started"), happened(1, "deleted"), happened(2, "gone"), happened(3, "rollout stalled", "")]
    (row,) = pod_rows(events, 0, 20.0)
    assert row.spans[-1].end_s == 2


def test_what_pods_do_survives_the_history() -> None:
    event = happened(1.5, "killing", text="liveness probe failed 3 times: status 503")
    assert decode(encode(event)) == event
