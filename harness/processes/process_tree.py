"""Whole process trees: who belongs to one, and signals that reach every member.

A component may be a shell that starts a server that starts workers. Signalling its first process alone would leave
the rest alive after a kill, or running through a freeze. A tree is therefore

* its root, and everything that descends from it,
* everything in the session that the root leads (a child whose parent has ended keeps its session),
* every orphan adopted by the fork server that carries the root's marker in its environment (a daemon that called
  setsid and outlived its parent).

On Linux `/proc` tells; elsewhere psutil does, without sessions and environments.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil

LINUX = sys.platform.startswith("linux")
MARKER_VARIABLE = "DRILL_PROCESS_TREE"
"""The environment variable that a component's descendants inherit; its value names the tree."""

_ROUNDS_MAX = 50
"""A tree that still grows after this many looks is forking faster than it can be stopped; the last look counts."""


@dataclass(frozen=True)
class Process:
    """One row of the process table. started: the kernel's start stamp; with the pid it names a process for good."""

    pid: int
    parent: int
    session: int
    started: float
    zombie: bool = False


@dataclass(frozen=True)
class Tree:
    """What a tree is recognised by, also after its root has ended.

    adopter: the fork server, parent of orphans; None when it is gone, so that an orphan may be anybody's child.
    marker: value of MARKER_VARIABLE, None when the tree has none.
    """

    pid: int
    started: float
    adopter: int | None = None
    marker: str | None = None


Table = Mapping[int, Process]


def table() -> Table:
    """The process table as it is now."""
    return _proc_table() if LINUX else _psutil_table()


def process(pid: int) -> Process | None:
    """One row of the process table; None when there is no such process."""
    return _proc_row(pid) if LINUX else _psutil_table().get(pid)


def start_of(pid: int) -> float:
    """The start stamp of a process: it stays as it is when the machine's clock is set. Raises ProcessLookupError."""
    row = process(pid)
    if row is None:
        raise ProcessLookupError(pid)
    return row.started


def lives(pid: int, started: float) -> bool:
    """Whether the process that had this number and this start stamp has not ended."""
    row = process(pid)
    return row is not None and row.started == started and not row.zombie


def _proc_table() -> dict[int, Process]:
    rows = (_proc_row(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {row.pid: row for row in rows if row is not None}


def _proc_row(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # proc(5): the fields after the command's name are state, ppid, pgrp, session, ..., starttime (the 22nd of all).
    return Process(pid, int(fields[1]), int(fields[3]), float(fields[19]), fields[0] in b"ZX")


def _psutil_table() -> dict[int, Process]:
    rows: dict[int, Process] = {}
    for found in psutil.process_iter(["pid", "ppid", "create_time", "status"]):
        info = found.info
        zombie = info["status"] == psutil.STATUS_ZOMBIE
        rows[info["pid"]] = Process(info["pid"], info["ppid"], -1, info["create_time"] or 0.0, zombie)
    return rows


def descendants(rows: Table, roots: Iterable[int]) -> list[Process]:
    """Every living process below `roots` (and the roots themselves), parents before children."""
    children: dict[int, list[Process]] = {}
    for row in rows.values():
        children.setdefault(row.parent, []).append(row)
    found: dict[int, Process] = {}
    todo = [rows[pid] for pid in roots if pid in rows]
    for row in todo:
        if row.pid not in found:
            found[row.pid] = row
            todo.extend(children.get(row.pid, ()))
    return [row for row in found.values() if not row.zombie]


def members(rows: Table, tree: Tree) -> list[Process]:
    """The living processes of a tree, parents before children."""
    root = rows.get(tree.pid)
    if root is not None and root.started != tree.started:
        return []  # the number has been given to another process: nothing of the tree is left that we could know
    roots = [tree.pid] + [row.pid for row in rows.values() if row.session == tree.pid or _marked(row, tree)]
    return descendants(rows, roots)


def _marked(row: Process, tree: Tree) -> bool:
    if tree.marker is None or row.zombie or tree.adopter not in (None, row.parent):
        return False
    try:
        with open(f"/proc/{row.pid}/environ", "rb") as file:
            return f"{MARKER_VARIABLE}={tree.marker}".encode() in file.read().split(b"\0")
    except OSError:
        return False  # ended meanwhile, or not ours to look into


def send(signal_number: int, processes: Iterable[Process]) -> None:
    """Send a signal to each process that still exists."""
    for row in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(row.pid, signal_number)


def freeze(*trees: Tree) -> None:
    """SIGSTOP every member, and look again until no new one has appeared (one may have forked meanwhile)."""
    frozen: set[tuple[int, float]] = set()
    for _ in range(_ROUNDS_MAX):
        rows = table()
        new = [row for tree in trees for row in members(rows, tree) if (row.pid, row.started) not in frozen]
        if not new:
            return
        send(signal.SIGSTOP, new)
        frozen.update((row.pid, row.started) for row in new)


def thaw(*trees: Tree) -> None:
    """SIGCONT every member, children first, so that no parent finds its workers asleep."""
    rows = table()
    send(signal.SIGCONT, [row for tree in trees for row in reversed(members(rows, tree))])


def kill(*trees: Tree) -> None:
    """SIGKILL every member. They are frozen first: a tree that stands still cannot outrun its killer."""
    freeze(*trees)
    for _ in range(_ROUNDS_MAX):
        rows = table()
        left = [row for tree in trees for row in members(rows, tree)]
        if not left:
            return
        send(signal.SIGKILL, left)
        time.sleep(0.002)


def terminate(*trees: Tree) -> None:
    """Ask every member to end: SIGTERM, then SIGCONT, because a frozen process hears nothing."""
    rows = table()
    for tree in trees:
        found = members(rows, tree)
        send(signal.SIGTERM, found)
        send(signal.SIGCONT, found)


def alive(trees: Iterable[Tree]) -> bool:
    """Whether any member of any of the trees lives."""
    rows = table()
    return any(members(rows, tree) for tree in trees)
