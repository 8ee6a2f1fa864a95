from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from measurement_timeline import A, B, s, timeline

from harness.errors import WorldError
from harness.history.events import Commit, Completion, Invoke
from harness.history.gathering import columns_of, columns_of_events, read_columns
from harness.history.tables import commits_of
from harness.measurement.models import FaultInterval
from harness.measurement.recovery_point import Scans, recovery_point
from harness.outcome import Outcome

HISTORY = timeline(
    """
    w1: dns-0 put k 1.0..1.1 ok A
    r1: dns-1 get k 2.0..2.1 ok A =w1 @us-east-1 e1
    w2: dns-0 put k 3.0
    """
)


def test_whoever_only_sends_requests_or_forks_does_without_numpy() -> None:
    """It takes a tenth of a second and 30 MB of every process that imports it."""
    code = (
        "import sys, harness.witness.__main__, harness.processes.forkserver_main, harness.cli.commands\n"
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_columns_are_a_sequence_of_operations() -> None:
    columns = columns_of(HISTORY)
    assert list(columns) == HISTORY
    assert columns[-1] == HISTORY[-1]
    assert list(columns[1:]) == HISTORY[1:]
    with pytest.raises(IndexError):
        columns[3]
    with pytest.raises(ValueError, match="thinned out"):
        columns[::2]


def test_the_key_is_the_one_that_the_answer_gave() -> None:
    invoke = Invoke("c1", 0, "dns-0", "dns", "put", "c1", "c1", 1, 1)
    answer = Completion("c1", 0, "dns-0", "dns", "put", "id-7", "c1", Outcome.OK, 2, address=A)
    (made,) = columns_of_events([invoke, answer])
    assert made.invoke == replace(invoke, k="id-7")
    assert made.completion == answer


def test_numbers_that_an_answer_made_up_cost_nothing() -> None:
    first = HISTORY[1]
    assert first.completion is not None
    huge = replace(first, completion=replace(first.completion, epoch=10**40))
    assert list(columns_of([huge])) == [huge]


def test_a_moment_that_no_clock_can_show_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(
        '{"t":"invoke","op":"w","client":"c","cohort":"dns","f":"put","k":"k","planned_ns":1,"mono_ns":1'
        + "0" * 30
        + "}\n"
    )
    with pytest.raises(WorldError, match="no clock can show"):
        read_columns(path)
    path.write_text('{"t":"mark"}\n{"t":"invoke"}\n')
    with pytest.raises(WorldError, match=r"history.jsonl:2: not a history event"):
        read_columns(path)


def test_what_a_table_held_comes_from_its_commits() -> None:
    columns = columns_of(HISTORY)
    commits = [Commit("us-west-2", "items", "k", value, seq, s(seq)) for seq, value in enumerate(("w1", "w2", None))]
    log = commits_of(columns, reversed(commits))
    assert [log.state_at(s(n)).text(0) for n in (-1, 0, 1, 2)] == [None, "w1", "w2", None]


COUNTED = """
    a1: dns-0 add c 1.0..1.1 ok A
    a2: dns-0 add c 2.0..2.1 ok A
    a3: dns-0 add c 3.0..3.1 ok A
    a4: dns-0 add c 3.5..4.5 info A
    b1: dns-0 put k 6.0..6.1 ok B
"""


@pytest.mark.parametrize(
    ("held", "missing", "maybe"),
    [
        ("3", (), ("a3",)),
        ("4", (), ()),
        ("2", ("a3",), ("a2",)),
        ("1", ("a2", "a3"), ("a1",)),
        (None, ("a1", "a2", "a3"), ()),
    ],
)
def test_increments_that_a_survivor_lacks_are_counted(
    held: str | None, missing: tuple[str, ...], maybe: tuple[str, ...]
) -> None:
    commits = [] if held is None else [Commit("us-west-2", "items", "c", held, 0, s(4))]
    tables = [commits, Scans(None, {} if held is None else {"c": held})]
    for survivor in tables:
        point = recovery_point(
            timeline(COUNTED), survivor, lost_address=A, survivor_address=B, fault=FaultInterval(s(5), s(5))
        )  # type: ignore[arg-type]
        assert point is not None
        assert point.missing_ids == missing
        assert point.maybe_ids == ()
        assert point.unknown_ids == ("a4", *maybe)
        assert point.explained == {*missing, *maybe, "a4"}
        assert point.acknowledged == 3
