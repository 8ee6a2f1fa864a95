"""Figures and texts as people read them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_reporting_sample import drill

from harness.drill.evidence import Finding, ObjectiveResult, Objectives
from harness.outcome import Bracket, Verdict
from harness.reporting import palette, wording
from harness.reporting.objectives import promised, promised_point, promised_recovery, rows


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=12))
def test_printed_phases_add_up_to_the_printed_total(values_ns: list[int]) -> None:
    printed = [round(float(text) * 100) for text in wording.adding_up(values_ns)]
    assert sum(printed) == round(float(wording.adding_up([sum(values_ns)])[0]) * 100)
    assert all(abs(cents * 10_000_000 - ns) <= 10_000_000 for cents, ns in zip(printed, values_ns, strict=True))


def test_a_bracket_is_rounded_outwards() -> None:
    assert wording.bracket(Bracket(7_949_999_999, 8_350_000_001)) == "7.94 – 8.36 s"
    assert wording.bracket(Bracket(0, 0)) == "0 s, no client noticed"
    assert wording.bracket(Bracket(12_109_000_000, None)) == "over 12.10 s, not recovered"
    assert wording.bracket(None) == "not measured"


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100 %"), (0.0, "0 %"), (0.2, "20 %"), (0.999999, "99.99 %"), (0.000001, "0.01 %"), (0.8641, "86.41 %")],
)
def test_almost_all_is_never_printed_as_all(share: float, text: str) -> None:
    assert wording.percent(share) == text


def test_terminal_sequences_and_text_direction_tricks_are_removed() -> None:
    assert wording.clean("\x1b[31mred\x1b[0m\x1b]0;title\x07\x00 \u202egnp.exe\ud800") == "red gnp.exe"
    assert wording.one_line("a\n\tb", 2) == "a…"


@pytest.mark.parametrize("colour", [*palette.REGIONS, *palette.PHASES, palette.SERVED, palette.FAILED])
def test_text_on_every_colour_has_the_contrast_that_wcag_asks_for(colour: str) -> None:
    def luminance(text: str) -> float:
        parts = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(colour), luminance(palette.on(colour))))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_a_promise_that_nobody_judged_is_shown_as_such() -> None:
    table = {row.name: row for row in rows(drill())}
    assert table["recovery time"].promised == "≤ 12 s"
    assert table["recovery time"].measured == "7.94 – 8.36 s"
    assert table["recovery point, seconds"].verdict is None


def test_a_judgement_about_something_unknown_keeps_its_sentence() -> None:
    table = rows(replace(drill(), results=(ObjectiveResult("split brain", Verdict.MISSED, "two writers"),)))
    assert (table[0].name, table[0].promised, table[0].text) == ("split brain", "", "two writers")


def test_losses_are_stated_in_the_unit_that_was_promised() -> None:
    assert wording.lost(drill()) == "12–15 items, ≤ 1.42 s"
    assert wording.lost(replace(drill(), objectives=Objectives(rpo_items=20))) == "12 – 15 items"
    assert wording.lost(replace(drill(), rpo=None)) == "not measured"
    goes_on = ObjectiveResult("rpo", Verdict.MET, "nothing was lost with the place")
    assert wording.lost(replace(drill(), rpo=None, results=(goes_on,))) == "0 items"


def test_a_control_says_that_going_wrong_is_what_it_is_for() -> None:
    assert wording.control("MISSED") == "control: must end MISSED"
    assert wording.control("failover disabled") == "control: failover disabled"


def test_the_count_of_verdicts_starts_with_the_worst() -> None:
    assert wording.counted([Verdict.MET, Verdict.UNKNOWN, Verdict.MET]) == "1 UNKNOWN, 2 MET"


def test_a_promise_that_this_drill_did_not_judge_is_never_shown_as_kept() -> None:
    stalled = replace(
        drill(),
        objectives=Objectives(rto_s=20, rpo_s=2),
        results=(
            ObjectiveResult("rto_s", Verdict.MET, "10 s"),
            ObjectiveResult("rpo-shows-stall", Verdict.MET, "as large as the stall"),
        ),
    )
    assert promised_recovery(stalled) == "≤ 20 s"
    assert promised_point(stalled) == "≤ 2 s (not judged)"
    assert [(row.name, row.promised) for row in rows(stalled)][1] == ("the recovery point shows the stall", "")


def test_a_recovery_point_promised_in_seconds_only_is_what_a_bare_rpo_is_about() -> None:
    judged = replace(
        drill(), objectives=Objectives(rpo_s=2), results=(ObjectiveResult("rpo", Verdict.MET, "the oldest is young"),)
    )
    assert [(row.name, row.promised, row.measured) for row in rows(judged)] == [
        ("recovery point, seconds", "≤ 2 s", "up to 1.42 s")
    ]


def test_the_headline_counts_what_remains_where_nothing_was_missed() -> None:
    two = (Finding("a", "x", "serious"), Finding("b", "y", "warning"), Finding("c", "z", "info"))
    assert wording.headline(replace(drill(), findings=two)) == "MET, 2 warnings"
    assert wording.headline(replace(drill(), findings=two[1:])) == "MET, 1 warning"
    assert wording.headline(replace(drill(), findings=two[2:])) == "MET"
    assert wording.headline(replace(drill(verdict=Verdict.MISSED), findings=two)) == "MISSED"
    assert wording.headline(replace(drill(), findings=two, control="MISSED")) == "MET"


def test_why_stands_only_under_a_verdict_that_the_recovery_time_decided() -> None:
    results = (ObjectiveResult("rto_s", Verdict.MET, "in time"), ObjectiveResult("split_brain", Verdict.MISSED, "two"))
    assert wording.why(drill())
    assert wording.why(replace(drill(), verdict=Verdict.MISSED, results=results)) == ""
    slow = (replace(results[0], verdict=Verdict.MISSED), results[1])
    assert wording.why(replace(drill(), verdict=Verdict.MISSED, results=slow)) == drill().why


PROMISE = {"writes": "one", "writes_stated": True, "reads": "session", "staleness_s": 0.0, "deletes": "final"}


def test_nothing_promised_is_never_said_where_a_promise_exists() -> None:
    """A drill that ended before it asked for the recovery time says so; the subject's own promises stand beside it."""
    early = replace(
        drill(), verdict=Verdict.INVALID, objectives=Objectives(rto_s=20.0), results=(), promise=PROMISE
    )  # fmt: skip
    assert promised(early).startswith("RTO ≤ 20 s (not judged: the drill ended before), writes on one side at a time")
    unasked = replace(drill(), objectives=Objectives(), results=(), promise=PROMISE)
    assert "none" not in promised(unasked)
    assert promised_recovery(unasked) == promised_point(unasked) == "not asked for"
    assert promised(
        replace(unasked, promise={**PROMISE, "writes": "both", "reads": "eventual", "staleness_s": 2.0})
    ) == ("writes on both sides, reads no older than 2 s, deletes are final")


def test_a_promise_that_could_not_be_judged_is_not_measured() -> None:
    row = ObjectiveResult("reads", Verdict.UNKNOWN, "not measured: nothing put it to the test", promise=True)
    (shown, *_) = rows(replace(drill(), results=(row,)))
    assert (shown.measured, shown.verdict) == ("not measured", None)
