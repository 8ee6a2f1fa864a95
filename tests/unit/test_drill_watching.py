"""A watch says what clients saw while others broke things: brackets as narrow as the steady time allows."""

from __future__ import annotations

from pathlib import Path

from measurement_timeline import pulse, s, timeline

from harness.checkers.promise import Promise
from harness.drill.evidence import DrillResult
from harness.drill.options import resolve
from harness.drill.watching import watched
from harness.history.events import Event, Operation
from harness.outcome import Verdict

STEADY, CUT = 200, 20  # beats of 0.1 s
SLOW_S = 0.9
"""What requests took right before they failed: no measure of what is usual."""


def events_of(*streams: list[Operation]) -> list[Event]:
    found: list[Event] = []
    for stream in streams:
        for operation in stream:
            found += [operation.invoke] + ([operation.completion] if operation.completion else [])
    return found


def watch(folder: Path, *streams: list[Operation], ended: tuple[str, ...] = ()) -> DrillResult:
    options = resolve({}, {}, folder, 7)
    place = folder / "watch"
    place.mkdir(parents=True)
    return watched(options.environment, options.timing, events_of(*streams), place, ended=ended, asked_for="60s")


def cut(client: str) -> list[Operation]:
    """Steady, then a cut of two seconds from 20 s on, then steady again; slow ones where the cut ends."""
    before = pulse(client, "writes", "." * STEADY)
    broken = pulse(client, "writes", "x" * CUT, first_s=20.0)
    slow = pulse(client, "writes", "." * 10, first_s=22.0, latency_s=SLOW_S)
    return before + broken + slow + pulse(client, "writes", "." * STEADY, first_s=23.0)


def test_what_a_bracket_is_padded_by_comes_from_before_the_outage(tmp_path: Path) -> None:
    found = watch(tmp_path, cut("dns-0"))
    (outage,) = found.outages
    assert found.verdict is Verdict.MISSED
    assert (outage.first_bad_ns, outage.last_bad_ns) == (s(20.0), s(21.9))
    # Seen from 20.0 s to 21.9 s, with 10 ms of usual latency; the 0.9 s of the slow ones would make it 1.0 s at least.
    assert s(1.88) <= outage.duration.low_ns <= s(1.9)
    assert found.rto == found.rto_by_cohort["dns"] == outage.duration


def test_an_outage_from_the_first_moment_is_padded_by_what_there_is(tmp_path: Path) -> None:
    found = watch(tmp_path, pulse("dns-0", "writes", "x" * 20 + "." * 200))
    assert (found.verdict, len(found.outages)) == (Verdict.MISSED, 1)


def test_the_longest_outage_of_a_kind_of_client_is_the_one_that_did_not_end(tmp_path: Path) -> None:
    long_first = pulse("pinned-b-0", "writes", "." * 50 + "x" * 90 + "." * 300 + "x" * 20)
    found = watch(tmp_path, pulse("dns-0", "writes", "." * 460), long_first)
    assert found.verdict is Verdict.MET  # clients that follow DNS saw none of it
    worst = found.rto_by_cohort["pinned-b"]
    assert worst is not None
    assert worst.high_ns is None
    assert found.rto is None


def test_what_ended_meanwhile_and_how_long_was_asked_for_are_in_the_evidence(tmp_path: Path) -> None:
    found = watch(tmp_path, pulse("dns-0", "writes", "." * 200), ended=("app.us-east-1 ended by itself",))
    assert [(finding.text, finding.severity) for finding in found.findings] == [
        ("app.us-east-1 ended by itself", "serious")
    ]
    assert found.settings == {"for": "60s"}
    assert (tmp_path / found.history).is_file()


def test_clients_that_sent_nothing_saw_nothing(tmp_path: Path) -> None:
    found = watch(tmp_path)
    assert found.verdict is Verdict.INVALID
    assert found.reasons == ("the clients sent nothing, so nothing was seen",)


def by_hand(folder: Path, *streams: list[Operation], promise: Promise) -> DrillResult:
    """A watch of a subject that promises something of its data."""
    options = resolve({}, {}, folder, 7)
    place = folder / "watch"
    place.mkdir(parents=True)
    places = {"127.0.1.10": "us-east-1", "127.0.2.10": "us-west-2"}
    return watched(options.environment, options.timing, events_of(*streams), place, promise=promise, places=places)


def test_a_read_that_does_not_show_its_clients_own_write_breaks_a_promise(tmp_path: Path) -> None:
    own = timeline("w1: dns-1 put k 6.0..6.01 ok A\nr1: dns-1 get k 9.0..9.01 ok A =-")
    found = by_hand(tmp_path, pulse("dns-0", "writes", "." * 100), own, promise=Promise())
    assert found.verdict is Verdict.MISSED
    assert "showed what their client knew to be replaced" in found.reasons[0]
    assert [(r.name, r.verdict) for r in found.results if r.name == "reads"] == [("reads", Verdict.MISSED)]


def test_after_a_move_a_watch_cannot_tell_what_was_lost_by_it(tmp_path: Path) -> None:
    moved = timeline(
        "w1: dns-1 put k 6.0..6.01 ok A\nw2: dns-2 put l 8.0..8.01 ok B\nr1: dns-1 get k 9.0..9.01 ok B =-"
    )
    found = by_hand(tmp_path, pulse("dns-0", "writes", "." * 100), moved, promise=Promise(writes="both"))
    assert found.verdict is Verdict.MET
    assert [(r.name, r.verdict) for r in found.results] == [("reads", Verdict.UNKNOWN)]


def test_a_promise_that_is_kept_changes_nothing(tmp_path: Path) -> None:
    found = by_hand(tmp_path, pulse("dns-0", "writes", "." * 100), promise=Promise(writes="one"))
    assert found.verdict is Verdict.MET
    assert all(result.promise for result in found.results)


def sides(found: DrillResult) -> tuple[Verdict, int]:
    """What is said of which sides wrote, and how many warnings remain."""
    return next(r.verdict for r in found.results if r.name == "one-side-writes"), found.warnings


def test_a_few_writes_on_the_other_side_are_no_plan_with_writes_on_both(tmp_path: Path) -> None:
    served = pulse("dns-0", "writes", "." * 100)
    stray = pulse("pinned-b-0", "writes", ".", first_s=4.05, address="B")
    assert sides(by_hand(tmp_path, served, stray, promise=Promise())) == (Verdict.MISSED, 0)
    both = pulse("pinned-b-0", "writes", "." * 100, first_s=0.05, address="B")
    assert sides(by_hand(tmp_path / "both", served, both, promise=Promise())) == (Verdict.UNKNOWN, 1)
