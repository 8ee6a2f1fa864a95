"""Mistakes that no single field shows: roles, names that must agree, records outside of their zone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from harness.names import OUTSIDE
from harness.topology.environment import Environment
from harness.topology.subject import EACH, Subject


@dataclass(frozen=True)
class Mistake:
    """location: path of keys and indexes to the place in the file."""

    location: tuple[int | str, ...]
    text: str


def environment_mistakes(environment: Environment) -> list[Mistake]:
    """Everything wrong with an environment as a whole."""
    mistakes = []
    roles = Counter(region.role for region in environment.regions)
    if len(environment.regions) != 2 or roles != Counter(primary=1, standby=1):
        given = ", ".join(f"{region.name} ({region.role})" for region in environment.regions) or "none"
        mistakes.append(Mistake(("regions",), f"regions: needs one primary and one standby, got: {given}"))
    for name, count in Counter(region.name for region in environment.regions).items():
        if count > 1:
            mistakes.append(Mistake(("regions",), f"regions: {name} is named {count} times"))
    for index, region in enumerate(environment.regions):
        if region.name in (OUTSIDE, EACH):
            mistakes.append(
                Mistake(("regions", index), f"regions.{index}.name: `{region.name}` has a meaning of its own")
            )
    zone, record = environment.edge.hosted_zone, environment.edge.record
    if record != zone and not record.endswith("." + zone):
        mistakes.append(Mistake(("edge",), f"edge.record: {record} is not in the hosted zone {zone}"))
    edge = environment.edge
    if edge.port and edge.port == edge.dns_port:
        mistakes.append(Mistake(("edge",), "edge.dns_port: must differ from edge.port"))
    return mistakes


def subject_mistakes(subject: Subject, environment: Environment) -> list[Mistake]:
    """Everything wrong with a subject as a whole, in the environment that it is to run in."""
    mistakes = []
    places = (EACH, OUTSIDE, *(region.name for region in environment.regions))
    for index, component in enumerate(subject.components):
        if component.region not in places:
            text = f"components.{index}.region: {component.region} is unknown here; one of: {', '.join(places)}"
            mistakes.append(Mistake(("components", index, "region"), text))
    names = [component.name for component in subject.components]
    for name, count in Counter(names).items():
        if count > 1:
            mistakes.append(Mistake(("components",), f"components: {name} is named {count} times"))
    served = [c for c in subject.components if c.port_env and c.region == EACH]
    if len(served) != 1:
        text = f"components: exactly one needs `region: each` and `port_env` (the application), got {len(served)}"
        mistakes.append(Mistake(("components",), text))
    for index, name in enumerate(subject.failover.components):
        if name not in names:
            text = f"failover.components.{index}: no component {name}; one of: {', '.join(names)}"
            mistakes.append(Mistake(("failover", "components", index), text))
    for table, count in Counter(table.name for table in subject.tables).items():
        if count > 1:
            mistakes.append(Mistake(("tables",), f"tables: {table} is named {count} times"))
    return mistakes
