"""The warmed parents of a world: one for each group of processes that import much the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.processes import world_folder
from harness.processes.forkserver import ForkServer


@dataclass(frozen=True)
class ForkServers:
    """groups: name -> the parent of that group. folder: the world's own files, gone with it."""

    groups: Mapping[str, ForkServer]
    folder: Path

    @property
    def logs(self) -> Path:
        """The output of every process, as NAME.log."""
        return self.folder / "logs"


def start_fork_servers(stack: ExitStack, preloads: Mapping[str, Sequence[str]]) -> ForkServers:
    """Start a parent for each group; returns at once, while they import side by side.

    preloads: group -> the modules that its processes run. Leaving the stack takes everything down.
    """
    folder = stack.enter_context(world_folder.made())
    groups = {
        name: stack.enter_context(ForkServer(modules, folder.path / "logs", folder=folder))
        for name, modules in preloads.items()
    }
    return ForkServers(groups, folder.path)
