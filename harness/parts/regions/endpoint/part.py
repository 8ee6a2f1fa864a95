"""Region servers that exist already: used as they are, and left as they were found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from harness.engines.aws.calls import not_dynamodb
from harness.errors import InputError
from harness.kit.address import Address, is_loopback, join_address
from harness.parts.regions.endpoint.healing import handle_of, tidy
from harness.parts.regions.endpoint.spec import Endpoint as Spec
from harness.parts.regions.endpoint.spec import address_of
from harness.stored import key_attributes
from harness.topology.subject import Table
from harness.world.api_region import ApiRegion
from harness.world.diagnosis import Diagnosis, State
from harness.world.part import Blueprint, Ground, StatusLine

_SETTING = "region_servers.endpoints"


class Endpoint(ApiRegion):
    """One region's address. Tables that were made here go away again; those that were there are emptied again."""

    called = "a server that is not ours"

    def __init__(self, blueprint: Blueprint, spec: Spec, region: str) -> None:
        super().__init__(blueprint, region)
        self._spec = spec
        self._address = address_of(spec.endpoints[region])
        self.ordered_streams = spec.commits == "streams"

    @property
    def address(self) -> Address:
        """See ApiRegion."""
        return self._address

    def start(self, ground: Ground) -> None:
        """Nothing is started. Raises InputError when it is no DynamoDB, or has tables that a drill would mix up with
        its own; before anything is changed."""
        super().start(ground)
        wrong = not_dynamodb(self._address, self.region)
        if wrong is not None:
            raise InputError(f"{_SETTING}.{self.region}: {wrong}")
        there, tables = self._there(), self._blueprint.subject.tables
        problems = [self._missing(table) for table in tables if table.name not in there and not self._may_make(table)]
        problems += [self._full(t.name) for t in tables if t.name in there and self._holds_items(t.name)]
        problems += [self._left_over(name) for name in self._spec.subject_tables if name in there]
        if problems:
            raise InputError(*problems)
        made = [table.name for table in tables if table.name not in there]
        used = {table.name: key_attributes(table.key) for table in tables if table.name in there}
        delete = dict.fromkeys((*made, *self._spec.subject_tables))
        self._handle = handle_of(self.region, self._address, list(delete), used)
        ground.outlives(f"tables at {join_address(self._address)}", "region_servers", "endpoint", self._handle)
        ground.on_close(self.reset)

    def _may_make(self, table: Table) -> bool:
        return (self._spec.create_tables and table.create) or table.name in self._spec.subject_tables

    def create(self, tables: Sequence[Table]) -> None:
        """See RegionServer. Only what is missing."""
        there = self._there()
        super().create([table for table in tables if table.name not in there])

    def reset(self) -> None:
        """As it was found: without the tables that were made, and without items in those that were there."""
        tidy(self.dynamodb(), json.loads(self._handle["tables"]), self._handle["address"])

    def _there(self) -> frozenset[str]:
        from harness.engines.aws.clients import table_names

        return frozenset(table_names(self.dynamodb()))

    def _holds_items(self, name: str) -> bool:
        from harness.engines.aws.clients import holds_items

        return holds_items(self.dynamodb(), name)

    def _missing(self, table: Table) -> str:
        say = "make it, or say `create_tables: true`" if table.create else "make it, or name it in `subject_tables`"
        return f"{_SETTING}.{self.region}: there is no table {table.name} at {join_address(self._address)}: {say}"

    def _full(self, name: str) -> str:
        at = join_address(self._address)
        return (
            f"{_SETTING}.{self.region}: the table {name} at {at} holds items, which a drill would take for its own and "
            "delete: empty it, or let the subject use another one"
        )

    def _left_over(self, name: str) -> str:
        at = join_address(self._address)
        return (
            f"{_SETTING}.{self.region}: the table {name} at {at} is there already, and a drill begins without it: "
            "delete it, or take it out of `subject_tables`"
        )

    def status(self) -> Sequence[StatusLine]:
        """Where its database is, and that it is not ours."""
        return (StatusLine(f"DynamoDB {self.region}", join_address(self._address), "not started here"),)

    def versions(self) -> Mapping[str, str]:
        """Nothing tells what it is: where it is stands for it."""
        return {f"endpoint {self.region}": self._spec.endpoints[self.region]}


def build(blueprint: Blueprint, spec: Spec) -> list[Endpoint]:
    """One for each region that has a database."""
    return [Endpoint(blueprint, spec, region) for region in blueprint.environment.databases]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether each address is a DynamoDB, and which hosts a drill would reach."""
    for region in blueprint.environment.databases:
        address = address_of(spec.endpoints[region])
        what, wrong = f"endpoint {region}", not_dynamodb(address, region)
        if wrong is not None:
            yield Diagnosis(what, State.FAIL, wrong, "start it, or mend the address")
        elif is_loopback(address[0]):
            yield Diagnosis(what, State.OK, f"a DynamoDB at {join_address(address)}")
        else:
            yield Diagnosis(
                what, State.WARN, f"a DynamoDB at {join_address(address)}, which is not this machine",
                "a drill writes to its tables there",
            )  # fmt: skip
