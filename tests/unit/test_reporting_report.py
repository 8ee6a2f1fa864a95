"""report.html: self-contained, escaped, complete, and honest about what is missing."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from test_reporting_sample import drill, run, write_folder

from harness.drill.evidence import FaultResult, Finding, ObjectiveResult, Outage, RpoResult
from harness.outcome import Bracket, Verdict
from harness.reporting import filing, pages, report, sources

VOID = {"meta", "link", "br", "img", "hr", "input"}
EVIL = "<script>alert('x')</script>\"'&\x1b[31m\x00"


class _Page(HTMLParser):
    """Tags, attributes and ids of a page; checks that every element that opens also closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_verdict_and_its_reason_come_first(tmp_path: Path) -> None:
    text = _Page(report.render(write_folder(tmp_path), tmp_path)).text
    start = text.index("Disaster-recovery drill report")
    assert text[start:].startswith(
        "Disaster-recovery drill report ✓ MET, 2 warnings Every objective was met. "
        "66 % of the recovery time is the DNS TTL."
    )


def test_the_page_is_well_formed_and_asks_nobody_for_anything(tmp_path: Path) -> None:
    html = report.render(write_folder(tmp_path, drill(), drill("region-lost-refused")), tmp_path)
    page = _Page(html)
    assert page.open == []
    assert "script" not in page.tags
    targets = [value for name, value in page.attributes if name in {"src", "href", "xlink:href", "action", "data"}]
    assert all(target.startswith(("#", "./", "data:,")) for target in targets)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_no_two_elements_share_an_id_when_drills_share_a_name(tmp_path: Path) -> None:
    page = _Page(report.render(write_folder(tmp_path, drill(), drill()), tmp_path))
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    anchors = [value[1:] for name, value in page.attributes if name in {"href", "xlink:href"} and value[:1] == "#"]
    assert set(anchors) <= set(ids)


def test_markup_in_any_text_of_the_evidence_stays_text(tmp_path: Path) -> None:
    evil = replace(
        drill(),
        feature=EVIL,
        scenario=EVIL,
        why=EVIL,
        control=EVIL,
        reasons=(EVIL,),
        results=(ObjectiveResult(EVIL, Verdict.MET, EVIL),),
        faults=(FaultResult(EVIL, EVIL, EVIL, 1, None, False, EVIL),),
        rto_by_cohort={EVIL: None},
        availability={EVIL: 1.0},
        phases_ns={EVIL: 10**9},
        rpo=RpoResult(3, 1, 1, 0.1, missing_ids=(EVIL,)),
        failback={EVIL: EVIL},
        findings=(Finding(EVIL, EVIL, EVIL),),
        witness={EVIL: 0.1},
        settings={EVIL: EVIL},
    )
    folder_run = write_folder(tmp_path, evil)
    for log in evil.logs:
        (tmp_path / log).write_text(EVIL)
    hostile = replace(
        folder_run, run_id=EVIL, subject=EVIL, environment=EVIL, versions={EVIL: EVIL}, machine={EVIL: EVIL}
    )
    hostile = replace(hostile, capabilities={EVIL: EVIL})
    html = report.render(hostile, tmp_path)
    assert "<script" not in html
    assert not {"\x1b", "\x00"} & set(html)
    page = _Page(html)
    assert page.open == []
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count("<script>alert('x')") >= 25


def test_printed_phases_add_up_and_stand_beside_the_prediction(tmp_path: Path) -> None:
    text = _Page(report.render(write_folder(tmp_path), tmp_path)).text
    assert "Total measured (best estimate) 8.14 Predicted 9.20" in text
    block = text[text.index("Phase Seconds") : text.index("Total measured")]
    assert sum(round(float(figure) * 100) for figure in re.findall(r"\d+\.\d\d", block)) == 814


def test_a_long_list_of_lost_items_is_cut_with_its_count_and_where_the_rest_is(tmp_path: Path) -> None:
    lost = replace(drill(), rpo=RpoResult(900, 500, 500, 4.2, missing_ids=tuple(f"u{n}" for n in range(500))))
    html = report.render(write_folder(tmp_path, lost), tmp_path)
    assert html.count("<li>u") == pages.LOST_ITEMS_SHOWN
    assert "440 more are listed in" in html


