"""The seam of region servers: what gives a region its database, and what may be asked of it past every link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from harness.faults.model import Link
from harness.history.events import Commit, Event
from harness.kit.address import Address
from harness.names import CANARY, DYNAMODB, OUTSIDE, instance_name
from harness.topology.subject import Table
from harness.world.part import Blueprint, Part
from harness.world.wires import Arrow

State = Mapping[str, str | None]
"""Key -> value of a table's items; None: an item without that attribute."""


class CommitFeed(Protocol):
    """The commits of one region from the moment it was opened."""

    def poll(self) -> Sequence[Event | Commit]:
        """What is new since the last call, in the order in which it took effect."""
        ...


class RegionServer(Part):
    """The services of one region."""

    region: str

    def create(self, tables: Sequence[Table]) -> None:
        """Make the subject's tables, and follow their commits from now on. Raises WorldError."""
        raise NotImplementedError

    def scan(self, table: Table) -> State:
        """Every item of a table. Raises WorldError when the region does not answer."""
        raise NotImplementedError

    def commits(self) -> CommitFeed | None:
        """A feed that starts now; None where the server has no order of commits, so that scans must do."""
        return None


def database_arrows(blueprint: Blueprint, region: str, upstream: Address) -> list[Arrow]:
    """A region's links: from every instance of the subject, and from a canary in each place and outside."""
    environment = blueprint.environment
    carries = ((region, DYNAMODB), (region, "*"))
    probe = {"kind": "dynamodb", "region": region}
    found = [
        Arrow(
            Link(
                i.name, i.place, region, region, DYNAMODB, component=i.component.name, home=environment.home_of(i.place)
            ),
            upstream,
            carries=carries,
        )
        for i in blueprint.subject.instances(environment)
    ]
    for place in (*(place.name for place in environment.places), OUTSIDE):
        source = instance_name(CANARY, place)
        link = Link(source, place, region, region, DYNAMODB, home=environment.home_of(place), from_canary=True)
        found.append(Arrow(link, upstream, probe=probe))
    return found
