"""Deletes that did not stay: in the final data, and in each side's commit order."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checkers.anomalies.order import Replaced
from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import CheckResult, Finding
from harness.history.codes import DELETE
from harness.measurement.superseding import LOST, effects
from harness.outcome import Verdict

_NAME = "deletes"


def deletes(scene: Scene, replaced: Sequence[Replaced]) -> CheckResult | None:
    """Did what was deleted stay so, unless it may have been written again afterwards?"""
    columns = scene.columns
    rows = scene.kept[columns.f[scene.kept] == DELETE]
    if not len(rows):
        return None
    serving = scene.serving
    findings: list[Finding] = []
    lasting = [one for one in replaced if one.deleted and one.lasts]
    undone: set[int] = set()
    for side, state in scene.final.items():
        back = rows[effects(columns, scene.deletes, state, rows) == LOST]
        if len(back) and (side == serving or serving is None):
            delete = int(back[0])
            above = int(columns.local(state.values[columns.key[back[:1]]])[0])
            text = (
                f"{several(len(back), 'acknowledged delete', 'acknowledged deletes')} undone, or never applied, on "
                f"{side} in the end: {scene.told(delete)}, and it holds {scene.told(above)} still"
            )
            findings.append(Finding("A4", text, "serious", int(columns.sent_ns[delete])))
            undone.update(int(row) for row in back)
    for side in dict.fromkeys(one.side for one in lasting):
        here = [one for one in lasting if one.side == side and one.newer not in undone]
        if here:
            one = here[0]
            older = "" if one.older is None else f", was undone at {scene.s(one.at_ns)} by {scene.told(one.older)}"
            text = f"{several(len(here), 'deleted item', 'deleted items')} came back on {side}: "
            findings.append(Finding("A4", f"{text}{scene.told(one.newer)}{older}", "serious", one.at_ns))
    judged = several(len(rows), "acknowledged delete", "acknowledged deletes")
    if findings and not scene.promise.deletes_final:
        allowed = tuple(Finding(f.id, f.text, "info", f.at_ns) for f in findings)
        return CheckResult(_NAME, Verdict.MET, f"{judged}, which the design may undo", allowed)
    if findings:
        return CheckResult(_NAME, Verdict.MISSED, "; ".join(f.text for f in findings), tuple(findings))
    if not scene.final:
        return CheckResult(_NAME, Verdict.UNKNOWN, "the data was not read after everything had gone quiet")
    return CheckResult(_NAME, Verdict.MET, f"{judged}, none undone")