def test_only_the_end_of_a_long_log_is_embedded(tmp_path: Path) -> None:
    done = write_folder(tmp_path)
    (tmp_path / done.drills[0].logs[0]).write_text("".join(f"line {n}\n" for n in range(50_000)))
    html = report.render(done, tmp_path)
    assert "line 49999" in html
    assert "line 49700\n" not in html
    assert len(html) < 400_000


def test_a_log_named_relative_to_its_drill_is_found(tmp_path: Path) -> None:
    done = write_folder(tmp_path)
    tail = sources.read_log(tmp_path, done.drills[0], "logs/monitor.us-west-2.log")
    assert "does not answer" in tail.text
    assert tail.path == done.drills[0].logs[1]


@pytest.mark.parametrize(
    ("damage", "text"),
    [("missing", "cannot be read"), ("torn", "not a history event"), ("altered", "its hash differs")],
)
def test_a_history_that_cannot_be_trusted_is_named_and_not_fatal(tmp_path: Path, damage: str, text: str) -> None:
    done = write_folder(tmp_path)
    path = tmp_path / done.drills[0].history
    if damage == "missing":
        path.unlink()
    else:
        path.write_text(
            path.read_text() + ('{"t":"?"}\n' if damage == "torn" else '{"t":"mark","f":"x","mono_ns":9}\n')
        )
    assert text in report.render(done, tmp_path)


def test_nothing_outside_the_run_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("top secret")
    folder = tmp_path / "run"
    done = write_folder(folder)
    nosy = replace(done.drills[0], logs=("../secret",), history="../secret")
    html = report.render(replace(done, drills=(nosy,)), folder)
    assert "top secret" not in html
    assert "leaves the run" in html


def test_a_drill_that_measured_nothing_says_so_instead_of_zero(tmp_path: Path) -> None:
    empty = replace(
        drill(verdict=Verdict.INVALID), rto=None, rpo=None, phases_ns={}, prediction_s=None, faults=(), rto_by_cohort={}
    )
    done = replace(write_folder(tmp_path, empty), verdict=Verdict.INVALID)
    text = _Page(report.render(done, tmp_path)).text
    assert "Recovery time (RTO) not measured" in text
    assert "Lost writes (RPO) not measured" in text
    assert "No fault was injected." in text


def test_what_cannot_be_measured_here_is_said_with_the_reason(tmp_path: Path) -> None:
    text = _Page(report.render(write_folder(tmp_path), tmp_path)).text
    assert "connect time outs not measurable here: Toxiproxy accepts before it goes silent" in text


def test_several_drills_get_an_overview_with_links(tmp_path: Path) -> None:
    late = replace(drill("region-lost-refused", Verdict.MISSED), rto=Bracket(12_100_000_000, None))
    html = report.render(write_folder(tmp_path, drill(), late), tmp_path)
    assert '<a href="#d2-region-lost-refused">' in html
    assert "over 12.10 s, not recovered" in html


def test_the_command_that_repeats_a_drill_is_safe_to_paste(tmp_path: Path) -> None:
    odd = replace(drill("a; rm -rf b"), settings={"fault.mode": "$(id)"})
    assert report.reproduce(run(), odd) == (
        "drill run 'a; rm -rf b' --environment embedded --subject reference/subject.yaml --profile fast --seed 42 "
        "--set 'fault.mode=$(id)'"
    )


def test_a_drill_of_somebodys_own_is_repeated_with_the_paths_that_were_typed() -> None:
    mine = replace(drill("our-shop"), typed="our shop.feature::our-shop", settings={"objective.rto_s": "30"})
    typed = {"environment": "envs/mine.yaml", "subject": "../shop/subject.yaml", "trials": "3"}
    assert report.reproduce(replace(run(), environment="mine", subject="shop", typed=typed), mine) == (
        "drill run 'our shop.feature::our-shop' --environment envs/mine.yaml --subject ../shop/subject.yaml "
        "--profile fast --seed 42 --trials 3 --set objective.rto_s=30"
    )


def test_a_drill_on_the_environments_own_subject_is_repeated_without_naming_one() -> None:
    assert report.reproduce(replace(run(), typed={"environment": "embedded"}), drill("gray-failure")) == (
        "drill run gray-failure --environment embedded --profile fast --seed 42 --set workload.rate_per_s=50"
    )


