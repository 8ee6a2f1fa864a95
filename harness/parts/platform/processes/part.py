"""The subject as plain processes of this machine, each in a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.faults.hand import Hand
from harness.faults.model import ProcessRef, process_canary
from harness.kit.address import Address
from harness.topology.environment import Spec
from harness.world.components.hand import ProcessHand
from harness.world.components.subject import SubjectProcesses
from harness.world.load_balancer import application_arrow
from harness.world.part import LOOPBACK, Blueprint, Ground, Net, StatusLine
from harness.world.platform import Platform, RunningTree, Variable
from harness.world.wires import Arrow


class Processes(Platform):
    """Starts the subject's commands, and lets them be killed and frozen."""

    name = "platform"

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint
        self.ports: dict[str, int] = {}

    def start(self, ground: Ground) -> None:
        """Choose the application's port in each place."""
        self.ports = {place.name: ground.free_port() for place in self._blueprint.environment.places}

    def endpoints(self) -> Mapping[str, Address]:
        """Place -> the application there."""
        return {place: (LOOPBACK, port) for place, port in self.ports.items()}

    def arrows(self) -> Sequence[Arrow]:
        """From each place's load balancer to the application there."""
        return [application_arrow(self._blueprint, place, address) for place, address in self.endpoints().items()]

    def connect(self, net: Net) -> None:
        """From now on the subject can be started."""
        blueprint, launcher = self._blueprint, net.ground.launcher()
        self.subject = SubjectProcesses(
            launcher, blueprint.subject, blueprint.environment, blueprint.timing, net.environment_for, self.ports
        )
        net.ground.on_close(self.subject.stop)

    def start_subject(self) -> None:
        """See Platform."""
        self.subject.start()

    def vary(self, variables: Sequence[Variable]) -> None:
        """See Platform."""
        self.subject.varied = tuple(variables)

    def stop_subject(self, only: Sequence[str] | None = None) -> None:
        """See Platform."""
        self.subject.stop(only)

    def instances(self) -> Sequence[ProcessRef]:
        """See Platform."""
        return [ProcessRef(name, running.instance.place) for name, running in self.subject.running.items()]

    def deaths(self) -> Sequence[str]:
        """See Platform."""
        return self.subject.deaths()

    def trees(self) -> Sequence[RunningTree]:
        """See Platform."""
        return self.subject.trees({name: f"${{{name}}}" for name in self._blueprint.subject.variables()})

    def canaries(self) -> Sequence[Mapping[str, Any]]:
        """See Platform."""
        return [
            {"link": process_canary(name), "kind": "process", "pid": running.process.pid}
            for name, running in self.subject.running.items()
        ]

    def hands(self) -> Sequence[Hand]:
        """The one on the subject's processes."""
        return (ProcessHand(self.subject),)

    def status(self) -> Sequence[StatusLine]:
        """Where the application is."""
        return [
            StatusLine(f"application {place}", f"{host}:{port}", "past edge and links")
            for place, (host, port) in self.endpoints().items()
        ]

    def capabilities(self) -> Mapping[str, bool | str]:
        """What the subject must say of itself."""
        if self._blueprint.subject.honours_time_scale:
            return {"honours_time_scale": True}
        return {"honours_time_scale": "the subject does not say that it honours TIME_SCALE: mixed timing"}


def build(blueprint: Blueprint, spec: Spec) -> list[Processes]:
    """One for all places."""
    return [Processes(blueprint)]
