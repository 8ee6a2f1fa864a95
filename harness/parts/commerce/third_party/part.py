"""Systems of others as parts of a world: an ERP, a CRM, whoever fulfils orders. Each is outside of every place.

Every instance of the subject reaches each of them over a link of its own, so that one that is lost, slow or behind a
black hole is an ordinary fault of links. What each was told it writes into the history itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import WorldError
from harness.faults.hand import Hand
from harness.faults.model import Link
from harness.faults.needs import THIRD_PARTIES
from harness.kit.address import Address, join_address
from harness.names import CANARY, OUTSIDE, THIRD_PARTY
from harness.parts.commerce.third_party.hand import PartyHand
from harness.parts.commerce.third_party.spec import ThirdParties as Spec
from harness.topology.subject import Instance
from harness.wire.admin_client import AdminClient
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Ground, Net, StatusLine
from harness.world.parties import ThirdParty, variable
from harness.world.process import Process, listening
from harness.world.wires import Arrow

MODULE = "harness.parts.commerce.third_party.server"
_WELL = "/well"


class System(ThirdParty):
    """One of them."""

    def __init__(self, blueprint: Blueprint, system: str) -> None:
        self.name = self.system = system
        self._blueprint = blueprint
        self._process: Process | None = None
        self._net: Net | None = None

    @property
    def _instances(self) -> Sequence[Instance]:
        return self._blueprint.subject.instances(self._blueprint.environment)

    def start(self, ground: Ground) -> None:
        """Start the process, with an address for each place that calls it."""
        self._events = ground.folder / f"{self.name}.events.jsonl"
        places = dict.fromkeys((OUTSIDE, *(instance.place for instance in self._instances)))
        config = {
            "system": self.system, "places": {place: [LOOPBACK, 0] for place in places},
            "events": str(self._events), "seed": self._blueprint.seed,
        }  # fmt: skip
        self._process = ground.spawn(LIGHT, self.name, MODULE, config)

    def endpoints(self) -> Mapping[str, Address]:
        """By place: where callers of it are served, past every link; admin: its own interface."""
        return listening(self.name, self._process)

    def arrows(self) -> Sequence[Arrow]:
        """From every instance of the subject, and from a canary."""
        at, environment = self.endpoints(), self._blueprint.environment
        found = [
            Arrow(
                Link(
                    one.name, one.place, self.system, OUTSIDE, THIRD_PARTY,
                    component=one.component.name, home=environment.home_of(one.place),
                ),
                at[one.place],
            )
            for one in self._instances
        ]  # fmt: skip
        canary = Link(CANARY, OUTSIDE, self.system, OUTSIDE, THIRD_PARTY, from_canary=True)
        probe = {"kind": "http", "path": _WELL, "host": join_address(at[OUTSIDE])}
        return [*found, Arrow(canary, at[OUTSIDE], probe=probe)]

    def connect(self, net: Net) -> None:
        """The links are up."""
        self._net = net

    def environment_for(self, instance: Instance) -> Mapping[str, str]:
        """Where it is called, over the instance's own link."""
        if self._net is None:
            raise WorldError(f"{self.name}: the links are not up yet")
        (arrow,) = (one for one in self._net.dialled_by(instance.name) if one.link.target == self.system)
        return {variable(self.system): f"http://{join_address(self._net.at(arrow))}"}

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self.endpoints()["admin"])

    def reset(self) -> None:
        """Without any record, and without trouble."""
        self._admin.post("/reset")

    def status(self) -> Sequence[StatusLine]:
        """Where it is called past every link, and what it holds."""
        at, admin = join_address(self.endpoints()[OUTSIDE]), join_address(self.endpoints()["admin"])
        return (
            StatusLine(f"third party {self.system}", at, "past every link"),
            StatusLine(f"{self.system} holds", admin, "", f"http://{admin}/lines"),
        )

    def commands(self) -> Sequence[tuple[str, str]]:
        """How one asks it for a record."""
        at = join_address(self.endpoints()[OUTSIDE])
        return ((f"What {self.system} holds under a key:", f"curl -s http://{at}/v1/records/KEY"),)

    def events(self) -> Sequence[Path]:
        """What it was told."""
        return (self._events,)

    def hands(self) -> Sequence[Hand]:
        """The adversary's."""
        return (PartyHand(self.system, lambda: self._admin),)

    def capabilities(self) -> Mapping[str, bool | str]:
        """That there are systems of others."""
        return {THIRD_PARTIES: True}


def build(blueprint: Blueprint, spec: Spec) -> list[System]:
    """One for each system that the file names."""
    if not isinstance(spec, Spec):
        raise WorldError("not the settings of third parties")
    return [System(blueprint, name) for name in spec.systems]
