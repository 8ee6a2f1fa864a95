"""Who calls AWS from within a world, over links of their own: the subject's instances, and functions of regions."""

from __future__ import annotations

from dataclasses import dataclass

from harness.names import FUNCTIONS, instance_name
from harness.world.part import Blueprint


@dataclass(frozen=True)
class Caller:
    """name: of its listener at the gateway, and of the source of its links. place: where it runs; home: the region
    whose database it uses, "" when it has none of its own. component: of the subject, or `functions`."""

    name: str
    place: str
    component: str
    home: str


def callers(blueprint: Blueprint) -> list[Caller]:
    """All of a world. A region has functions where the environment names a part for them."""
    environment = blueprint.environment
    found = [
        Caller(one.name, one.place, one.component.name, environment.home_of(one.place))
        for one in blueprint.subject.instances(environment)
    ]
    if environment.functions.kind is not None:
        found += [
            Caller(instance_name(FUNCTIONS, region), region, FUNCTIONS, region) for region in environment.databases
        ]
    return found
