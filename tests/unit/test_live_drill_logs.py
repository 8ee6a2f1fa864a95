"""The slice of every log that belongs to one drill, and what the world says of its own readiness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, WEST, environment

from harness.history.events import Commit
from harness.live import drill_logs
from harness.live.drill_logs import DrillLogs
from harness.live.facts import machine
from harness.live.replication import ReplicationWatch
from harness.parts.steering.route53.readiness import quorum_reasons
from harness.units import to_ns
from harness.wire.placeholders import values


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


def test_what_the_environment_gave_the_subject_is_filed_nowhere(source: Path, tmp_path: Path) -> None:
    logs = DrillLogs(
        source, tmp_path, values(["SHOP_TOKEN", "STAGE", "UNSET"], {"SHOP_TOKEN": "s3cr\u00e9t-1", "STAGE": "1"})
    )
    (source / "app.us-east-1.log").write_bytes("1: took s3cr\u00e9t-1 as Bearer s3cr\u00e9t-1".encode() + b"\xff\n")
    logs.collect()
    assert (tmp_path / "logs" / "app.us-east-1.log").read_bytes() == b"1: took *** as Bearer ***\xff\n"


def checks(*found: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"region": region, "has_data": data, "checkers": 16} for region, data in found]


def test_checkers_without_data_are_no_quorum() -> None:
    assert quorum_reasons(checks((EAST, 12), (WEST, 16)), environment()) == []
    assert quorum_reasons(checks((EAST, 11), (WEST, 16)), environment()) == ["11 of 16 checkers of us-east-1 have data"]
    assert quorum_reasons(checks((EAST, 16)), environment()) == ["no health check of us-west-2 yet"]


def commit(region: str, value: str | None, at_s: float = 0) -> Commit:
    return Commit(region, "items", "k", value, 1, to_ns(at_s))


NOT_YET = ["no write has been replicated lately"]


@pytest.mark.parametrize(
    ("commits", "reasons"),
    [
        ([], NOT_YET),
        ([commit(EAST, "u1"), commit(WEST, "u2")], NOT_YET),
        ([commit(EAST, None), commit(WEST, None)], NOT_YET),
        ([commit(EAST, "u1"), commit(WEST, "u1")], []),
        ([commit(EAST, "u1"), commit(EAST, "u1"), commit(WEST, "u1")], []),
        ([commit(EAST, "u1"), commit(WEST, "u1"), commit("eu-west-1", "u1")], []),
    ],
)
def test_replication_works_once_both_databases_hold_the_same_value(commits: list[Commit], reasons: list[str]) -> None:
    at_once, one_by_one = ReplicationWatch((EAST, WEST)), ReplicationWatch((EAST, WEST))
    at_once.take(commits)
    for one in commits:
        one_by_one.take([one])
    assert at_once.reasons() == one_by_one.reasons() == reasons


def test_a_replicated_write_counts_for_ten_seconds_and_no_longer() -> None:
    watch = ReplicationWatch((EAST, WEST))
    watch.take([commit(EAST, "u1"), commit(WEST, "u1", 0.1)])
    watch.take([commit(EAST, "u2", 10)])
    assert watch.reasons() == []
    watch.take([commit(EAST, "u3", 10.2)])
    assert watch.reasons() == NOT_YET
    watch.take([commit(WEST, "u3", 10.3)])
    assert watch.reasons() == []


def test_with_one_database_there_is_nothing_to_replicate_to() -> None:
    assert ReplicationWatch((EAST,)).reasons() == []


def test_the_machine_is_described_in_words() -> None:
    assert set(machine()) == {"system", "cores", "memory"}
    assert all(machine().values())
