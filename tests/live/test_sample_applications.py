"""Applications that speak otherwise than the reference are drilled end to end: a key, forms, ids made by the server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from command_line import drill

pytestmark = [pytest.mark.live, pytest.mark.timeout(620)]

SUBJECTS = Path(__file__).parents[1] / "subjects"
LOST = """Feature: Short
  Scenario: Lost
    Given the application runs in two regions
    And steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
"""
UNTOUCHED = """Feature: Short
  Scenario: Untouched
    Given the application runs in two regions
    And as a control, the fault is never applied, so the drill must be INVALID
    And steady state in the primary region
    When the primary region is lost, refused
    Then the control holds
"""
AND_NOTHING_ELSE = (
    LOST
    + """    And no more is lost than the recovery point objective allows
"""
)
MET, MISSED = 0, 1
_TIMEOUT_S = 300.0


def drilled(folder: Path, subject: str, feature: str) -> tuple[int, str, dict[str, Any]]:
    """Exit code, what was printed, and the evidence of the one drill."""
    (folder / "short.feature").write_text(feature)
    command = ("run", "short.feature", "--subject", str(SUBJECTS / subject), "--rerun-invalid", "1")
    code, output = drill(folder, *command, timeout_s=_TIMEOUT_S)
    found = sorted(folder.glob("reports/2*/run.json"))
    assert found, output
    (evidence,) = json.loads(found[-1].read_text())["drills"]
    return code, output, evidence


def recorded(folder: Path, evidence: dict[str, Any]) -> list[dict[str, Any]]:
    """The history of the one drill, in its last attempt."""
    path = folder / "reports" / "latest" / evidence["history"]
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_key_from_the_environment_is_sent_and_shown_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "kept-from-everybody-7b1f"
    monkeypatch.setenv("SHOP_API_KEY", secret)
    code, output, evidence = drilled(tmp_path, "guarded", UNTOUCHED)
    assert (code, evidence["verdict"]) == (MET, "MET"), output
    done = [(event["t"], event["f"]) for event in recorded(tmp_path, evidence) if event["t"] in ("ok", "fail")]
    assert done.count(("ok", "put")) > 20
    assert done.count(("ok", "get")) > 20
    assert secret not in output
    told = [path for path in tmp_path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert told == []


def test_ids_that_the_server_made_are_followed_through_tables_and_reads(tmp_path: Path) -> None:
    code, output, evidence = drilled(tmp_path, "created_ids", AND_NOTHING_ELSE)
    assert (code, evidence["verdict"]) == (MET, "MET"), output
    assert evidence["rpo"]["acknowledged"] > 50
    assert evidence["rpo"]["missing_high"] == 0
    created = [event for event in recorded(tmp_path, evidence) if event["t"] == "ok" and event["f"] == "put"]
    assert created
    assert all(re.fullmatch(r"[0-9a-f-]{36}", event["k"]) for event in created)


def test_without_replication_everything_is_lost_and_that_is_the_verdict(tmp_path: Path) -> None:
    code, output, evidence = drilled(tmp_path, "unreplicated", AND_NOTHING_ELSE)
    assert (code, evidence["verdict"]) == (MISSED, "MISSED"), output
    assert evidence["rto"] is not None
    assert evidence["rpo"]["missing_low"] > 50, "all but deletes, and what was written again on the other side"
