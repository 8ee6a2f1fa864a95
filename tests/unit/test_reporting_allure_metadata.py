"""What Allure shows of a failure: words for people, and no frame that is not the user's."""

from __future__ import annotations

import re

from harness.outcome import Verdict
from harness.reporting import allure_metadata

TRACE = """fixturefunc = <function _recovered at 0x7f9d4b302980>

    def call_fixture_func(fixturefunc):
>           fixture_result = fixturefunc(**kwargs)

.venv/lib/python3.11/site-packages/_pytest/fixtures.py:1074:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
    @then("the status page is green")
    def green(drill):
>       page().check()

drills/conftest.py:12:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
harness/drill/facade.py:42: in call
    method(self)
harness/drill/loop.py:9: DrillMissed"""


def test_a_verdict_is_told_in_words_and_falls_into_its_category() -> None:
    message = "harness.errors.DrillMissed: clients were not served again within 20 s"
    assert allure_metadata.reached(message) is Verdict.MISSED
    told = allure_metadata.plain(message)
    assert told == "MISSED: clients were not served again within 20 s"
    assert re.fullmatch(str(allure_metadata.CATEGORIES[0]["messageRegex"]), told + "\nand more")


def test_an_aborted_drill_is_broken_and_has_a_category_of_its_own() -> None:
    message = "harness.errors.DrillAborted: 42 of 80 requests failed within 2.00 s"
    assert allure_metadata.reached(message) is Verdict.ABORTED
    told = allure_metadata.plain(message)
    fitting = [one for one in allure_metadata.CATEGORIES if re.fullmatch(str(one.get("messageRegex", "-")), told)]
    assert [one["name"] for one in fitting] == ["Drill aborted"]
    assert fitting[0]["matchedStatuses"] == ["broken"]


def test_what_is_no_verdict_stays_as_it_is() -> None:
    assert allure_metadata.reached("AssertionError: DrillMissed: x") is None
    assert allure_metadata.plain("AssertionError: no") == "AssertionError: no"


def test_only_the_frames_of_the_user_are_left_of_a_trace() -> None:
    shown = allure_metadata.without_internals(TRACE)
    assert "page().check()" in shown
    assert "site-packages" not in shown
    assert "harness/" not in shown


def test_a_trace_without_a_frame_of_the_user_is_left_out() -> None:
    assert allure_metadata.without_internals(TRACE.split("_ _ _")[0]) == ""
