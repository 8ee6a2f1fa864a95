"""The timeline for reading: what happened, in order; no repeats, however many there are; also while the drill runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from test_reporting_sample import drill, history, run
from test_reporting_things import called, happened, pod

from harness.drill.status import _said_before
from harness.history import codec
from harness.history.events import Event
from harness.history.happenings import happening_of, sentence
from harness.reporting import chronicle, gantt, report
from harness.reporting.lanes import arrange
from harness.units import NS_PER_S

ZERO_NS = drill().faults[0].start_ns


def after_fault(*events: Event) -> list[Event]:
    return [replace(event, mono_ns=event.mono_ns + ZERO_NS) for event in events]  # type: ignore[type-var]


def told(*events: Event) -> list[tuple[str, str, str]]:
    found = chronicle.lines([*history(), *after_fault(*events)], drill())
    return [(line.since, line.thing, line.text) for line in found]


MOVE = (
    happened(2, "target", "us-east-1, app", "out of rotation", "did not answer its check in time", good=False),
    called(3, "PUT /v2/domains/example.com/records/7", "200"),
    happened(3, "record", "app.example.com", "us-west-2", "127.0.2.10, TTL 6 s, intermediary.outside"),
)


def test_faults_checks_calls_targets_and_records_stand_in_order() -> None:
    found = told(*MOVE)
    assert found[0][:2] == ("-9.8 s", "health us-east-1, edge checks; us-west-2, edge checks")
    assert not [line for line in found if line[1].startswith("DNS")], "the record itself is told"
    assert ("0.0 s", "region lost: us-east-1 (packets vanish)", "begins") in found
    assert ("2.0 s", "target us-east-1, app", "out of rotation (did not answer its check in time)") in found
    assert ("3.0 s", "call by intermediary.outside", "PUT /v2/domains/example.com/records/7: 200") in found
    assert (
        "3.0 s", "record app.example.com", "us-west-2 (127.0.2.10, TTL 6 s, intermediary.outside)"
    ) in found  # fmt: skip
    assert ("35.0 s", "region lost: us-east-1 (packets vanish)", "is healed") in found
    seconds = [float(since.removesuffix(" s")) for since, _, _ in found]
    assert seconds == sorted(seconds)


def test_a_world_that_tells_nothing_has_none() -> None:
    assert chronicle.lines(history(), drill()) == ()


def test_hundreds_of_the_same_are_one_line() -> None:
    refused = [called(n / 10, "GET /v2/domains/example.com/records", "429") for n in range(300)]
    lines = [line for line in told(*refused) if line[1].startswith("call")]
    assert lines == [
        ("0.0 s", "call by intermediary.outside", "GET /v2/domains/example.com/records: 429; 300 times until 29.9 s")
    ]


def test_a_crash_loop_is_told_once_and_many_pods_that_do_the_same_at_once_are_one_line() -> None:
    why = "liveness probe failed 3 times"
    loop = [event for n in range(40) for event in (pod(n, "started"), pod(n + 0.3, "killing", text=why))]
    crowd = [pod(50 + n / 100, "ready", f"web-{n}") for n in range(20)]
    found = [line for line in told(*loop, *crowd) if line[1].startswith("pod")]
    assert found == [
        ("0.0 s", "pod nyc3, app-1-1", "starting; 40 times until 39.0 s"),
        ("0.3 s", "pod nyc3, app-1-1", "being ended (liveness probe failed 3 times); 40 times until 39.3 s"),
        ("50.0 s", "pod nyc3, web-0; nyc3, web-1; nyc3, web-2; 17 more", "ready"),
    ]


def test_the_report_and_the_jobs_page_have_it_and_the_report_escapes_it(tmp_path: Path) -> None:
    events = [*history(), *after_fault(*MOVE, called(4, "PUT /<script>", "422"))]
    one = run().drills[0]
    path = tmp_path / one.history
    path.parent.mkdir(parents=True)
    codec.write(path, sorted(events, key=lambda event: event.mono_ns))
    page = report.render(run(), tmp_path)
    assert "out of rotation (did not answer its check in time)" in page
    assert "PUT /&lt;script&gt;: 422" in page
    diagram = "\n".join(gantt.draw(arrange(events, drill())))
    assert "section Calls to the provider's API, by" in diagram
    assert "of us-east-1, app, out of rotation" in diagram
    assert "of app.example.com, us-west-2" in diagram


def test_while_the_drill_runs_what_happens_again_and_again_is_said_once() -> None:
    context: list[Event] = [called(n, "GET /x", "429") for n in range(5)]
    context.insert(3, happened(3, "record", "app", "nyc3"))
    said = [
        sentence(found)
        for n, event in enumerate(context)
        if not _said_before(context, n) and (found := happening_of(event)) is not None
    ]
    again = [pod(n, what, text="status 503") for n in (7, 8, 9) for what in ("killing", "started")]
    assert [_said_before(again, n) for n in range(6)] == [False, False, True, False, True, False]
    assert said == ["call by intermediary.outside: GET /x: 429", "record app: nyc3"]
    assert sentence(MOVE[0]) == "target us-east-1, app: out of rotation (did not answer its check in time)"
    assert MOVE[0].mono_ns == 2 * NS_PER_S
