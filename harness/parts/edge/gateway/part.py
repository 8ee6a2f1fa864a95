"""The gateway: one AWS_ENDPOINT_URL for each instance of the subject, whatever regions and services it calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.kit.address import Address
from harness.topology.environment import Environment, Spec
from harness.topology.subject import Instance
from harness.world.callers import callers
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Net, Part
from harness.world.process import READY_TIMEOUT_S, Process
from harness.world.wires import Arrow

MODULE = "harness.parts.edge.gateway.server"
_ACCOUNT = "drill"


class Gateway(Part):
    """Sends every call over the caller's own link to the region that it is signed for."""

    name = "gateway"

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint
        self._process: Process | None = None

    def connect(self, net: Net) -> None:
        """Start the process: its routes are the links of each instance."""
        primary = self._blueprint.environment.primary.database_name
        listeners = [
            {
                "instance": caller.name,
                "region": caller.home or primary,
                "listen": [LOOPBACK, 0],
                "routes": routes(net.dialled_by(caller.name), net.listening),
            }
            for caller in callers(self._blueprint)
        ]
        self._process = net.ground.spawn(LIGHT, self.name, MODULE, {"admin": [LOOPBACK, 0], "listeners": listeners})

    def endpoints(self) -> Mapping[str, Address]:
        """Instance -> its listener; none before the links are up."""
        if self._process is None:
            return {}
        told = self._process.ready(READY_TIMEOUT_S)["listeners"]
        return {name: (str(address[0]), int(address[1])) for name, address in told.items()}

    def environment_for(self, instance: Instance) -> Mapping[str, str]:
        """What an AWS SDK needs to find it, and nothing of the user's own account."""
        region = home_region(self._blueprint.environment, instance.place)
        return {
            "AWS_ENDPOINT_URL": "http://{}:{}".format(*self.endpoints()[instance.name]),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": _ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": _ACCOUNT,  # of emulators on loopback: no secret
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def capabilities(self) -> Mapping[str, bool | str]:
        """What is lost by standing in the middle."""
        return {"refused_at_the_api": "not measurable here: behind the gateway a refused region is seen as a reset"}


def home_region(environment: Environment, place: str) -> str:
    """The region that an instance works in by default: its place's database; outside, the primary's."""
    return environment.home_of(place) or environment.primary.database_name


def routes(arrows: Sequence[Arrow], listening: Mapping[str, Address]) -> dict[str, dict[str, list[Any]]]:
    """Region -> service -> where its link listens, of everything that some arrows carry."""
    found: dict[str, dict[str, list[Any]]] = {}
    for arrow in arrows:
        for region, service in arrow.carries:
            found.setdefault(region, {})[service] = list(listening[arrow.link.name])
    return found


def build(blueprint: Blueprint, spec: Spec) -> list[Gateway]:
    """One for the whole world."""
    return [Gateway(blueprint)]
