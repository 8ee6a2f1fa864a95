"""The same outage under several ways to lead clients: rows, the page, and environments with a setting of one's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_reporting_sample import run as sample_run

from harness.cli import compare_variants, compare_view
from harness.drill.compared import DECIDE, DETECT, PROPAGATE, Comparison, Row, Way, fastest, rows_of
from harness.drill.evidence import DrillResult, PredictionResult, RunResult
from harness.errors import InputError
from harness.outcome import Bracket, Verdict
from harness.reporting import compare_page
from harness.reporting.terminal import console
from harness.topology.load import load_environment

S = 1_000_000_000
OUTAGE = "region-lost-black-holed"
ROUTE53, OTHER = Way("embedded", "embedded", {}), Way("other <&>", "other", {})


def bracket(low_s: float, high_s: float | None) -> Bracket:
    return Bracket(round(low_s * S), None if high_s is None else round(high_s * S))


def drill(verdict: Verdict = Verdict.MET, rto: Bracket | None = None, **changed: object) -> DrillResult:
    phases = {"detect": 5 * S, "redirect": S, "activate": S // 2, "dns_ttl": 3 * S, "settle": None}
    expected = PredictionResult("production", Bracket(75 * S, 129 * S, 108 * S), {
        "detect": bracket(30, 48), "redirect": bracket(0, 39), "activate": bracket(0, 1), "dns_ttl": bracket(45, 60),
    })  # fmt: skip
    made = replace(sample_run().drills[0], name=OUTAGE, verdict=verdict, reasons=("nobody noticed",))
    told = {"rto": rto or bracket(9.2, 9.8), "phases_ns": phases, "production_prediction": expected}
    return replace(made, **{**told, **changed})  # type: ignore[arg-type]


def a_run(*drills: DrillResult) -> RunResult:
    return replace(sample_run(), run_id="20261129-080000-1", drills=drills)


def test_phases_are_gathered_into_three_that_add_up() -> None:
    (row,) = rows_of(ROUTE53, a_run(drill()), [OUTAGE])
    assert row.phases_ns == {DETECT: 5 * S, DECIDE: S + S // 2, PROPAGATE: 3 * S}
    assert row.expected_phases == {DETECT: bracket(30, 48), DECIDE: bracket(0, 40), PROPAGATE: bracket(45, 60)}
    assert (row.verdict, row.why, row.recovery, row.expected) == (
        "MET",
        "",
        bracket(9.2, 9.8),
        Bracket(75 * S, 129 * S, 108 * S),
    )


def test_what_proves_nothing_has_no_figures_and_what_did_not_run_says_why() -> None:
    proves_nothing, absent = rows_of(ROUTE53, a_run(drill(Verdict.INVALID)), [OUTAGE, "region-lost-refused"])
    assert (proves_nothing.recovery, proves_nothing.phases_ns, proves_nothing.why) == (None, None, "nobody noticed")
    assert (absent.verdict, absent.why) == ("", "it left no evidence")
    assert not Comparison((proves_nothing,), "fast").proven


def test_the_soonest_is_the_one_that_ends_first_at_the_latest() -> None:
    sharp, early, never = (
        Row(Way(name, name, {}), OUTAGE, "MET", recovery=one)
        for name, one in (("sharp", bracket(9.2, 9.4)), ("early", bracket(8, 9.5)), ("never", bracket(1, None)))
    )
    best = fastest((never, early, sharp))
    assert best is not None
    assert best.way.label == "sharp"
    assert fastest((never,)) is None


def test_the_page_the_data_and_the_table_say_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    rows = (
        *rows_of(ROUTE53, a_run(drill()), [OUTAGE]),
        *rows_of(
            OTHER,
            a_run(drill(Verdict.MISSED, bracket(20.1, 21.4), production_prediction=None, prediction=None)),
            [OUTAGE],
        ),
        Row(Way("third", "third", {}), OUTAGE, "", "it is not installed"),
    )
    found = Comparison(rows, "fast", 7)
    compare_page.write(found, tmp_path / "compare.html")
    compare_page.write_data(found, tmp_path / "compare.json")
    compare_view.show(found, console())
    page, printed = (tmp_path / "compare.html").read_text(), capsys.readouterr().out
    for text in ("9.20 – 9.80 s", "20.10 – 21.40 s", "nobody noticed", "it is not installed"):
        assert text in page
        assert text in " ".join(printed.split())
    assert "other &lt;&amp;&gt;" in page
    assert "<&>" not in page
    assert './embedded/20261129-080000-1/report.html#d1-region-lost-black-holed"' in page
    assert page.count('<rect class="') == 2 * 3 + 1  # two measured in three parts, one expected
    told = json.loads((tmp_path / "compare.json").read_text())
    assert [row["verdict"] for row in told["rows"]] == ["MET", "MISSED", ""]


def test_every_combination_of_what_is_asked_is_a_way() -> None:
    labels = [
        way.label for way in compare_variants.ways(["embedded"], {"ttl": (), "interval": (10, 30), "threshold": (1, 3)})
    ]
    assert labels == [
        f"embedded, interval {interval} s, threshold {threshold}" for interval in (10, 30) for threshold in (1, 3)
    ]
    assert [way.label for way in compare_variants.ways(["a", "b"], {"ttl": ()})] == ["a", "b"]


def test_an_environment_with_a_setting_of_ones_own_is_there_while_it_is_needed() -> None:
    (way,) = compare_variants.ways(["embedded"], {"interval": (30,), "threshold": (1,)})
    with compare_variants.file_of(way) as file:
        made = load_environment(file)
        assert (made.health_checks.request_interval_s, made.health_checks.failure_threshold) == (30, 1)
        assert made.subject is not None
        assert Path(made.subject).is_file()
    assert not file.exists()


def test_a_setting_that_the_service_fixes_is_refused_by_name() -> None:
    (way,) = compare_variants.ways(["embedded"], {"ttl": (30,)})
    with (
        pytest.raises(InputError, match=r"embedded\.yaml:\d+: .*edge\.ttl_s: Route 53 fixes"),
        compare_variants.file_of(way),
    ):
        pass


def test_what_is_compared_by_default_is_shipped() -> None:
    assert {"embedded", "digitalocean"} <= set(compare_view.shipped())
