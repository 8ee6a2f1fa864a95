"""What a place that is cut off goes on acknowledging, and what the readers of one that never took over can see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, EDGES, WEST, SimulatedBackend, Story
from test_drill_promises import BothWrite, promises, run, there_and_back

from harness.drill import case_files, cuts
from harness.drill.case import Case
from harness.drill.facade import Drill
from harness.outcome import Verdict
from harness.topology.consistency import Consistency

BOTH = Consistency(writes="both")


def database_lost(drill: Drill) -> None:
    """The primary's database is gone; its application goes on answering for a while."""
    drill.open()
    drill.promise(rpo_s=60)
    drill.reach_steady_state(EAST)
    drill.inject("service-outage", region=EAST, mode="black-hole")
    drill.require_recovery(WEST)
    drill.require("rpo")


def test_what_a_lost_side_acknowledges_is_the_recovery_point_where_both_sides_write(tmp_path: Path) -> None:
    brief = run(tmp_path / "brief", database_lost, BothWrite, Story(void_s=0.5), promised=BOTH)
    long = run(tmp_path / "long", database_lost, BothWrite, Story(void_s=4.0), promised=BOTH)
    assert brief.rpo is not None
    assert long.rpo is not None
    assert long.verdict is Verdict.MET, long.reasons
    assert promises(long)["writes-kept"] is Verdict.MET
    assert long.rpo.missing_low > brief.rpo.missing_low > 0
    assert long.rpo.after_s == pytest.approx(4.0, abs=0.3)
    told = next(one.text for one in long.results if one.name.startswith("rpo"))
    assert "of these when the other side had taken over" in told or "acknowledged by us-east-1" in told


