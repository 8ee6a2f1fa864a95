"""The seam of region servers: what gives a region its database, and what may be asked of it past every link."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from harness.faults.model import Link
from harness.history.events import Commit, Event
from harness.kit.address import Address
from harness.names import (
    CANARY,
    CHECKERS,
    CLOUDWATCH,
    DYNAMODB,
    DYNAMODB_READS,
    DYNAMODB_WRITES,
    OUTSIDE,
    POISON_KEY,
    instance_name,
)
from harness.stored import Item, keyed
from harness.topology.subject import Table
from harness.world.callers import callers
from harness.world.part import Blueprint, Part
from harness.world.steering import reads_metrics
from harness.world.wires import Arrow

_REFUSED = ("InternalServerError", "ProvisionedThroughputExceededException", "AccessDeniedException")
_GONE = "ResourceNotFoundException"
_NO_TABLE = "drill-canary"
"""A table that there is not: trying to write to it says whether writes are taken, and changes nothing."""

State = Mapping[str, str | None]
"""Key -> value of a table's items; None: an item without that attribute."""


class CommitFeed(Protocol):
    """The commits of one region from the moment it was opened."""

    def poll(self) -> Sequence[Event | Commit] | None:
        """What is new since the last call, in the order in which it took effect; None: not all of it is known, so that
        scans must do."""
        ...


class RegionServer(Part):
    """The services of one region."""

    region: str

    def create(self, tables: Sequence[Table]) -> None:
        """Make the subject's tables, and follow their commits from now on. Raises WorldError."""
        raise NotImplementedError

    def scan(self, table: Table) -> State | None:
        """Every item of a table; None: it cannot be told. Raises WorldError when the region does not answer."""
        raise NotImplementedError

    def glance(self, table: Table, items_max: int) -> State | None:
        """The same while a drill goes on; None for a larger table, which would take long. Raises WorldError."""
        found = self.scan(table)
        return None if found is None or len(found) > items_max else found

    def items(self, table: Table) -> Sequence[Item] | None:
        """Every item of a table as it is stored, for whoever looks where a value went; None: it does not tell."""
        return None

    def commits(self) -> CommitFeed | None:
        """A feed that starts now; None where the server has no order of commits, so that scans must do."""
        return None

    def changes(self) -> Path | None:
        """The file of all its changes with whole items, from the first call on; None: it keeps no order of them.

        Lines as in harness.engines.moto.change_log.
        """
        return None

    def answer_elsewhere(self, calls: Mapping[str, Address]) -> bool:
        """Have calls (`dynamodb:UpdateTable`, `lambda:*`) answered by other processes, beside those asked for before.

        Such a process reaches the server itself by the header `X-Drill-Writer`. False: this server cannot.
        """
        return False


def scanned(server: RegionServer, tables: Sequence[Table]) -> dict[str, State]:
    """Table's name -> its items, of those that can be told."""
    states = {table.name: server.scan(table) for table in tables}
    return {name: state for name, state in states.items() if state is not None}


def database_arrows(blueprint: Blueprint, region: str, upstream: Address) -> list[Arrow]:
    """A region's links: from everybody who calls it, and from canaries in each place and outside.

    Those outside also try one operation of each kind, over links of their own; and health checks look at its metrics,
    where they do so at all.
    """
    environment = blueprint.environment
    carries = ((region, DYNAMODB), (region, "*"))
    probe = {"kind": "dynamodb", "region": region}
    found = [
        Arrow(
            Link(one.name, one.place, region, region, DYNAMODB, component=one.component, home=one.home),
            upstream,
            carries=carries,
        )
        for one in callers(blueprint)
    ]
    for place in (*(place.name for place in environment.places), OUTSIDE):
        source = instance_name(CANARY, place)
        link = Link(source, place, region, region, DYNAMODB, home=environment.home_of(place), from_canary=True)
        found.append(Arrow(link, upstream, probe=probe))
    for service, call in _calls(blueprint).items():
        link = Link(instance_name(CANARY, OUTSIDE), OUTSIDE, region, region, service, from_canary=True)
        found.append(Arrow(link, upstream, probe={"kind": "dynamodb-call", "region": region, **call}))
    if reads_metrics(environment):
        found.append(Arrow(Link(CHECKERS, OUTSIDE, region, region, CLOUDWATCH), upstream))
    return found


def _calls(blueprint: Blueprint) -> Mapping[str, Mapping[str, Any]]:
    """What canaries try, by service. A record that nobody wrote must not be there, and
    the table that clients write must."""
    subject = blueprint.subject
    table = subject.judged_table
    name = _NO_TABLE if table is None else table.name
    key = keyed("id", POISON_KEY) if table is None else keyed(table.key, POISON_KEY, table.key_types)
    write = {"TableName": _NO_TABLE, "Item": keyed("id", POISON_KEY)}
    read = {"TableName": name, "Key": key}
    bad = (*_REFUSED, '"Item"', *(() if table is None else (_GONE,)))
    return {
        DYNAMODB_WRITES: {"operation": "PutItem", "body": json.dumps(write), "bad": _REFUSED},
        DYNAMODB_READS: {"operation": "GetItem", "body": json.dumps(read), "bad": bad},
    }
