"""What became of a business, as reports say it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import test_reporting_sample as sample

from harness.reporting import business, report, run_json, summary

FOUND = {
    "changes": 188, "things": 120, "lost": 2, "undone": 1, "repeated": 3, "put_back": 0, "messages": 199,
    "attempts": 353, "given_up": 4, "forged": 21, "forged_taken": 0, "distrusted": 0,
    "known_after_s": {"p50": 0.37, "p99": 3.61, "max": 9.2}, "told": "8 times within 4 h; in this profile within 60 s",
    "untold": "",
}  # fmt: skip


def test_its_numbers_stand_in_the_terminal_the_report_and_the_evidence(tmp_path: Path) -> None:
    found = replace(sample.drill(), measured={"business": FOUND})
    run = sample.write_folder(tmp_path, found)
    for words in ("188 changes, 2 not known in the end", "3 done more than once", "3.61 s (99 of 100)", "4 given up"):
        assert words in business.line(found)
        assert words in summary.plain_text(run, tmp_path, width=400)
    page = report.render(run, tmp_path)
    assert "The business that went on elsewhere" in page
    assert "in this profile within 60 s" in page
    assert "not told in the end" not in page
    assert run_json.problems_of(found) == []
    assert run_json.drill_dict(found)["measured"]["business"] == FOUND


def test_what_nobody_counts_is_left_out(tmp_path: Path) -> None:
    told = business.rows({**FOUND, "repeated": None, "known_after_s": {}})
    assert "things done more than once" not in told
    assert not any(name.startswith("known after") for name in told)
    assert business.line(sample.drill()) == ""
