"""The slice of every log that belongs to one drill, and what the world says of its own readiness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, WEST, environment

from harness.history.events import Commit
from harness.live import drill_logs
from harness.live.drill_logs import DrillLogs
from harness.live.facts import checker_reasons, machine, replication_reasons
from harness.measurement.replication import RECENT_NS, ReplicationSeen


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "world" / "logs"
    folder.mkdir(parents=True)
    (folder / "gateway.log").write_text("of the drill before\n")
    (folder / "silent.log").write_text("of the drill before\n")
    return folder


def test_a_drill_gets_what_was_written_while_it_ran(source: Path, tmp_path: Path) -> None:
    drill = tmp_path / "run" / "gray-failure"
    drill.mkdir(parents=True)
    logs = DrillLogs(source, drill)
    with (source / "gateway.log").open("a") as log:
        log.write("of this drill\n")
    (source / "monitor.outside.log").write_text("born in this drill\n")
    assert logs.collect() == ["gray-failure/logs/gateway.log", "gray-failure/logs/monitor.outside.log"]
    assert (drill / "logs" / "gateway.log").read_text() == "of this drill\n"
    assert (drill / "logs" / "monitor.outside.log").read_text() == "born in this drill\n"


def test_of_a_log_that_floods_only_the_end_is_kept(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill_logs, "_COPY_MAX_BYTES", 10)
    logs = DrillLogs(source, tmp_path)
    (source / "flood.log").write_text("x" * 1000 + "the end")
    logs.collect()
    assert (tmp_path / "logs" / "flood.log").read_text() == "xxxthe end"


def status(*checks: tuple[str, int]) -> dict[str, Any]:
    return {"checks": [{"region": region, "has_data": data, "checkers": 16} for region, data in checks]}


def test_checkers_without_data_are_no_quorum() -> None:
    assert checker_reasons(status((EAST, 12), (WEST, 16)), environment()) == []
    assert checker_reasons(status((EAST, 11), (WEST, 16)), environment()) == [
        "11 of 16 checkers of us-east-1 have data"
    ]  # fmt: skip
    assert checker_reasons(status((EAST, 16)), environment()) == ["no health check of us-west-2 yet"]


def commit(region: str, value: str | None) -> Commit:
    return Commit(region, "items", "k", value, 1, 1)


def reasons(*commits: Commit) -> list[str]:
    seen = ReplicationSeen(environment().databases)
    seen.add(commits)
    return replication_reasons(seen)


def test_replication_works_once_both_regions_hold_the_same_value() -> None:
    not_yet = ["no write has been replicated lately"]
    assert reasons() == not_yet
    assert reasons(commit(EAST, "u1"), commit(WEST, "u2")) == not_yet
    assert reasons(commit(EAST, None), commit(WEST, None)) == not_yet
    assert reasons(commit(EAST, "u1"), commit(WEST, "u1")) == []


def test_replication_that_worked_a_while_ago_says_nothing_of_now() -> None:
    old = [commit(EAST, "u1"), commit(WEST, "u1")]
    assert reasons(*old, Commit(EAST, "items", "k", "u2", 2, RECENT_NS)) == []
    assert reasons(*old, Commit(EAST, "items", "k", "u2", 2, RECENT_NS + 2)) == reasons()


def test_without_commit_logs_replication_is_not_waited_for() -> None:
    assert replication_reasons(None) == []


def test_the_machine_is_described_in_words() -> None:
    assert set(machine()) == {"system", "cores", "memory"}
    assert all(machine().values())
