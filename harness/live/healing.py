"""Undoes by force what anybody did to processes; the adversary heals what it broke itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import psutil

from harness.processes import process_tree
from harness.processes.process_tree import Tree


def frozen(tree: Tree) -> bool:
    """Whether any process of a tree is stopped."""
    return any(_stopped(member.pid) for member in process_tree.members(process_tree.table(), tree))


def _stopped(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False


def thaw(trees: Mapping[str, Tree]) -> list[str]:
    """Thaw what is frozen; a sentence for each. trees: by instance name."""
    stopped = {name: tree for name, tree in trees.items() if frozen(tree)}
    process_tree.thaw(*stopped.values())
    return [f"{name}: thawed" for name in stopped]


def ended(trees: Mapping[str, Tree]) -> Iterable[str]:
    """The instances that no longer run; healing starts nothing."""
    rows = process_tree.table()
    return [name for name, tree in trees.items() if not process_tree.members(rows, tree)]