def test_filing_a_run_leaves_every_artifact(tmp_path: Path) -> None:
    done = write_folder(tmp_path)
    filing.file_drill(done.drills[0], tmp_path)
    assert filing.file_run(done, tmp_path) == tmp_path / "report.html"
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"run.json", "report.html", "junit.xml", "region-lost-black-holed/timeline.svg"} <= names


def test_findings_stand_above_the_timeline_and_are_linked_to_their_moment(tmp_path: Path) -> None:
    found = Finding("x", "both sides acknowledged writes", "serious", 5_012_300_000_000)
    html = report.render(write_folder(tmp_path, replace(drill(), findings=(found,))), tmp_path)
    page = _Page(html)
    assert page.text.index("both sides acknowledged writes") < page.text.index("Timeline")
    assert ("href", "#d1-moment-1") in page.attributes
    assert ("id", "d1-moment-1") in page.attributes
    assert "1: at 2.3 s" in page.text


def test_no_short_name_of_the_evidence_is_left_for_people_to_guess(tmp_path: Path) -> None:
    named = replace(
        drill(),
        results=(ObjectiveResult("vacuity", Verdict.MET, "the fault was there"),),
        places={"127.0.1.10": "nyc3", "127.0.2.10": "sfo3"},
        phases_ns={"detect": 10**9, "dns_ttl": 10**9},
        rto_by_cohort={"dns": drill().rto, "pinned-a": None, "pinned-b/writes": None},
    )
    text = _Page(report.render(write_folder(tmp_path, named), tmp_path)).text
    shown = text[: text.index("Run it again")]
    for word in ("vacuity", "dns_ttl", "pinned-a", "127.0.1.10"):
        assert word not in shown
    assert "the faults were real" in shown
    assert "are tied to nyc3" in shown
    assert "Words used here" in text


def test_a_control_says_that_it_held(tmp_path: Path) -> None:
    control = replace(drill(), control="MISSED", reasons=("the control holds",))
    text = _Page(report.render(write_folder(tmp_path, control), tmp_path)).text
    assert "✓ HELD" in text


def test_an_outage_that_had_not_ended_says_so(tmp_path: Path) -> None:
    lasting = replace(drill(), outages=(Outage("dns", Bracket(9 * 10**9, None), 5_012_000_000_000, None),))
    text = _Page(report.render(write_folder(tmp_path, lasting), tmp_path)).text
    assert "follow DNS 2.0 s over 9.00 s, not over at the end" in text


@pytest.mark.parametrize(
    ("took", "shown"),
    [
        (Bracket(3_204_000_000, 3_501_000_000), "3.20 – 3.51 s"),
        ({"low_s": 3.204, "high_s": 3.501, "point_s": None}, "3.20 – 3.51 s"),
        (Bracket(3_204_000_000, None), "over 3.20 s, not ended"),
        ({"low_s": 3.204, "high_s": None}, "over 3.20 s, not ended"),
        ({"low_s": "soon", "high_s": None}, "soon"),
    ],
)
def test_how_long_a_failback_took_is_spelt_as_everything_else_filed_or_not(
    tmp_path: Path, took: object, shown: str
) -> None:
    page = report.render(write_folder(tmp_path, replace(drill(), failback={"returned": True, "took": took})), tmp_path)
    assert shown in page


def test_what_was_measured_beside_the_promises_stands_on_the_page(tmp_path: Path) -> None:
    both = {"from_ns": 1, "until_ns": 2, "writes": {"us-east-1": 7, "us-west-2": 5}, "conflicts": 4, "losers": 3,
            "undecided": 1, "lost": 0, "resurrected": None, "duplicated": 0}  # fmt: skip
    measured = {"both_sides": [both], "gray": {"us-east-1": {"total_s": 12.5, "longest_s": 9.25}}}
    page = report.render(write_folder(tmp_path, replace(drill(), measured=measured)), tmp_path)
    for words in (
        "Both sides took writes", "acknowledged by us-west-2", "items that several sides wrote", "deletes undone",
        "not measured", "Unserved, and called healthy", "12.50 s", "9.25 s",
    ):  # fmt: skip
        assert words in page, words
    plain = report.render(write_folder(tmp_path / "plain", drill()), tmp_path / "plain")
    assert "Both sides took writes" not in plain
    assert "called healthy" not in plain
