"""A region that is not active never serves reads on the word of an old report, whatever happens to its calls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.heartbeat import Replication
from reference.lease import LeaseTerms, Nonce
from reference.settings import load
from reference.storefront import permission
from reference.storefront.permission import State, StatusRead, read_refusal, step

MS = 1_000_000
LAG = 2200 * MS


@dataclass(frozen=True)
class Call:
    """Asked, served from the table and answered at these times; a lost one is never answered."""

    asked_ns: int
    served_ns: int
    answered_ns: int
    lost: bool


@dataclass(frozen=True)
class Day:
    """Reports in the order of publication, each of its time, and the storefront's calls."""

    reports: tuple[tuple[int, Replication], ...]
    calls: tuple[Call, ...]

    def served(self, at_ns: int) -> Replication | None:
        published = [report for when, report in self.reports if when <= at_ns]
        return published[-1] if published else None


@st.composite
def days(draw: st.DrawFn) -> Day:
    times = st.integers(0, 20_000).map(lambda ms: ms * MS)
    reports = []
    for number, when in enumerate(sorted(draw(st.sets(times, max_size=40)))):
        boot = draw(st.sampled_from(("a", "b")))
        reports.append((when, Replication(f"{boot}:{number}", 0, draw(st.integers(0, 3)) > 0, 0)))
    calls = []
    for asked_ns in draw(st.lists(times, max_size=40)):
        way, back = draw(st.integers(0, 1500)), draw(st.integers(0, 1500))
        served_ns = asked_ns + way * MS
        calls.append(Call(asked_ns, served_ns, served_ns + back * MS, draw(st.integers(0, 4)) == 0))
    return Day(tuple(reports), tuple(calls))


def play(day: Day) -> int:
    """Check the promise at every answer and at the latest time it allows; returns how often reads were served."""
    state = State("i", LeaseTerms(3000 * MS, 300 * MS), Nonce("boot", 0))
    served = 0
    for call in sorted((c for c in day.calls if not c.lost), key=lambda c: c.answered_ns):
        state, _ = step(state, StatusRead(call.asked_ns, day.served(call.served_ns)), call.answered_ns)
        for now_ns in (call.answered_ns, (state.caught_up_ns or 0) + LAG):
            if now_ns >= call.answered_ns and read_refusal(state, now_ns, LAG) is None:
                served += 1
                young = [report for when, report in day.reports if now_ns - LAG <= when <= now_ns and report.caught_up]
                assert young, f"reads at {now_ns / MS} ms"
    return served


@settings(max_examples=300, deadline=None)
@given(days())
def test_reads_are_served_only_if_replication_said_within_the_lag_that_it_had_caught_up(day: Day) -> None:
    play(day)


def steady(interval_ms: int, report_ms: int, offset_ms: int, lost: int) -> Day:
    """A standby on a quiet day, on which every so manyth call is lost."""
    reports = [(ms * MS, Replication(f"a:{ms}", 0, True, 0)) for ms in range(0, 20_000, report_ms)]
    asked = enumerate(range(offset_ms, 20_000, interval_ms))
    calls = [Call(ms * MS, (ms + 5) * MS, (ms + 10) * MS, number % lost == lost - 1) for number, ms in asked]
    return Day(tuple(reports), tuple(calls))


@given(
    scale=st.sampled_from((0.1, 0.5, 1.0)),
    report_s=st.sampled_from((2.5, 2.6, 3.0, 3.2)),
    offset_ms=st.integers(0, 3000),
    lost=st.sampled_from((4, 1000)),
)
def test_a_standby_whose_replication_reports_at_its_pace_serves_reads_all_the_time(
    scale: float, report_s: float, offset_ms: int, lost: int
) -> None:
    numbers = load({"TIME_SCALE": str(scale)})
    lag_ns = numbers.read_lag_ns
    day = steady(round(3000 * scale), round(1000 * report_s * scale), offset_ms, lost)
    state = State("i", numbers.lease, Nonce("boot", 0))
    answered = [call for call in day.calls if not call.lost]
    for number, call in enumerate(answered):
        if number > 3:
            assert read_refusal(state, call.answered_ns - 1, lag_ns) is None
        state, _ = step(state, StatusRead(call.asked_ns, day.served(call.served_ns)), call.answered_ns)


def test_a_region_that_was_replaced_while_it_was_away_is_past_the_lag_when_it_returns() -> None:
    for scale in (0.1, 0.3, 1.0):
        numbers = load({"TIME_SCALE": str(scale)})
        # The last beat that was echoed may have been read a look before the region was cut off.
        assert numbers.read_lag_ns < numbers.lease.horizon_ns(0) - numbers.ns(5.0)


def test_the_check_notices_a_storefront_that_takes_any_new_report_for_a_young_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = permission._status_read

    def credulous(state: State, asked_ns: int, status: Replication | None, now_ns: int) -> State:
        after = real(state, asked_ns, status, now_ns)
        return replace(after, caught_up_ns=now_ns) if status and status.caught_up else after

    monkeypatch.setattr(permission, "_status_read", credulous)
    reports = ((0, Replication("a:1", 0, True, 0)),)
    with pytest.raises(AssertionError, match="reads at"):
        play(Day(reports, (Call(9000 * MS, 9001 * MS, 9002 * MS, lost=False),)))


def test_the_days_are_kind_enough_for_reads_to_be_served() -> None:
    assert play(steady(300, 250, 0, 4)) > 50
