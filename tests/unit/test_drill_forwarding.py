"""A standby that hands writes on to the active side: what it acknowledged is lost with the side that stored it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from measurement_timeline import A, B, s, timeline
from simulated_backend import EAST, WEST, Fate, Story
from test_drill_losses import FarReads
from test_drill_promises import BothWrite, Forwarding, promises, run
from test_drill_recovery_points import back, drill_of, region_lost, served

from harness.checkers.accepting import stored_alone
from harness.drill import case_files
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.history.events import Commit
from harness.history.gathering import columns_of
from harness.history.log import pair
from harness.measurement.lost import Accepted
from harness.measurement.models import FaultInterval
from harness.measurement.recovery_point import recovery_point
from harness.outcome import Outcome, Verdict
from harness.topology.consistency import Consistency

EVENTUAL = Consistency(writes="one", reads="eventual", staleness_s=5)
LAGS = Story(lag_s=1.5)


class Silent(Forwarding):
    """It does not say so."""

    def _say(self, **said: Any) -> None:
        """Nothing."""

    def _complete(self, *told: Any) -> None:
        super()._complete(*told)
        self._new[-1] = _nameless(self._new[-1])


class Unanswered(Forwarding):
    """Every fifth answer of what was forwarded is lost on the way back."""

    def _complete(self, client: Any, planned: Any, address: str, fate: Fate, sent_ns: int) -> None:
        super()._complete(client, planned, address, fate, sent_ns)
        if fate.outcome is Outcome.OK and not fate.stored and not next(self._strays) % 5:
            self._say(outcome=Outcome.INFO, region=None, epoch=None, status=None, error="reset")


def _nameless(event: Any) -> Any:
    return replace(event, region=None, epoch=None) if hasattr(event, "epoch") else event


def full(drill: Drill) -> None:
    """There and back, with everything that may be asked of the data."""
    drill_of(region_lost, served, lambda d: d.require("rpo"), back)(drill)
    drill.require("durability", at_rest=True)


def missing_through(folder: Path, result: DrillResult) -> dict[str | None, int]:
    """How many of the missing writes were sent to each address."""
    assert result.rpo is not None
    by_op = {o.invoke.op: o for o in pair(case_files.read(folder).events)}
    found: dict[str | None, int] = {}
    for op in result.rpo.missing_ids:
        completion = by_op[op].completion
        address = None if completion is None else completion.address
        found[address] = found.get(address, 0) + 1
    return found


@pytest.mark.parametrize(("world", "writes"), [(Forwarding, "one"), (Unanswered, "one"), (Silent, "both")])
def test_what_stays_lost_with_the_side_that_stored_it_is_within_the_recovery_point(
    tmp_path: Path, world: Any, writes: Any
) -> None:
    """The lost side never comes back."""
    never = Story(lag_s=1.5, loses_backlog=True, failback_s=None)
    promised = EVENTUAL.model_copy(update={"writes": writes})
    result = run(tmp_path, drill_of(region_lost, served), world, never, promised=promised)
    assert result.verdict is Verdict.MET, result.reasons
    assert promises(result)["writes-kept"] is Verdict.MET
    assert any("stay lost, which the recovery point accounts for" in finding.text for finding in result.findings)


@pytest.mark.parametrize("world", [Forwarding, Unanswered])
def test_what_was_forwarded_is_lost_with_the_side_that_stored_it(tmp_path: Path, world: Any) -> None:
    result = run(tmp_path, full, world, LAGS, promised=EVENTUAL)
    assert result.verdict is Verdict.MET, result.reasons
    assert promises(result)["reads"] is Verdict.MET
    assert len(missing_through(tmp_path, result)) == 2


def test_a_standby_that_forwards_in_silence_is_believed_by_its_commits(tmp_path: Path) -> None:
    both = EVENTUAL.model_copy(update={"writes": "both"})
    result = run(tmp_path, full, Silent, LAGS, promised=both)
    assert result.verdict is Verdict.MET, result.reasons


def test_the_recovery_point_of_a_forwarding_plan_is_as_large_as_its_lag(tmp_path: Path) -> None:
    result = run(tmp_path, full, Forwarding, Story(lag_s=4.0), promised=EVENTUAL)
    assert result.verdict is Verdict.MISSED
    assert any("objective 2 s" in reason for reason in result.reasons)


def test_a_side_that_writes_itself_is_held_to_its_own_writes(tmp_path: Path) -> None:
    result = run(tmp_path, full, BothWrite, LAGS, promised=EVENTUAL.model_copy(update={"writes": "both"}))
    assert len(missing_through(tmp_path, result)) == 1


def test_stale_reads_of_a_forwarding_plan_are_still_seen(tmp_path: Path) -> None:
    class Far(Forwarding, FarReads):
        """Everybody reads at the standby."""

    result = run(tmp_path, full, Far, Story(lag_s=1.5, cache_s=30.0), promised=EVENTUAL)
    assert promises(result)["reads"] is Verdict.MISSED


# --- by hand ----------------------------------------------------------------------------------------------------------

TEXT = """
    w1: dns-0      put k1 1.0..1.1 ok A
    w2: pinned-b-0 put k2 2.0..2.1 ok B @us-east-1
    w3: pinned-b-0 put k3 3.0..3.1 ok B
    t4: dns-0      put k4 9.0..9.1 ok B
    """
FAULT = FaultInterval(s(5), s(5), s(20), s(20))
EAST_LOG = [Commit(EAST, "items", f"k{n}", f"w{n}", n, s(n) + s(0.05)) for n in (1, 2)]
WEST_LOG = [Commit(WEST, "items", "k3", "w3", 0, s(3.05)), Commit(WEST, "items", "k4", "t4", 1, s(9.05))]


def test_a_write_counts_where_it_was_stored() -> None:
    columns = columns_of(timeline(TEXT))
    logs = {EAST: EAST_LOG, WEST: WEST_LOG}
    assert columns.ops(stored_alone(columns, logs, EAST).nonzero()[0]) == ["w1", "w2"]
    assert columns.ops(stored_alone(columns, logs, WEST).nonzero()[0]) == ["w3", "t4"]
    places: dict[str, Any] = {"lost_address": A, "survivor_address": B, "fault": FAULT}
    dialled = recovery_point(columns, WEST_LOG, **places)
    assert dialled is not None
    assert dialled.missing_ids == ("w1",)
    accepted = Accepted(stored_alone(columns, logs, EAST), stored_alone(columns, logs, WEST))
    stored = recovery_point(columns, WEST_LOG, **places, accepted=accepted)
    assert stored is not None
    assert stored.missing_ids == ("w1", "w2")


def test_what_a_standby_still_forwards_after_the_fault_is_no_takeover() -> None:
    text = TEXT.replace("t4: dns-0      put k4 9.0..9.1 ok B", "w4: dns-0 put k4 6.0..6.1 ok B @us-east-1\n" + """
    t5: dns-0 put k5 9.0..9.1 ok B""")  # fmt: skip
    columns = columns_of(timeline(text))
    east = [*EAST_LOG, Commit(EAST, "items", "k4", "w4", 3, s(6.05))]
    west = [WEST_LOG[0], Commit(WEST, "items", "k5", "t5", 1, s(9.05))]
    logs = {EAST: east, WEST: west}
    accepted = Accepted(stored_alone(columns, logs, EAST), stored_alone(columns, logs, WEST))
    found = recovery_point(columns, west, lost_address=A, survivor_address=B, fault=FAULT, accepted=accepted)
    assert found is not None
    assert found.takeover_ns == s(9.05)
    assert found.missing_ids == ("w1", "w2", "w4")