def stalled(drill: Drill) -> None:
    """Replication alone stands still: nobody is lost, and everything is made up for."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("replication-stall", for_s=100)  # of production: ten seconds here
    drill.require_no_failover(EAST)
    drill.require("rpo")
    drill.watch(5)


def test_a_stall_that_is_made_up_for_loses_nobody(tmp_path: Path) -> None:
    result = run(tmp_path, stalled, BothWrite, promised=BOTH)
    assert result.rpo is not None
    assert result.rpo.span_s is not None
    assert result.rpo.span_s < 1  # although the stall takes 10 s
    assert promises(result)["writes-kept"] is Verdict.MET


def test_what_a_stall_loses_in_the_merge_is_still_held_against_the_plan(tmp_path: Path) -> None:
    result = run(tmp_path, stalled, BothWrite, Story(skew_s=5.0), promised=BOTH)
    assert promises(result)["writes-kept"] is Verdict.MISSED


# --- which faults cut replication -------------------------------------------------------------------------------------

ACROSS = f"replicator.{WEST}->{EAST}:dynamodb"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("lost")
    run(folder, database_lost)
    return case_files.read(folder).case


@pytest.mark.parametrize(
    ("links", "stops"),
    [
        ([ACROSS], True),
        ([f"canary.{EAST}->{WEST}:dynamodb"], True),
        ([f"app.{EAST}->{WEST}:http"], True),
        ([f"app.{EAST}->app.{WEST}:http"], True),
        ([f"app.{EAST}->{EAST}:dynamodb"], False),
        ([f"monitor.outside->{EAST}:dynamodb"], False),
        ([f"clients->{EAST}:http", f"checkers->{EAST}:http", f"lb.{EAST}->storefront.{EAST}:http"], False),
        ([f"replicator.{WEST}->{EAST}:route53"], False),
        ([], False),
    ],
)
def test_a_fault_cuts_replication_by_the_links_that_it_takes(case: Case, links: list[str], stops: bool) -> None:
    fault = replace(case.faults[0], kind="component-isolated", links=tuple(links))
    assert cuts.stops_replication(case, fault) is stops
    assert not cuts.stops_replication(case, replace(fault, applied=False))
    slow = replace(fault, canary=replace(fault.canary, kind="slow"))
    gray = replace(fault, canary=replace(fault.canary, kind="rate"))
    assert not cuts.stops_replication(case, slow)
    assert not cuts.stops_replication(case, gray)


def test_a_database_that_refuses_writes_takes_no_changes(case: Case) -> None:
    fault = replace(case.faults[0], kind="operations-refused", links=())
    for service, stops in (("dynamodb-writes", True), ("dynamodb-reads", False)):
        seen = replace(fault, canary=replace(fault.canary, links=(f"canary.outside->{EAST}:{service}",)))
        assert cuts.stops_replication(case, seen) is stops


def test_with_one_database_there_is_nothing_to_replicate(case: Case) -> None:
    shared = replace(case, places=tuple(replace(place, database=EAST) for place in case.places))
    assert cuts.cuts(shared) == []
    assert cuts.cuts(case) == [case.faults[0].interval]


@pytest.mark.parametrize(
    ("kind", "target", "expected", "left"),
    [
        ("region-outage", EAST, None, True),
        ("region-isolated", EAST, None, True),
        ("region-outage", WEST, None, False),
        ("replication-stall", "all", None, False),
        ("replication-stall", "all", EAST, False),
        ("replication-stall", "all", WEST, True),
        ("one-way-partition", f"{EAST}->{WEST}", WEST, True),
    ],
)
def test_a_place_is_given_up_when_it_is_lost_or_a_step_says_so(
    case: Case, kind: str, target: str, expected: Any, left: bool
) -> None:
    fault = replace(case.faults[0], kind=kind, target=target, links=(ACROSS,))
    broken = replace(case, faults=(fault,))
    episode = replace(case.episodes[0], faults=(0,), serving=EAST, expected=expected)
    assert bool(cuts.left_behind(broken, episode, EAST)) is left


# --- a standby that only reads ----------------------------------------------------------------------------------------


class ReadOnly(SimulatedBackend):
    """The answer moves to the standby, which serves reads and never accepts a write."""

    def _accept(self, region: str) -> None:
        super()._accept(region)
        self._accepting.discard(WEST)


def test_readers_of_a_read_only_standby_are_not_blamed_on_the_plan(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, ReadOnly, Story(lag_s=0.4))
    assert result.rpo is None  # it never took over
    assert promises(result)["reads"] is Verdict.MET
    told = next(one.text for one in result.results if one.name == "reads")
    assert "not judged: replication was cut by the drill" in told


def test_a_stale_cache_of_a_read_only_standby_is_still_seen(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, ReadOnly, Story(lag_s=0.4, cache_s=30.0))
    assert promises(result)["reads"] is Verdict.MISSED


# --- a bound on staleness ---------------------------------------------------------------------------------------------

BOUNDED = Consistency(reads="eventual", staleness_s=2)


class FarReads(SimulatedBackend):
    """Clients write at the primary, and read at the standby."""

    def _complete(self, client: Any, planned: Any, address: str, fate: Any, sent_ns: int) -> None:
        far = planned.f == "get" and address == EDGES[EAST]
        super()._complete(client, planned, EDGES[WEST] if far else address, fate, sent_ns)


def cut_for_long(drill: Drill) -> None:
    """Replication is cut for much longer than the bound; clients of both sides read on."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("replication-stall", for_s=100)  # of production: ten seconds here
    drill.watch(20)


def test_a_bound_on_staleness_is_not_judged_across_a_link_that_the_drill_cut(tmp_path: Path) -> None:
    result = run(tmp_path, cut_for_long, FarReads, promised=BOUNDED)
    assert promises(result)["reads"] is Verdict.MET
    told = next(one.text for one in result.results if one.name == "reads")
    assert "not judged: replication was cut by the drill" in told


def test_a_plan_that_is_slow_on_any_day_is_still_seen(tmp_path: Path) -> None:
    result = run(tmp_path, cut_for_long, FarReads, Story(lag_s=6.0), promised=BOUNDED)
    assert promises(result)["reads"] is Verdict.MISSED
