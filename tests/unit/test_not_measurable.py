"""What a world cannot do is left out with the reason: neither passed nor failed, and told wherever results are."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
from simulated_backend import SimulatedBackend, Story, plan
from test_reporting_sample import run as sample_run

from harness.drill.evidence import NotMeasured
from harness.drill.facade import Drill
from harness.errors import NotMeasurable
from harness.faults.catalogue import FAULTS
from harness.faults.needs import POISON_RECORDS, REFUSED_OPERATIONS, lacking
from harness.reporting import junit, report, run_json, run_json_reader, wording
from harness.reporting.summary import plain_text

REASON = "not measurable here: a shelf cannot be made to refuse some operations and serve the others"
LEFT = NotMeasured("writes-fail", "database_lost", "Writes fail", REASON, ("severity:critical",), "writes-fail")


def test_a_world_lacks_what_it_says_and_what_it_does_not_mention() -> None:
    assert lacking((), {}) is None
    assert lacking((REFUSED_OPERATIONS,), {REFUSED_OPERATIONS: True}) is None
    assert lacking((POISON_RECORDS, REFUSED_OPERATIONS), {POISON_RECORDS: True, REFUSED_OPERATIONS: REASON}) == REASON
    nobody = lacking((REFUSED_OPERATIONS,), {})
    assert nobody is not None
    assert nobody.startswith("not measurable here: no part of this world makes a database refuse")


def test_every_need_of_a_fault_has_words() -> None:
    for fault in FAULTS.values():
        for need in fault.needs:
            assert "offers" not in (lacking((need,), {}) or "offers"), need


def test_a_fault_that_the_world_cannot_do_breaks_nothing(tmp_path: Path) -> None:
    backend = SimulatedBackend(Story(lacks=((REFUSED_OPERATIONS, REASON),)))
    drill = Drill(backend, plan(), tmp_path)
    drill.reach_steady_state("us-east-1")
    with pytest.raises(NotMeasurable, match="a shelf cannot"):
        drill.inject("operations-refused", region="us-east-1")
    assert drill.record.case.faults == ()
    drill.abandon()


def test_what_was_left_out_is_in_every_report_and_keeps_its_reason(tmp_path: Path) -> None:
    run = replace(sample_run(), not_measured=(LEFT,))
    run_json.write(run, tmp_path / "run.json")
    assert run_json_reader.load(tmp_path / "run.json").not_measured == (LEFT,)
    assert run.verdict.value in wording.headline(run)
    assert "1 drill not measurable here" in wording.headline(run)
    text = plain_text(run, tmp_path, width=200)
    assert "- left out" in text
    assert REASON in text
    assert REASON in report.render(run, tmp_path)
    [suite] = ElementTree.fromstring(junit.render(run))
    assert suite.get("skipped") == "1"
    assert int(suite.get("tests", "0")) == len(run.drills) + 1
    [skipped] = suite.iter("skipped")
    assert skipped.get("message") == REASON


def test_a_run_of_which_nothing_can_be_measured_is_not_green(tmp_path: Path) -> None:
    run = replace(sample_run(), drills=(), not_measured=(LEFT,))
    assert REASON in report.render(run, tmp_path)
    assert REASON in plain_text(run, tmp_path, width=200)
