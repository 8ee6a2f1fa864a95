"""Whoever runs pytest for drills: what it hands to the session, and what it gets back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from harness.drill.evidence import RunResult
from harness.drill.progress import LiveStatus
from harness.drill.runner import Run
from harness.processes.interruption import held
from harness.pytest_plugin.agreement import Ask

if TYPE_CHECKING:
    from harness.live.backend import LiveWorld
    from harness.processes.fork_servers import ForkServers

Wanted = Sequence[tuple[Path, str]]


class Host:
    """Whoever runs pytest for drills (`drill run`) registers one as plugin `drill-host`.

    run: with resolved options; wanted: (feature file, scenario title) in order; show: gets live statuses. servers:
    warmed parents for the first world; the host closes them. ask: shows what would be done to a stack that is not
    ours, and asks whether that is agreed to.
    """

    def __init__(
        self,
        run: Run,
        wanted: Wanted,
        show: Callable[[LiveStatus], None],
        servers: ForkServers | None = None,
        ask: Ask = lambda _, __: False,
    ) -> None:
        self.run = run
        self.ask = ask
        self.wanted = wanted
        self.show = show
        self._servers = servers
        self.result: RunResult | None = None
        self.kept: tuple[LiveWorld, ExitStack] | None = None

    def take_servers(self) -> ForkServers | None:
        """The warmed parents, once."""
        servers, self._servers = self._servers, None
        return servers

    def close(self) -> None:
        """Take a world down that was kept, unless that has been done."""
        if self.kept is not None:
            world_stack = self.kept[1]
            self.kept = None
            with held():
                world_stack.close()
