"""A region that a program of somebody else's serves: one process for each region, on a port of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.engines.aws.calls import not_dynamodb
from harness.kit.address import Address
from harness.world.api_region import ApiRegion
from harness.world.part import LOOPBACK, READY_TIMEOUT_S, Ground, Process

_PROBE_S = 1.0


class ProgramRegion(ApiRegion):
    """One region's process. Subclasses say how it is started; `folder` is its own below the world's."""

    folder: Path

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

    def _answers(self) -> bool:
        return not_dynamodb(self._listens, self.region, _PROBE_S) is None

    @property
    def address(self) -> Address:
        """See ApiRegion."""
        self._process.ready(READY_TIMEOUT_S)
        return self._listens
