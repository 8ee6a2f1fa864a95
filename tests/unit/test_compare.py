"""The same outage under several ways to lead clients: rows, the page, and environments with a setting of one's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_reporting_sample import run as sample_run

from harness.cli import compare_variants, compare_view
from harness.cli.compare_variants import Known
from harness.drill.compared import DECIDE, DETECT, PROPAGATE, Comparison, Row, Way, fastest, gathered, rows_of
from harness.drill.evidence import DrillResult, PredictionResult, RunResult
from harness.errors import InputError
from harness.outcome import Bracket, Verdict, merge_run
from harness.reporting import compare_page, compare_svg
from harness.reporting.compare_words import in_production, settings, soonest
from harness.reporting.terminal import console
from harness.topology.environment import Environment
from harness.topology.load import load_environment
from harness.topology.shipped import find_environment
from harness.topology.timing import Profile, Timing
from harness.world.steering import law_of

S = 1_000_000_000
OUTAGE = "region-lost-black-holed"
ROUTE53 = Way("embedded", "embedded", folder="embedded", settings={"interval": "10 s", "threshold": "3"})
OTHER = Way("other <&>", "other", lacking={"threshold": "it has none"}, folder="other")
PRODUCTION = Timing(Profile.PRODUCTION)


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
    worst = merge_run(drill.verdict for drill in drills)
    return replace(sample_run(), run_id="20261129-080000-1", drills=drills, verdict=worst)


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
    assert Comparison((proves_nothing,), "fast").verdict is Verdict.INVALID


def test_a_part_whose_end_nobody_saw_has_no_figure_and_its_time_is_in_the_next_one() -> None:
    assert gathered({"detect": None, "decide": 4 * S, "api": S, "dns_ttl": 2 * S}) == {DECIDE: 5 * S, PROPAGATE: 2 * S}


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (("MET", "MET"), Verdict.MET),
        (("MET", ""), Verdict.INVALID),
        (("UNKNOWN", "INVALID"), Verdict.UNKNOWN),
        (("MISSED", "INVALID", ""), Verdict.MISSED),
    ],
)
def test_a_comparison_is_as_good_as_its_worst_row_and_what_was_not_run_proves_nothing(
    verdicts: tuple[str, ...], worst: Verdict
) -> None:
    assert Comparison(tuple(Row(ROUTE53, OUTAGE, verdict) for verdict in verdicts), "fast").verdict is worst


def test_the_soonest_is_the_one_that_ends_first_at_the_latest_and_brackets_that_overlap_are_not_told_apart() -> None:
    sharp, early, late, never = (
        Row(Way(name, name), OUTAGE, "MET", recovery=one)
        for name, one in (
            ("sharp", bracket(9.2, 9.4)), ("early", bracket(8, 9.5)), ("late", bracket(9.45, 10)),
            ("never", bracket(1, None)),
        )
    )  # fmt: skip
    assert [row.way.label for row in fastest((never, late, early, sharp))] == ["sharp", "early"]
    assert soonest((never, late, early, sharp)) == "sharp, 9.20 – 9.40 s; not to be told from it: early"
    assert soonest((late, never)) == "late, 9.45 – 10.00 s"
    assert soonest((sharp,)) == soonest((never, never)) == soonest((sharp, Row(OTHER, OUTAGE, ""))) == ""


def test_the_soonest_in_production_is_by_the_constants_and_needs_two_of_which_some_are_documented() -> None:
    slow, quick, untold = (
        Row(Way(name, name), OUTAGE, "MET", expected=expected)
        for name, expected in (
            ("slow", Bracket(75 * S, 129 * S, 108 * S)), ("quick", Bracket(14 * S, 150 * S, 45 * S)), ("untold", None),
        )
    )  # fmt: skip
    assert in_production((slow, untold, quick)) == "quick, typically 45 s (14 – 150 s)"
    assert in_production((slow, untold)) == ""


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("embedded", "interval 10 s, threshold 3"),
        ("route53-routing-controls", "interval 5 s, threshold 3"),
        ("digitalocean", "ttl 60 s, interval 5 s, threshold 3"),
        ("cloudflare", "ttl 30 s, interval 60 s, threshold 0"),
        ("cloudflare-proxied", "interval 60 s, threshold 0"),
        ("akamai", "ttl 60 s, interval 10 s"),
    ],
)
def test_each_way_says_with_what_it_is_run(name: str, says: str) -> None:
    path = find_environment(name)
    ((way, _),) = compare_variants.ways([Known(name, path, load_environment(path))], {})
    assert settings(way) == says


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
        Row(Way("third", "third"), OUTAGE, "", "it is not installed"),
    )
    found = Comparison(rows, "fast", 7)
    compare_page.write(found, tmp_path / "compare.html")
    compare_page.write_data(found, tmp_path / "compare.json")
    compare_view.show(found, console())
    page, printed = (tmp_path / "compare.html").read_text(), capsys.readouterr().out
    told = ("9.20 – 9.80", "20.10 – 21.40", "75 – 129", "30 – 48", "nobody noticed", "it is not installed")
    assert "expected soonest" not in printed  # of one alone
    for text in (*told, "interval 10 s, threshold 3", "threshold: not applicable to other: it has none"):
        assert text in page
        assert text in " ".join(printed.split())
    assert "other &lt;&amp;&gt;" in page
    assert "<&>" not in page
    assert './embedded/20261129-080000-1/report.html#d1-region-lost-black-holed"' in page
    assert page.count('height="22"') == 2 * 3 + 1  # two measured in three parts, one expected
    told = json.loads((tmp_path / "compare.json").read_text())
    assert [row["verdict"] for row in told["rows"]] == ["MET", "MISSED", ""]


def test_what_never_recovered_and_what_proves_nothing_say_so_in_the_picture() -> None:
    rows = (
        Row(ROUTE53, OUTAGE, "MISSED", recovery=bracket(30, None), phases_ns={DETECT: 5 * S}),
        Row(OTHER, OUTAGE, "INVALID"),
    )
    drawn = compare_svg.draw(rows, "fast")
    assert "not recovered after 30.0 s" in drawn
    assert "INVALID: proves nothing" in drawn


def known(*words: str) -> list[Known]:
    problems: list[object] = []
    found = compare_variants.known(words, problems)  # type: ignore[arg-type]
    assert not problems
    return found


def labels(words: tuple[str, ...], **asked: tuple[float, ...]) -> list[str]:
    return [way.label for way, _ in compare_variants.ways(known(*words), asked)]


def test_every_combination_of_what_is_asked_is_a_way() -> None:
    assert labels(("embedded",), interval=(10, 30), threshold=(1, 3, 3)) == [
        f"embedded, interval {interval} s, threshold {threshold}" for interval in (10, 30) for threshold in (1, 3)
    ]
    assert labels(("embedded", "akamai", "embedded", "environments/akamai.yaml")) == ["embedded", "akamai"]


def test_what_a_way_does_not_have_is_left_as_it_is_and_said() -> None:
    assert labels(("akamai", "embedded"), ttl=(30, 90), threshold=(1, 2)) == [
        "akamai, ttl 30 s, threshold n/a", "akamai, ttl 90 s, threshold n/a",
        "embedded, ttl n/a, threshold 1", "embedded, ttl n/a, threshold 2",
    ]  # fmt: skip


def test_runs_of_files_are_kept_in_the_folder_of_all_whatever_their_paths_are(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        text = Path("environments/embedded.yaml").read_text().replace("../reference", str(Path("reference").absolute()))
        (tmp_path / folder / "mine.yaml").write_text(text)
    paths = (str(tmp_path / "a" / "mine.yaml"), str(tmp_path / "b" / "mine.yaml"))
    found = [way for way, _ in compare_variants.ways(known(*paths), {})]
    assert [way.label for way in found] == list(paths)
    assert len({way.folder for way in found}) == 2
    assert not any("/" in way.folder for way in found)
    assert labels(paths[:1]) == ["mine"]


LACKS = {
    "embedded": ("ttl",), "route53-weighted": ("ttl",), "route53-latency": ("ttl",),
    "route53-routing-controls": ("ttl",), "digitalocean": (), "cloudflare": (), "cloudflare-proxied": ("ttl",),
    "akamai": ("threshold",),
}  # fmt: skip


def expected_s(environment: Environment) -> float:
    """How long it takes at most, by the law, until a silent loss is noticed and answers have run out."""
    law = law_of(environment, PRODUCTION)
    return (law.detect_ns("silence", typical=False) + law.ttl_ns) / S


@pytest.mark.parametrize("name", compare_view.SHIPPED)
def test_every_way_takes_what_is_asked_for_by_its_own_keys_and_its_law_follows(name: str, tmp_path: Path) -> None:
    (one,) = known(name)
    before = expected_s(one.environment)
    for word, value in (("ttl", 90), ("interval", 30), ("threshold", 4)):
        ((way, _),) = compare_variants.ways([one], {word: (value,)})
        if word in LACKS[name]:
            assert way.changed == {}
            assert way.lacking[word]
            assert compare_variants.file_of(way, one, tmp_path) == one.path
            continue
        made = load_environment(compare_variants.file_of(way, one, tmp_path / word))
        assert made.subject is not None
        assert Path(made.subject).is_file()
        assert expected_s(made) != before, word


def test_a_value_that_a_service_does_not_take_is_refused_in_its_words(tmp_path: Path) -> None:
    (one,) = known("embedded")
    ((way, _),) = compare_variants.ways([one], {"interval": (20,)})
    with pytest.raises(InputError, match=r"^health_checks\.request_interval_s: must be one of: 10 or 30 \(got 20\)$"):
        compare_variants.file_of(way, one, tmp_path)


def test_what_is_compared_by_default_is_shipped() -> None:
    assert compare_view.shipped() == list(compare_view.SHIPPED)
