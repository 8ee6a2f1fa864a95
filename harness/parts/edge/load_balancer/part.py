"""A load balancer at each place: what its edge is, and the links of those who dial it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.kit.address import Address, join_address
from harness.parts.edge.load_balancer.spec import LoadBalancer as Spec
from harness.wire.admin_client import AdminClient
from harness.wire.statuses import codes
from harness.world import load_balancer
from harness.world.diagnosis import Complaint
from harness.world.load_balancer import edge_arrows, targets_in_words
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Ground, Net, StatusLine
from harness.world.process import listening
from harness.world.wires import Arrow

MODULE = "harness.parts.edge.load_balancer.server"


class LoadBalancer(load_balancer.LoadBalancer):
    """The load balancer of one place, in front of the application there."""

    def __init__(self, blueprint: Blueprint, spec: Spec, place: str) -> None:
        super().__init__(place)
        self._blueprint = blueprint
        self._spec = spec

    def start(self, ground: Ground) -> None:
        """Start the process."""
        spec, timing = self._spec, self._blueprint.timing
        self._edge = ground.edges[self.place]
        self._events = ground.folder / f"{self.name}.events.jsonl"
        self._process = ground.spawn(
            LIGHT,
            self.name,
            MODULE,
            {
                "region": self.place,
                "listen": [LOOPBACK, 0],
                "admin": [LOOPBACK, 0],
                "interval_s": timing.interval_s(spec.interval_s),
                "timeout_s": timing.timeout_s(spec.timeout_s),
                "healthy_threshold": spec.healthy_threshold,
                "unhealthy_threshold": spec.unhealthy_threshold,
                "success_codes": list(codes(self._blueprint.subject.application.health_codes)),
                "client_scheme": self._blueprint.subject.workload.scheme,
                "algorithm": spec.algorithm,
                "sticky": None if spec.sticky is None else spec.sticky.model_dump(),
                "fails_open": spec.fails_open,
                "response_timeout_s": timing.timeout_s(spec.response_timeout_s),
                "events": str(self._events),
            },
        )

    def endpoints(self) -> Mapping[str, Address]:
        """listen: the application's requests; admin: its own interface."""
        return listening(self.name, self._process)

    def arrows(self) -> Sequence[Arrow]:
        """From the clients, from the edge's health checkers, and from a canary."""
        return edge_arrows(self._blueprint, self._edge, self.endpoints()["listen"])

    def targets(self) -> Address:
        """See harness.world.load_balancer.LoadBalancer."""
        return self.endpoints()["admin"]

    def connect(self, net: Net) -> None:
        """Its targets are whatever its own links lead to, but for those that their platform registers itself."""
        path = self._blueprint.subject.application.health
        targets = [
            {"id": arrow.link.target, "address": list(net.at(arrow)), "health_path": path}
            for arrow in net.dialled_by(self.name)
            if arrow.registered
        ]
        self._admin.post("/targets", {"targets": targets})

    def reset(self) -> None:
        """As if no target had been checked yet."""
        self._admin.post("/reset")

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self.endpoints()["admin"])

    def complaints(self) -> Mapping[str, Sequence[Complaint]]:
        """Its targets, where none is healthy: it fails open then, and DNS does not follow it."""
        application = self._blueprint.subject.application
        wanted = ", ".join(application.health_codes)
        return {
            self.place: targets_in_words(self.place, self._admin.get("/targets")["targets"], application.health, wanted)
        }

    def status(self) -> Sequence[StatusLine]:
        """Where clients come in."""
        edge, place = self._edge, self._blueprint.environment.place_named(self.place)
        role = (place.role if place is not None else None) or "no role"
        about = role if edge.answered == edge.host else f"{role}; DNS answers {edge.answered}"
        admin = join_address(self.endpoints()["admin"])
        return (
            StatusLine(f"edge {self.place}", f"{edge.host}:{edge.port}", about),
            StatusLine(f"targets {self.place}", admin, "", f"http://{admin}/status"),
        )

    def events(self) -> Sequence[Path]:
        """What it thinks of its targets."""
        return (self._events,)


def build(blueprint: Blueprint, spec: Spec) -> list[LoadBalancer]:
    """One for each place."""
    return [LoadBalancer(blueprint, spec, place.name) for place in blueprint.environment.places]
