"""The timeline: what is drawn where, and that drawing twice gives the same file."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from test_reporting_sample import EAST, HEAL_S, WEST, drill, history

from harness.checkers.result import Finding
from harness.history.events import Completion, DnsAnswer, Event, FaultEvent, HealthTransition
from harness.reporting import timeline
from harness.reporting.lanes import Span, arrange, bin_width_s


def test_time_zero_is_the_fault() -> None:
    lanes = arrange(history(), drill())
    assert lanes.origin == "fault"
    assert lanes.faults == (Span(0.0, 35.0, "region lost: us-east-1 (packets vanish)"),)
    assert lanes.start_s == pytest.approx(-10)


def test_phases_follow_each_other_without_gaps() -> None:
    phases = arrange(history(), drill()).phases
    assert phases[0].start_s == 0
    assert [span.start_s for span in phases[1:]] == [span.end_s for span in phases[:-1]]
    assert phases[-1].end_s == pytest.approx(8.138, abs=0.001)


def test_the_lost_region_acknowledges_nothing_while_it_is_lost() -> None:
    writers = {row.name: row.spans for row in arrange(history(), drill()).writers}
    assert list(writers) == [EAST, WEST]
    assert [round(span.end_s) for span in writers[EAST]] == [0, 50]
    assert all(not (0.1 < span.start_s < HEAL_S - 10) for span in writers[EAST])


def test_each_dns_cache_changes_its_mind_at_its_own_time() -> None:
    dns = {row.name: [(round(s.start_s, 2), s.label) for s in row.spans] for row in arrange(history(), drill()).dns}
    assert next(iter(dns)) == "name servers"
    assert dns["name servers"][1] == (2.51, WEST)
    assert dns["follows DNS, 4"][1] == (8.1, WEST)


def test_a_cohort_that_cannot_move_is_down_for_as_long_as_the_fault() -> None:
    pinned = next(c for c in arrange(history(), drill()).cohorts if c.name == "are tied to the first place")
    down = [start_s for start_s, _, share in pinned.bins if share == 0]
    assert (min(down), max(down)) == (0.0, 34.0)


def test_without_a_fault_time_starts_with_the_first_event() -> None:
    events = [event for event in history() if not isinstance(event, FaultEvent)]
    lanes = arrange(events, replace(drill(), faults=(), phases_ns={}))
    assert (lanes.origin, lanes.start_s, lanes.faults, lanes.phases) == ("start", 0.0, (), ())
    assert timeline.svg(events, replace(drill(), faults=(), phases_ns={})).startswith("<?xml")


def test_no_events_still_make_a_picture() -> None:
    assert ElementTree.fromstring(timeline.svg([], replace(drill(), faults=(), phases_ns={}))).tag.endswith("svg")


def test_a_crowd_of_dns_clients_is_cut_and_the_picture_says_so() -> None:
    crowd: list[Event] = [
        DnsAnswer("witness", f"dns-{n}", "app.example.com", ("127.0.1.10",), 6, 5_000_000_000_000) for n in range(30)
    ]
    lanes = arrange([*history(), *crowd], drill())
    assert len(lanes.dns) == 6
    assert lanes.hidden == ("25 more DNS clients not drawn",)


@pytest.mark.parametrize(("length_s", "width_s"), [(1, 0.5), (60, 0.5), (71, 1.0), (1_000, 10.0), (10**7, 300.0)])
def test_long_drills_get_wider_bins(length_s: float, width_s: float) -> None:
    assert bin_width_s(length_s) == width_s


def test_two_drawings_of_one_history_are_the_same_file() -> None:
    events, sample = history(), drill()
    first = timeline.svg(events, sample)
    timeline._svg.cache_clear()
    assert timeline.svg(events, sample) == first
    assert timeline.png(events, sample) == timeline.png(events, sample)


def test_a_name_with_markup_dollars_and_control_characters_is_only_text() -> None:
    name = "<script>alert(1)</script> $x_{1}$ \x00\x1b[31m"
    events = [replace(e, client=name) if isinstance(e, DnsAnswer) and e.client == "dns-0" else e for e in history()]
    sample = replace(drill(), phases_ns={"$x_{1}$ & <b>": 10**9})
    document = timeline.svg(events, sample)
    assert "<script" not in document
    texts = "".join(ElementTree.fromstring(document).itertext())
    assert "<script>alert(1)" in texts
    assert "$x_{1}$ & <b>" in texts


def test_the_picture_can_be_read_aloud() -> None:
    words = timeline.describe(arrange(history(), drill()))
    assert "region lost: us-east-1 (packets vanish) from 0.0 s to 35.0 s" in words
    assert "us-west-2 acknowledged writes 3.0" in words


def test_a_health_lane_begins_with_the_picture_and_not_with_its_first_change() -> None:
    late = [event for event in history() if not (isinstance(event, HealthTransition) and event.status == "healthy")]
    lane = next(row for row in arrange(late, drill()).health if row.name.startswith(EAST))
    assert [(round(span.start_s, 1), span.label) for span in lane.spans] == [(-10.0, "healthy"), (2.3, "unhealthy")]


def test_places_have_names_even_where_nobody_answered_with_one() -> None:
    silent = [
        replace(event, region=None) if isinstance(event, Completion) else event for event in history()
    ]  # fmt: skip
    named = replace(drill(), places={"127.0.1.10": "nyc3", "127.0.2.10": "sfo3"})
    lanes = arrange(silent, named)
    assert [row.name for row in lanes.writers] == ["nyc3", "sfo3"]
    assert {span.label for row in lanes.dns for span in row.spans} == {"nyc3", "sfo3"}
    assert "are tied to nyc3" in [cohort.name for cohort in lanes.cohorts]


def test_a_finding_that_names_its_moment_has_a_flag_that_can_be_linked_to() -> None:
    moment_ns = 5_012_300_000_000
    flagged = replace(
        drill(),
        findings=(
            Finding("x", "a note", "info", moment_ns + 1),
            Finding("y", "writes on both sides", "serious", moment_ns),
        ),
    )
    assert arrange(history(), flagged).marks == ((1, pytest.approx(2.3)),)
    assert 'id="moment-1"' in timeline.svg(history(), flagged)
