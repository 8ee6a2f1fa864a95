"""A region server that keeps no order of commits: looks before the fault and before the heal narrow what is lost."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, SimulatedBackend, Story, plan

from harness.drill import case_files, looking
from harness.drill.case_files import Filed
from harness.drill.conclusion import conclude
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.errors import DrillInvalid, WorldError
from harness.history.events import Commit

NAME = "a-drill"


class Unlogged(SimulatedBackend):
    """Only its tables tell. known: what its commits would have told."""

    items_max = looking.ITEMS_MAX
    fails = False
    looked = 0

    def commits(self) -> Sequence[Commit] | None:
        return None

    def written(self, database: str, items_max: int) -> Mapping[str, str | None] | None:
        self.looked += 1
        if self.fails:
            raise WorldError("it does not answer")
        return super().written(database, min(items_max, self.items_max))


def lost_with_its_replication(drill: Drill) -> None:
    """Some of it had not come when the region was lost, and comes after the heal."""
    drill.open()
    drill.promise(rpo_s=60)
    drill.reach_steady_state(EAST)
    drill.inject("replication-stall")
    drill.watch(3)
    drill.inject("region-outage", region=EAST, mode="black-hole")
    drill.require_recovery(WEST)
    drill.require("rpo")
    drill.heal()


def ran(folder: Path, kind: type[SimulatedBackend]) -> tuple[Filed, DrillResult, SimulatedBackend]:
    backend = kind(Story())
    (folder / NAME).mkdir(parents=True)
    drill = Drill(backend, plan(), folder / NAME)
    lost_with_its_replication(drill)
    result = drill.finish(None)
    return case_files.read(folder / NAME), result, backend


def test_looks_narrow_the_range_to_what_commits_tell(tmp_path: Path) -> None:
    _, exact, _ = ran(tmp_path / "exact", SimulatedBackend)
    filed, found, _ = ran(tmp_path / "found", Unlogged)
    assert exact.rpo is not None
    assert found.rpo is not None
    truth = exact.rpo.missing_low
    assert truth == exact.rpo.missing_high > 0
    assert found.rpo.missing_low <= truth <= found.rpo.missing_high
    blind = conclude(replace(filed.case, looks=()), filed.events, None, filed.final)
    assert blind.rpo is not None
    width, before = (r.missing_high - r.missing_low for r in (found.rpo, blind.rpo))
    assert width < before / 3
    assert found.rpo.missing_low > blind.rpo.missing_low == 0
    assert found.rpo.span_s is not None
    assert blind.rpo.span_s is not None
    assert found.rpo.span_s < blind.rpo.span_s


def test_looks_are_filed_and_judged_again_alike(tmp_path: Path) -> None:
    filed, found, _ = ran(tmp_path, Unlogged)
    assert [look.database for look in filed.case.looks[:2]] == [EAST, WEST]
    assert all(look.from_ns <= look.until_ns for look in filed.case.looks)
    again = conclude(filed.case, filed.events, filed.commits, filed.final)
    assert again.rpo == found.rpo


@pytest.mark.parametrize("how", ["too large", "does not answer"])
def test_where_a_look_cannot_be_had_the_drill_goes_on_without(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Unlogged, "items_max" if how == "too large" else "fails", 3 if how == "too large" else True)
    with caplog.at_level(logging.WARNING):
        filed, found, _ = ran(tmp_path, Unlogged)
    assert filed.case.looks == ()
    assert found.rpo is not None
    assert ("was not looked at" in caplog.text) is (how == "does not answer")


def test_where_commits_are_kept_nobody_looks(tmp_path: Path) -> None:
    filed, _, _ = ran(tmp_path, SimulatedBackend)
    assert filed.case.looks == ()


def test_a_long_drill_does_not_look_for_ever(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(looking, "LOOKS_MAX", 3)
    filed, _, _ = ran(tmp_path, Unlogged)
    assert len(filed.case.looks) <= 4


def test_a_drill_that_proves_nothing_is_healed_before_anybody_looks(tmp_path: Path) -> None:
    backend = Unlogged(Story())
    (tmp_path / NAME).mkdir()
    drill = Drill(backend, plan(), tmp_path / NAME)
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region=EAST, mode="black-hole")
    before = backend.looked
    drill.finish(DrillInvalid("the fault was not observed"))
    assert before > 0
    assert backend.looked == before
