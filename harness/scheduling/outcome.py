"""How a run ended: what its run.json says, or what its exit code does where there is none.

Verdicts are taken as they are written: a newer `drill run` may know more of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.processes.interruption import EXIT_INTERRUPTED
from harness.regular_files import open_bytes
from harness.reporting.run_json_reader import LARGEST_FILE_BYTES
from harness.reporting.wording import one_line
from harness.scheduling.message import DrillSeen
from harness.scheduling.record import WHY_MAX

ERROR, INTERRUPTED, NOTHING_MEASURED = "ERROR", "INTERRUPTED", "NOT MEASURABLE"
OVERLAP = "OVERLAP"
_DRILLS_MAX = 1000


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended. verdict: of run.json, or one of the words above. folder: of the evidence, where there is any."""

    verdict: str
    exit_code: int
    why: str = ""
    folder: Path | None = None
    drills: tuple[DrillSeen, ...] = ()

    @property
    def run_id(self) -> str | None:
        """The name of its evidence."""
        return None if self.folder is None else self.folder.name


def outcome_of(exit_code: int, folder: Path | None, printed: str, stopped: str = "") -> RunOutcome:
    """What came of a run. folder: of its evidence. printed: its last lines. stopped: why we ended it, where we did."""
    body = None if folder is None else _body(folder / "run.json")
    evidence = folder if body is not None else None
    drills = () if body is None else _drills(body)
    if stopped:
        return RunOutcome(ERROR, exit_code, stopped, evidence, drills)
    if exit_code == EXIT_INTERRUPTED:
        return RunOutcome(INTERRUPTED, exit_code, "it was interrupted", evidence, drills)
    if exit_code not in (0, 1, 2) or body is None:
        why = one_line(printed, WHY_MAX) or f"drill run ended with {exit_code}, and without evidence"
        return RunOutcome(ERROR, exit_code, why, evidence, drills)
    if not drills and body.get("not_measured"):
        left = body["not_measured"][0] if isinstance(body["not_measured"], list) else {}
        return RunOutcome(NOTHING_MEASURED, exit_code, _text(left, "reason", WHY_MAX), evidence, ())
    verdict = _text(body, "verdict", 40) or ERROR
    why = next((drill.why for drill in drills if drill.verdict == verdict and drill.why), "")
    return RunOutcome(verdict, exit_code, why, evidence, drills)


def _body(path: Path) -> dict[str, Any] | None:
    try:
        with open_bytes(path) as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
        found = json.loads(data) if len(data) <= LARGEST_FILE_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _drills(body: dict[str, Any]) -> tuple[DrillSeen, ...]:
    listed = body.get("drills")
    found = listed[:_DRILLS_MAX] if isinstance(listed, list) else []
    return tuple(
        DrillSeen(_text(drill, "name", 100), _text(drill, "verdict", 40), _reason(drill))
        for drill in found
        if isinstance(drill, dict)
    )


def _reason(drill: dict[str, Any]) -> str:
    reasons = drill.get("reasons")
    first = reasons[0] if isinstance(reasons, list) and reasons and isinstance(reasons[0], str) else ""
    return one_line(first, WHY_MAX)


def _text(body: Any, key: str, limit: int) -> str:
    found = body.get(key) if isinstance(body, dict) else None
    return one_line(found, limit) if isinstance(found, str) else ""
