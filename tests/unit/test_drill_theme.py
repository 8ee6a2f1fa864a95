"""A theme that was broken and restored: how it is judged, and why it is missed where it was not restored."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.drill.case import CaseFault, Requirement
from harness.drill.case_recovery import CaseArchive
from harness.drill.judging.theme import NAME, theme_restored
from harness.measurement.models import FaultInterval
from harness.outcome import Verdict
from harness.parts.commerce.shopify import theming
from harness.parts.commerce.shopify.records.shop import Shop
from harness.units import NS_PER_S

S = NS_PER_S
BROKEN = CaseFault("shop-trouble", "shop", "theme-broken", FaultInterval(10 * S, 11 * S, 30 * S, 31 * S))
KEPT = CaseArchive(0, 1, 25, asked_ns=12 * S, wrong_ns=14 * S, right_ns=15 * S, still=())


def judged(archive: CaseArchive | None, fault: CaseFault | None = BROKEN, within_s: float | None = None) -> Any:
    faults = () if fault is None else (fault,)
    measures: Any = SimpleNamespace(case=SimpleNamespace(archive=archive, faults=faults))
    until_ns = None if within_s is None else 10 * S + round(within_s * S)
    requirement = Requirement(NAME, None, from_ns=None if within_s is None else 10 * S, until_ns=until_ns)
    return theme_restored(requirement, measures)


def test_a_theme_that_is_right_again_is_told_with_how_long_it_was_not() -> None:
    found = judged(KEPT)
    assert found.verdict is Verdict.MET
    assert found.text == "all 25 files are as they were backed up; shoppers had another theme for 3.00 – 5.00 s"


@pytest.mark.parametrize(("within_s", "verdict"), [(6, Verdict.MET), (4, Verdict.UNKNOWN), (2, Verdict.MISSED)])
def test_the_time_that_it_took_is_judged_by_both_of_its_ends(within_s: float, verdict: Verdict) -> None:
    assert judged(KEPT, within_s=within_s).verdict is verdict


@pytest.mark.parametrize(
    ("archive", "why"),
    [
        (
            CaseArchive(0, 1, 25, still=("a", "b")),
            "nobody restored the theme: 2 files are not as they were backed up: a, b",
        ),
        (CaseArchive(0, 1, 25, 12 * S, still=("a",)), "the theme was restored, and to another state: 1 file is not as"),
        (
            CaseArchive(0, 1, 25, 12 * S, still=("a",), said="it is damaged"),
            "the theme was not restored (it is damaged)",
        ),
    ],
)
def test_a_theme_that_is_not_right_in_the_end_is_missed_with_the_reason(archive: CaseArchive, why: str) -> None:
    found = judged(archive)
    assert found.verdict is Verdict.MISSED
    assert found.text.startswith(why)


def test_where_nothing_broke_or_nobody_looked_nothing_is_known() -> None:
    assert judged(None).verdict is Verdict.UNKNOWN
    assert judged(KEPT, None).verdict is Verdict.UNKNOWN
    assert judged(CaseArchive(0, 1, 25)).verdict is Verdict.UNKNOWN
    assert judged(CaseArchive(0, 1, 25, still=())).verdict is Verdict.UNKNOWN


def test_a_bad_deployment_changes_takes_and_adds_files() -> None:
    shop = Shop(lambda: 1)
    theming.dress(shop)
    before = dict(theming.digests(shop))
    theming.break_theme(shop)
    after = dict(theming.digests(shop))
    assert before.keys() - after.keys() == {"templates/product.json", "assets/logo.png"}
    assert after.keys() - before.keys() == {"snippets/debug.liquid"}
    changed = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    assert changed == {"layout/theme.liquid", "templates/index.json"}
