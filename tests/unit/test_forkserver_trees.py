"""Who belongs to a tree, told from a process table written as text."""

from __future__ import annotations

import os

import pytest

from harness.processes import process_tree
from harness.processes.process_tree import Process, Tree, descendants, members

TABLE = """
pid  parent session started state
  1       0       1       0 S
 10       1      10       5 S    the fork server
 20      10      20       7 S    a component: leads a session
 21      20      20       8 S    its worker
 22      21      22       9 S    the worker's child, in a session of its own
 23      10      20       9 S    an orphan that kept the session
 24      20      20       9 Z    ended, not yet reaped
 30      10      30       7 S    another component
 31      30      30       8 S
"""


def table(text: str) -> dict[int, Process]:
    rows = [line.split() for line in text.strip().splitlines()[1:]]
    found = [Process(int(r[0]), int(r[1]), int(r[2]), float(r[3]), r[4] == "Z") for r in rows]
    return {row.pid: row for row in found}


def pids(rows: list[Process]) -> list[int]:
    return sorted(row.pid for row in rows)


def test_a_tree_is_what_descends_from_its_root_and_what_kept_its_session() -> None:
    assert pids(members(table(TABLE), Tree(20, 7.0, adopter=10))) == [20, 21, 22, 23]


def test_a_tree_outlives_its_root() -> None:
    rows = table(TABLE)
    del rows[20]
    assert pids(members(rows, Tree(20, 7.0, adopter=10))) == [21, 22, 23]


def test_a_number_given_to_another_process_is_not_the_tree() -> None:
    assert members(table(TABLE), Tree(20, 6.0, adopter=10)) == []


def test_parents_come_before_their_children() -> None:
    found = [row.pid for row in members(table(TABLE), Tree(20, 7.0, adopter=10))]
    assert found.index(20) < found.index(21) < found.index(22)


def test_everything_below_the_fork_server_is_found_and_nothing_else() -> None:
    assert pids(descendants(table(TABLE), [10])) == [10, 20, 21, 22, 23, 30, 31]


@pytest.mark.skipif(not process_tree.LINUX, reason="reads /proc")
def test_this_process_finds_itself_in_the_table() -> None:
    row = process_tree.table()[os.getpid()]
    assert (row.parent, row.session) == (os.getppid(), os.getsid(0))
    assert process_tree.process(os.getpid()) == row
    assert process_tree.process(2**22 + 1) is None


def test_both_tables_tell_the_same_parents() -> None:
    assert process_tree._psutil_table()[os.getpid()].parent == os.getppid()
