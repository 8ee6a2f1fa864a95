"""Region servers that exist already, wherever they are: used as they are, and left as they were found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.engines.aws.calls import not_dynamodb
from harness.kit.address import is_loopback, join_address
from harness.parts.regions.endpoint.spec import Endpoint as Spec
from harness.topology.endpoints import address_of
from harness.world.borrowed_region import BorrowedRegion
from harness.world.diagnosis import Diagnosis, State
from harness.world.part import Blueprint


class Endpoint(BorrowedRegion):
    """One region's address. Tables that were made here go away again; those that were there are emptied again."""

    called = "a server that is not ours"
    kind = "endpoint"

    def __init__(self, blueprint: Blueprint, spec: Spec, region: str) -> None:
        self._url = spec.endpoints[region]
        super().__init__(blueprint, region, address_of(self._url))
        self.setting = f"region_servers.endpoints.{region}"
        self.may_create = spec.create_tables
        self.made_by_subject = spec.subject_tables
        self.ordered_streams = spec.commits == "streams"

    def versions(self) -> Mapping[str, str]:
        """Nothing tells what it is: where it is stands for it."""
        return {f"endpoint {self.region}": self._url}


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
