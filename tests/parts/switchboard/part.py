"""The switchboard: one process outside of every place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.kit.address import Address
from harness.names import CHECKERS
from harness.wire.admin_client import AdminClient
from harness.world.part import LIGHT, Blueprint, Edge, Net, StatusLine
from harness.world.process import READY_TIMEOUT_S
from harness.world.steering import Steering
from switchboard.spec import Switchboard as Spec


class Switchboard(Steering):
    """Leads clients to the primary until it does not answer."""

    name = "switchboard"

    def __init__(self, blueprint: Blueprint, spec: Spec) -> None:
        self._blueprint = blueprint
        self._spec = spec

    def connect(self, net: Net) -> None:
        self._net = net
        self._publish(net.edges, self._blueprint.subject.application.edge_health_path)

    def _publish(self, edges: Mapping[str, Edge], health_path: str) -> None:
        environment = self._blueprint.environment
        places = [
            [edges[place.name].answered, list(self._net.edge(CHECKERS, place.name))]
            for place in (environment.primary, environment.standby)
        ]
        config = {
            "places": places,
            "path": health_path,
            "ttl_s": round(self._blueprint.timing.interval_s(environment.edge.ttl_s)),
            **self._spec.model_dump(),
        }
        self._process = self._net.ground.spawn(LIGHT, self.name, "switchboard.server", config)

    def endpoints(self) -> Mapping[str, Address]:
        told = self._process.ready(READY_TIMEOUT_S)
        return {key: (str(told[key][0]), int(told[key][1])) for key in ("dns", "admin")}

    @property
    def dns(self) -> Address:
        return self.endpoints()["dns"]

    @property
    def _desk(self) -> AdminClient:
        return AdminClient(self.name, self.endpoints()["admin"])

    def freeze(self) -> None:
        self._desk.post("/freeze")

    def thaw(self) -> None:
        self._desk.post("/thaw")

    def answers(self) -> Sequence[str]:
        return list(self._desk.get("/"))

    def reset(self) -> None:
        self.thaw()

    def status(self) -> Sequence[StatusLine]:
        return (StatusLine("switchboard", "{}:{}".format(*self.dns), "answers for the primary, or the standby"),)

    def versions(self) -> Mapping[str, str]:
        return {"switchboard": "0.7"}


def build(blueprint: Blueprint, spec: Spec) -> list[Switchboard]:
    """One for the application's name."""
    return [Switchboard(blueprint, spec)]
