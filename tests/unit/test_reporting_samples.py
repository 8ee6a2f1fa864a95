"""What the report shows of failing requests."""

from __future__ import annotations

from dataclasses import replace

from test_reporting_sample import ADDRESS, EAST, drill, history

from harness.history.events import Completion, Sample
from harness.reporting import samples


def test_failures_are_counted_by_what_clients_saw_and_where() -> None:
    named = replace(drill(), places={address: place for place, address in ADDRESS.items()})
    rows = samples.rows(history(), named)
    assert {row.what for row in rows} == {f"write at {EAST}: no answer in time", f"read at {EAST}: no answer in time"}
    assert all(row.times > 20 for row in rows)
    assert all(row.since == "1.0 s" for row in rows)


def test_an_answer_stands_beside_its_kind() -> None:
    events = []
    for event in history():
        failed = isinstance(event, Completion) and event.error == "timeout"
        events.append(replace(event, status=503, error=None) if failed else event)  # type: ignore[arg-type]
    (first, *_) = [e for e in events if isinstance(e, Completion) and e.status == 503]
    sample = Sample(
        first.op, first.client, first.cohort, first.f, first.mono_ns, 503, "503 Service Unavailable",
        ("content-type: application/json",), '{"error": "not active"}', first.address,
    )  # fmt: skip
    rows = samples.rows([*events, sample], drill())
    shown = [row.answer for row in rows if row.answer]
    assert shown == ['503 Service Unavailable · content-type: application/json · {"error": "not active"}']


def test_what_failed_before_the_fault_is_not_shown() -> None:
    early = [e for e in history() if e.mono_ns < drill().faults[0].start_ns]
    assert samples.rows(early, drill()) == ()
