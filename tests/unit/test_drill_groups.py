"""Groups of items in whole drills, in fast forward: honest designs stay green, those that take groups apart go red."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_backend import WEST, Story
from test_drill_promises import only_recovery, promises, run, there_and_back

from harness.outcome import Verdict
from harness.topology.consistency import Consistency

APART = Story(groups=True, reorders_s=2.0)
"""Every third change comes two seconds later than the others, also where it belongs to a group."""


def test_a_design_whose_groups_stay_whole_is_met(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, story=Story(groups=True))
    assert result.verdict is Verdict.MET, result.reasons
    assert promises(result)["groups"] is Verdict.MET
    assert result.promise is not None
    assert "groups" not in result.promise, "the subject's own file says nothing of groups"


def test_groups_that_are_replicated_item_by_item_are_seen_in_part_at_the_takeover(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, story=APART)
    assert result.verdict is Verdict.MISSED
    assert promises(result)["groups"] is Verdict.MISSED
    told = next(reason for reason in result.reasons if "in part" in reason)
    assert f"when {WEST} took over" in told
    assert "of the same request was not" in told
    assert any(finding.id == "A15" for finding in result.findings)


def test_where_single_items_are_promised_it_is_a_note(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, story=APART, promised=Consistency(groups="items"))
    assert promises(result)["groups"] is Verdict.MET
    assert [f.severity for f in result.findings if f.id == "A15"] == ["info"]


IN_ORDER = Story(backlog_s=0.0)
"""What waited for a heal comes before what is written after it."""


@pytest.mark.parametrize(
    ("story", "verdict"),
    [(IN_ORDER, Verdict.MET), (Story(backlog_s=3.0), Verdict.MISSED), (Story(reorders_s=2.0), Verdict.MISSED)],
)
def test_an_order_that_is_promised_between_items_is_judged(tmp_path: Path, story: Story, verdict: Verdict) -> None:
    result = run(tmp_path, there_and_back, story=story, promised=Consistency(order="causal"))
    assert promises(result)["causal-order"] is verdict
    assert result.promise is not None
    assert result.promise["order"] == "causal"
    if verdict is Verdict.MISSED:
        assert any(finding.id == "A18" for finding in result.findings)
    assert "causal-order" not in promises(run(tmp_path / "not", there_and_back, story=story))
