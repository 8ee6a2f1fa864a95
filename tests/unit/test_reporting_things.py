"""What happened to the things of a world, on the timeline: pods, targets, records, calls, and whatever a part tells."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from test_reporting_sample import drill, history

from harness.history.codec import decode, encode
from harness.history.events import Event, Happening, PodEvent
from harness.history.happenings import folded, happenings
from harness.reporting import timeline
from harness.reporting.lanes import arrange
from harness.reporting.spans import Row
from harness.reporting.thing_lanes import ROWS_SHOWN, groups
from harness.units import NS_PER_S


def pod(second: float, what: str, name: str = "app-1-1", text: str = "") -> PodEvent:
    return PodEvent("nyc3", "app", name, what, round(second * NS_PER_S), text)


def happened(second: float, kind: str, thing: str, what: str, text: str = "", **more: bool | str | None) -> Happening:
    return Happening(kind, thing, what, round(second * NS_PER_S), text, **more)  # type: ignore[arg-type]


def called(second: float, what: str, status: str, by: str = "intermediary.outside") -> Happening:
    return happened(second, "call", by, what, status, lasts=False, good=status < "4")


def rows_of(*events: Event) -> dict[str, list[Row]]:
    return {group.title: list(group.rows) for group in groups(events, 0, (0.0, 20.0))}


def labels(row: Row) -> list[tuple[float, float, str]]:
    return [(span.start_s, span.end_s, span.label) for span in row.spans]


def test_a_pods_life_is_a_row() -> None:
    events = [
        pod(0, "started"), pod(1, "ready"), pod(5, "unready"), pod(6, "killing"), pod(7, "exited"), pod(7, "backoff"),
        pod(9, "started"), pod(10, "ready"),
    ]  # fmt: skip
    (row,) = rows_of(*events)["Pods are"]
    assert row.name == "nyc3, app-1-1"
    assert labels(row) == [
        (0, 1, "starting"), (1, 5, "ready"), (5, 6, "not ready"), (6, 7, "being ended"), (7, 9, "back-off"),
        (9, 10, "starting"), (10, 20, "ready"),
    ]  # fmt: skip
    assert [span.good for span in row.spans] == [None, True, False, False, False, None, True]


def test_a_pod_that_is_gone_is_drawn_no_more_and_rollouts_are_no_pods() -> None:
    events = [pod(0, "started"), pod(1, "deleted"), pod(2, "gone"), pod(3, "rollout stalled", "")]
    found = rows_of(*events)
    assert found["Pods are"][0].spans[-1].end_s == 2
    assert labels(found["Rollouts are"][0]) == [(3, 20, "stands still")]


def test_targets_and_the_record_are_rows_and_calls_are_moments_with_their_outcome() -> None:
    found = rows_of(
        happened(0, "target", "nyc3, app-1-1", "in rotation", good=True),
        happened(8, "target", "nyc3, app-1-1", "out of rotation", "answered its check with 503", good=False),
        happened(9, "target", "nyc3, app-1-1", "", "no target any more"),
        happened(0, "record", "app.example.com", "nyc3"),
        happened(12, "record", "app.example.com", "sfo3", "127.0.2.10, TTL 6 s, intermediary.outside"),
        called(12, "PUT /v2/domains/example.com/records/7", "200"),
    )
    assert list(found) == ["The record says", "Calls to the provider's API, by", "Targets of load balancers are"]
    assert labels(found["Targets of load balancers are"][0]) == [(0, 8, "in rotation"), (8, 9, "out of rotation")]
    assert labels(found["The record says"][0]) == [(0, 12, "nyc3"), (12, 20, "sfo3")]
    (call,) = found["Calls to the provider's API, by"][0].spans
    assert (call.label, call.moment, call.good) == ("PUT /v2/domains/example.com/records/7: 200", True, True)


def test_what_a_thing_was_before_the_recording_is_drawn_from_its_beginning_on() -> None:
    found = rows_of(
        happened(8, "record", "app.example.com", "sfo3", before="nyc3"),
        happened(8, "target", "nyc3, app", "out of rotation", good=False, before="in rotation"),
        happened(9, "target", "nyc3, app", "", before="out of rotation"),
        happened(5, "target", "sfo3, app", "in rotation", good=True, before="out of rotation"),
        happened(6, "target", "sfo3, app", "out of rotation", good=False, before="in rotation"),
    )
    assert labels(found["The record says"][0]) == [(0, 8, "nyc3"), (8, 20, "sfo3")]
    east, west = found["Targets of load balancers are"]
    assert [(span.label, span.good) for span in east.spans] == [("in rotation", True), ("out of rotation", False)]
    assert [span.good for span in west.spans] == [False, True, False]


def test_the_same_refused_call_again_and_again_is_one_mark_that_says_how_often() -> None:
    refused = [called(second, "GET /v2/domains/example.com/records", "429") for second in range(2, 12)]
    (row,) = rows_of(*refused, called(12, "PUT /v2/x", "200"))["Calls to the provider's API, by"]
    assert labels(row) == [
        (2, 11, "GET /v2/domains/example.com/records: 429, 10 times"),
        (12, 12, "PUT /v2/x: 200"),
    ]


def test_what_was_done_with_success_is_a_mark_each_time() -> None:
    (row,) = rows_of(called(2, "PUT /v2/x", "200"), called(12, "PUT /v2/x", "200"))["Calls to the provider's API, by"]
    assert labels(row) == [(2, 2, "PUT /v2/x: 200"), (12, 12, "PUT /v2/x: 200")]


def test_a_kind_of_things_that_nobody_here_knows_is_drawn_all_the_same() -> None:
    found = rows_of(happened(1, "queue", "orders", "backlog of 12", good=False))
    assert labels(found["Queue"][0]) == [(1, 20, "backlog of 12")]


def test_of_many_things_those_that_something_happened_to_are_drawn() -> None:
    events = [pod(0, "ready", f"app-{n:03d}") for n in range(200)]
    (group,) = groups([*events, pod(5, "unready", "app-150"), pod(5, "killing", "app-199")], 0, (0.0, 20.0))
    assert (len(group.rows), group.hidden) == (ROWS_SHOWN, 200 - ROWS_SHOWN)
    assert {"nyc3, app-150", "nyc3, app-199"} <= {row.name for row in group.rows}


def test_things_that_were_well_all_the_time_are_not_drawn() -> None:
    assert rows_of(pod(0, "rollout complete", ""), pod(9, "rollout complete", "")) == {}
    found = rows_of(pod(0, "rollout complete", ""), pod(9, "rollout stalled", ""))
    assert labels(found["Rollouts are"][0]) == [(0, 9, "complete"), (9, 20, "stands still")]


def test_repeats_are_folded_for_each_thing_whatever_happens_to_others() -> None:
    told = happenings(
        event for n in range(50) for event in (called(n, "GET /x", "429", "a"), called(n, "GET /x", "429", "b"))
    )
    assert [(one.first.thing, one.times, one.last.mono_ns // NS_PER_S) for one in folded(told)] == [
        ("a", 50, 49),
        ("b", 50, 49),
    ]


@pytest.mark.parametrize(
    "event",
    [
        pod(1.5, "killing", text="liveness probe failed 3 times: status 503"),
        called(2, "PUT /v2/domains/example.com/records/1", "200"),
        happened(3, "target", "nyc3, app", "", "no target any more"),
    ],
)
def test_what_happened_survives_the_history(event: Event) -> None:
    assert decode(encode(event)) == event


def test_it_is_drawn_and_its_text_is_only_text() -> None:
    zero_ns = drill().faults[0].start_ns
    told = [
        replace(called(0, "PUT /v2/<script>alert(1)</script>", "200"), mono_ns=zero_ns + 3 * NS_PER_S),
        replace(happened(0, "record", "app.example.com", "us-east-1"), mono_ns=zero_ns - 5 * NS_PER_S),
    ]
    document = timeline.svg([*history(), *told], drill())
    texts = "".join(ElementTree.fromstring(document).itertext())
    assert "<script" not in document
    assert "PUT /v2/<script>alert(1)</script>: 200" in texts
    assert "The record says" in texts
    assert "app.example.com is us-east-1 from -5.0 s" in timeline.describe(arrange([*history(), *told], drill()))
