"""No links of ours between who dials and what is dialled: the witness goes where its users go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.kit.address import Address
from harness.topology.environment import Spec
from harness.world.links import LinkServer
from harness.world.part import Blueprint
from harness.world.wires import Arrow


class NoLinks(LinkServer):
    """Every arrow leads straight to where it ends."""

    name = "links"

    @property
    def url(self) -> str:
        """See LinkServer: there is no API."""
        return ""

    def handle(self) -> Mapping[str, str]:
        """See LinkServer: there is nothing to heal."""
        return {}

    def populate(self, arrows: Sequence[Arrow]) -> Mapping[str, Address]:
        """See LinkServer."""
        return {arrow.link.name: arrow.upstream for arrow in arrows}


def build(blueprint: Blueprint, spec: Spec) -> list[NoLinks]:
    """One for the whole world."""
    return [NoLinks()]
