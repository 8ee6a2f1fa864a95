"""Whether a theme that a bad deployment broke was restored: what is not as it was, and for how long shoppers saw it."""

from __future__ import annotations

from harness.checkers.result import CheckResult, Finding, some
from harness.drill.case import CaseFault, Requirement
from harness.drill.case_recovery import CaseArchive
from harness.drill.measures import Measures
from harness.faults.shop_trouble import THEME_BROKEN, ShopTrouble
from harness.outcome import Bracket, Verdict
from harness.spelling import bracket, seconds

NAME = "theme-restored"


def theme_restored(requirement: Requirement, measures: Measures) -> CheckResult:
    """MISSED with the files that are not as they were, and why; or with the time that it took."""
    archive = measures.case.archive
    broken = [
        fault
        for fault in measures.case.faults
        if fault.kind == ShopTrouble.kind and fault.mode == THEME_BROKEN and fault.applied
    ]
    if archive is None or archive.still is None or not broken:
        return CheckResult(NAME, Verdict.UNKNOWN, "no theme was broken, or nobody looked at it in the end")
    if archive.still:
        return _missed(archive)
    gone = _gone_for(broken[-1], archive)
    if gone is None:
        return CheckResult(NAME, Verdict.UNKNOWN, "the theme is as it was, and nobody saw that it had been another one")
    text = f"all {archive.theme_files} files are as they were backed up; shoppers had another theme for {bracket(gone)}"
    if requirement.from_ns is None or requirement.until_ns is None:
        return CheckResult(NAME, Verdict.MET, text)
    allowed_ns = requirement.until_ns - requirement.from_ns
    return CheckResult(NAME, gone.judge(allowed_ns), f"{text}; {seconds(allowed_ns)} were allowed")


def _missed(archive: CaseArchive) -> CheckResult:
    still = archive.still or ()
    why = "nobody restored the theme"
    if archive.said:
        why = f"the theme was not restored ({archive.said})"
    elif archive.asked_ns is not None:
        why = "the theme was restored, and to another state"
    many = "1 file is" if len(still) == 1 else f"{len(still)} files are"
    text = f"{why}: {many} not as {'it was' if len(still) == 1 else 'they were'} backed up: {some(still, limit=3)}"
    return CheckResult(NAME, Verdict.MISSED, text, (Finding("theme", text, "serious"),))


def _gone_for(fault: CaseFault, archive: CaseArchive) -> Bracket | None:
    """From the bad deployment until the theme was right again."""
    if archive.wrong_ns is None or archive.right_ns is None:
        return None
    begun = fault.interval
    return Bracket(max(0, archive.wrong_ns - begun.start_high_ns), archive.right_ns - begun.start_low_ns)
