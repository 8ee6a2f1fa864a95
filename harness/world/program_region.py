"""A region that a program of somebody else's serves: one process for each region, on a port of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.engines.aws.calls import not_dynamodb
from harness.faults.hand import Hand
from harness.kit.address import Address
from harness.world.api_region import ApiRegion
from harness.world.part import LOOPBACK, Ground
from harness.world.power import PowerHand
from harness.world.process import READY_TIMEOUT_S, Process

_PROBE_S = 1.0


class ProgramRegion(ApiRegion):
    """One region's process. Subclasses say how it is started.

    folder: its own below the world's. forgets_tables: whether nothing is left of a table that is deleted; where
    something is, the next drill gets a fresh process on an empty folder.
    """

    folder: Path
    forgets_tables: bool = True

    def command(self, port: int) -> Sequence[str]:
        """The command line. Raises InputError that says how to get the program where there is none."""
        raise NotImplementedError

    def variables(self, port: int) -> Mapping[str, str]:
        """Environment variables, beside PATH and the like."""
        return {}

    def start(self, ground: Ground) -> None:
        """Start the process."""
        super().start(ground)
        self.folder = ground.folder / f"{self.region}.data"
        self.folder.mkdir()
        self._listens: Address = (LOOPBACK, ground.free_port())
        self._process = self._run(ground)

    def _run(self, ground: Ground) -> Process:
        port = self._listens[1]
        return ground.run(self.name, self.command(port), self.variables(port), self.folder, self._answers)

    def hands(self) -> Sequence[Hand]:
        """On what is stored in it, and on its power where that is kept."""
        power = (PowerHand(self.region, self.switch_off, self.restart),) if self.keeps_data else ()
        return (*super().hands(), *power)

    def restart(self) -> None:
        """Start it again, where it was and on what it has stored; returns when it serves."""
        assert self._ground is not None
        self._process = self._run(self._ground)
        self._process.ready(READY_TIMEOUT_S)

    def switch_off(self) -> None:
        """End it at once, as when its machine loses power."""
        assert self._ground is not None
        self._ground.switch_off(self.name)

    def reset(self) -> None:
        """Without any table, and without what a server keeps of tables that are gone."""
        if self.forgets_tables:
            super().reset()
            return
        self.switch_off()
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.restart()

    def _answers(self) -> bool:
        return not_dynamodb(self._listens, self.region, _PROBE_S) is None

    @property
    def address(self) -> Address:
        """See ApiRegion."""
        self._process.ready(READY_TIMEOUT_S)
        return self._listens
