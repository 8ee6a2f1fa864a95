"""Which database stores what clients write: read off the commits, whatever the application says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from measurement_timeline import A, B, s, timeline
from simulated_backend import EAST, WEST
from test_drill_promises import run
from test_drill_recovery_points import back, drill_of, region_lost, served

from harness.checkers.result import CheckResult
from harness.drill.case import Requirement
from harness.drill.judging.databases import NAME, database_of_writes, goes_on
from harness.drill.loop import lately
from harness.history.events import Commit
from harness.history.gathering import columns_of
from harness.measurement.models import FaultInterval
from harness.outcome import Verdict

NYC, SFO = "nyc3", "sfo3"
NEAR = {NYC: EAST, SFO: WEST}
ROWS = """
    w1: dns-0 put k1 1.0..1.1 ok A @us-east-1
    w2: dns-1 put k2 2.0..2.1 ok A @us-east-1
    w3: dns-0 put k3 9.0..9.1 ok A @us-west-2
    w4: dns-1 put k4 9.5..9.6 ok A @us-west-2
    """
MOVED = """
    w1: dns-0 put k1 1.0..1.1 ok A @us-east-1
    w2: dns-1 put k2 2.0..2.1 ok A @us-east-1
    w3: dns-0 put k3 9.0..9.1 ok B @us-east-1
    w4: dns-1 put k4 9.5..9.6 ok B @us-east-1
    """


def log(region: str, *numbers: int, at_s: float = 0.05) -> list[Commit]:
    sent_s = {1: 1.0, 2: 2.0, 3: 9.0, 4: 9.5}
    return [Commit(region, "items", f"k{n}", f"w{n}", n, s(sent_s[n] + at_s)) for n in numbers]


def seen(text: str, logs: Mapping[str, Sequence[Commit]], databases: Mapping[str, str] = NEAR) -> Any:
    """What `Measures` would tell of it."""
    case = SimpleNamespace(
        addresses={NYC: A, SFO: B}, by_address={A: NYC, B: SFO}, database_of=lambda place: databases[place]
    )
    return SimpleNamespace(case=case, operations=columns_of(timeline(text)), logs=logs)


def stored_at(place: str, measures: Any, from_s: float, until_s: float) -> CheckResult:
    requirement = Requirement(NAME, 0, place, s(from_s), s(until_s))
    return database_of_writes(requirement, measures)


def test_the_commits_say_which_database_was_used() -> None:
    measures = seen(ROWS, {NYC: log(EAST, 1, 2), SFO: log(WEST, 3, 4)})
    assert stored_at(NYC, measures, 0, 5).verdict is Verdict.MET
    found = stored_at(SFO, measures, 8, 10)
    assert found.verdict is Verdict.MET
    assert found.text == (
        "of 2 writes that clients sent to nyc3, 2 were stored by us-west-2, the database of sfo3"
    )  # fmt: skip
    assert stored_at(NYC, measures, 8, 10).verdict is Verdict.MISSED


def test_some_writes_in_the_old_database_are_too_many() -> None:
    measures = seen(ROWS.replace("9.6 ok A @us-west-2", "9.6 ok A @us-east-1"), {
        NYC: log(EAST, 1, 2, 4), SFO: log(WEST, 3),
    })  # fmt: skip
    found = stored_at(SFO, measures, 8, 10)
    assert found.verdict is Verdict.MISSED
    assert "1 was stored by us-east-1, the database of nyc3, 1 was stored by us-west-2" in found.text


def test_the_applications_word_alone_is_not_enough() -> None:
    assert stored_at(SFO, seen(ROWS, {}), 8, 10).verdict is Verdict.UNKNOWN
    lying = seen(ROWS, {NYC: log(EAST, 1, 2, 3, 4), SFO: log(WEST, 3, 4, at_s=3.0)})
    assert stored_at(SFO, lying, 8, 10).verdict is Verdict.MISSED


def test_without_writes_or_with_one_database_nothing_is_known() -> None:
    measures = seen(ROWS, {NYC: log(EAST, 1, 2), SFO: log(WEST, 3, 4)})
    assert stored_at(SFO, measures, 5, 6).verdict is Verdict.UNKNOWN
    one = seen(ROWS, {NYC: log(EAST, 1, 2), SFO: log(EAST, 3, 4)}, {NYC: EAST, SFO: EAST})
    assert stored_at(SFO, one, 8, 10).verdict is Verdict.UNKNOWN


def episode(onset_s: float = 5.0) -> Any:
    onset = FaultInterval(s(onset_s), s(onset_s), None, None)
    return SimpleNamespace(
        lost=NYC, survivor=SFO, onset=onset, one_database=False, stretch=SimpleNamespace(until_ns=None)
    )


def test_a_place_that_goes_on_in_the_database_of_the_lost_one_has_lost_nothing() -> None:
    measures = seen(MOVED, {NYC: log(EAST, 1, 2, 3, 4), SFO: log(WEST, 1, 2, at_s=1.0)})
    assert goes_on(episode(), measures) == (
        "sfo3 goes on in us-east-1, the database of nyc3, which stored its 2 writes"
    )  # fmt: skip


def test_a_place_that_took_over_with_its_own_database_is_asked_what_it_lacks() -> None:
    text = MOVED.replace("9.6 ok B @us-east-1", "9.6 ok B @us-west-2")
    assert goes_on(episode(), seen(text, {NYC: log(EAST, 1, 2, 3), SFO: log(WEST, 4)})) == ""
    assert goes_on(episode(), seen(ROWS, {NYC: log(EAST, 1, 2), SFO: log(WEST, 3, 4)})) == ""
    assert goes_on(episode(), seen(MOVED, {})) == ""


# --- as steps ---------------------------------------------------------------------------------------------------------


def test_a_drill_waits_until_the_database_takes_the_writes_there_and_back(tmp_path: Path) -> None:
    there, here = (lambda d: d.require_database(WEST)), (lambda d: d.require_database(EAST))
    result = run(tmp_path, drill_of(region_lost, served, there, back, here))
    assert result.verdict is Verdict.MET, result.reasons
    told = [one.text for one in result.results if one.name == NAME]
    assert [WEST in text for text in told] == [True, False]


def test_a_drill_is_missed_where_another_database_goes_on_taking_them(tmp_path: Path) -> None:
    result = run(tmp_path, drill_of(region_lost, served, lambda d: d.require_database(EAST)))
    assert result.verdict is Verdict.MISSED
    assert any(f"were stored by {WEST}, the database of {WEST}" in reason for reason in result.reasons)


def test_waiting_costs_no_more_the_longer_a_drill_has_run() -> None:
    commits = [Commit(EAST, "items", f"k{n}", f"w{n}", n, s(n)) for n in range(1000)]
    assert [c.seq for c in lately(commits, s(995))] == list(range(985, 1000))
    assert lately(commits, None) is commits
