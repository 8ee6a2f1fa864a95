"""junit.xml for build servers: one test case per drill. MISSED is a failure; UNKNOWN, INVALID and ABORTED are errors.

What the environment cannot measure is skipped, with the reason.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from harness.drill.evidence import DrillResult, RunResult
from harness.outcome import Verdict
from harness.reporting import wording
from harness.reporting.objectives import rows

_TAG = {Verdict.MISSED: "failure", **dict.fromkeys((Verdict.UNKNOWN, Verdict.INVALID, Verdict.ABORTED), "error")}


def write(run: RunResult, path: Path) -> None:
    """Write the file; always well-formed, whatever the evidence's texts hold."""
    path.write_bytes(render(run))


def render(run: RunResult) -> bytes:
    """The document, UTF-8."""
    root = Element("testsuites", name="drill")
    suite = SubElement(root, "testsuite", name=_text(f"drill {run.environment} {run.profile}"))
    counts = {
        "tests": len(run.drills) + len(run.not_measured),
        "failures": sum(_TAG.get(drill.verdict) == "failure" for drill in run.drills),
        "errors": sum(_TAG.get(drill.verdict) == "error" for drill in run.drills),
    }
    for element in (root, suite):
        for name, count in counts.items():
            element.set(name, str(count))
        element.set("time", f"{sum(drill.duration_s for drill in run.drills):.3f}")
    suite.set("skipped", str(len(run.not_measured)))
    suite.set("timestamp", run.started_at.isoformat(timespec="seconds"))
    _properties(suite, {"run_id": run.run_id, "subject": run.subject, "seed": str(run.seed), **run.versions})
    for drill in run.drills:
        _case(suite, drill)
    for left in run.not_measured:
        case = SubElement(suite, "testcase", name=_text(left.name), classname=_text(left.feature), time="0.000")
        SubElement(case, "skipped", message=_text(wording.one_line(left.reason, 1000)))
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _case(suite: Element, drill: DrillResult) -> None:
    case = SubElement(suite, "testcase", name=_text(drill.name), classname=_text(drill.feature))
    case.set("time", f"{drill.duration_s:.3f}")
    _properties(case, _measured(drill))
    tag = _TAG.get(drill.verdict)
    if tag is not None:
        message = "; ".join(drill.reasons) or wording.VERDICT_MEANS[drill.verdict]
        problem = SubElement(case, tag, type=drill.verdict.value, message=_text(wording.one_line(message, 1000)))
        problem.text = _text("\n".join([*drill.reasons, *(f"{row.name}: {row.text}" for row in rows(drill))]))
    SubElement(case, "system-out").text = _text(
        "\n".join(filter(None, (wording.headline(drill), drill.scenario, wording.attempts(drill), wording.why(drill))))
    )


def _measured(drill: DrillResult) -> dict[str, str]:
    values: dict[str, object] = {
        "verdict": drill.verdict,
        "headline": wording.headline(drill),
        "warnings": drill.warnings,
        "rto": wording.bracket(drill.rto),
        "rpo": wording.loss(drill),
        "rto_episode": wording.recovery_episode(drill) or None,
        "rpo_episode": wording.loss_episode(drill) or None,
        "predicted_s": drill.prediction_s,
        "predicted": None if drill.prediction is None else wording.predicted(drill),
        "predicted_for_production": wording.predicted_for_production(drill) or None,
        "planned_interruption": None
        if drill.planned_interruption is None
        else wording.interruption(drill.planned_interruption),
        "control": drill.control,
        "history": drill.history,
        "history_sha256": drill.history_sha256,
        "attempts": len(drill.attempts) + 1 if drill.attempts else None,
        "earlier_attempts": wording.attempts(drill) or None,
    }
    if drill.rto is not None:
        values |= {f"rto_{name}": value for name, value in drill.rto.as_evidence().items()}
    if drill.rpo is not None:
        values |= {"rpo_missing_low": drill.rpo.missing_low, "rpo_missing_high": drill.rpo.missing_high}
        values |= {"rpo_unbounded": "true"} if drill.rpo.unbounded else {}
    return {name: str(value) for name, value in values.items() if value is not None}


def _properties(parent: Element, values: dict[str, str]) -> None:
    holder = SubElement(parent, "properties")
    for name, value in values.items():
        SubElement(holder, "property", name=_text(name), value=_text(value))


def _text(value: str) -> str:
    """Text that XML 1.0 can hold (section 2.2, Char); escaping is ElementTree's work."""
    return wording.clean(value)
