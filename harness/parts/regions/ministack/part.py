"""ministack as a region's server: many of AWS's services behind one port, wide but shallow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.parts.regions.ministack.install import RECIPE
from harness.parts.regions.ministack.spec import Ministack as Spec
from harness.world.diagnosis import Diagnosis
from harness.world.installed import found_or_told, installed, needed
from harness.world.part import LOOPBACK, Blueprint
from harness.world.program_region import ProgramRegion

_NEEDED = ("dynamodb", "dynamodbstreams")


class Ministack(ProgramRegion):
    """One region, in a process of its own, so that losing one leaves the other's data alone."""

    called = "ministack"
    ordered_streams = True

    def __init__(self, blueprint: Blueprint, spec: Spec, region: str) -> None:
        super().__init__(blueprint, region)
        self._services = tuple(dict.fromkeys((*_NEEDED, *spec.services)))

    def command(self, port: int) -> Sequence[str]:
        """See ProgramRegion."""
        return (str(needed(RECIPE, "region_servers: ministack")),)

    def variables(self, port: int) -> Mapping[str, str]:
        """It binds every address of the machine unless it is told otherwise; that it does not is looked at."""
        return {
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": LOOPBACK,
            "MINISTACK_REGION": self.region,
            "SERVICES": ",".join(self._services),
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(self.folder),
            "HOME": str(self.folder),
            "DOCKER_HOST": f"unix://{self.folder / 'no-docker.sock'}",  # it would look for containers to remove
        }

    def versions(self) -> Mapping[str, str]:
        """Of what `drill install` installed."""
        return {"ministack": RECIPE.version}


def build(blueprint: Blueprint, spec: Spec) -> list[Ministack]:
    """One for each region that has a database."""
    return [Ministack(blueprint, spec, region) for region in blueprint.environment.databases]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether it is installed."""
    yield found_or_told("ministack", installed(RECIPE), RECIPE)
