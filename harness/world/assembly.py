"""Puts a world together from the parts that its environment names, in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import WorldError
from harness.topology import kinds
from harness.topology.environment import Environment
from harness.world.links import LinkServer
from harness.world.part import Blueprint, Ground, Kind, Net, Part
from harness.world.platform import Platform
from harness.world.regions import RegionServer
from harness.world.steering import Steering


def preloads(environment: Environment) -> dict[str, list[str]]:
    """Group of processes -> the modules that its parent imports once, for every part of an environment."""
    groups: dict[str, list[str]] = {}
    for section in kinds.SECTIONS:
        for group, module in kinds.load(section, environment.section(section.key).kind, "spec").PRELOAD:
            modules = groups.setdefault(group, [])
            if module not in modules:
                modules.append(module)
    return groups


def build(blueprint: Blueprint) -> list[Part]:
    """The parts of a world, not started. Raises InputError for a kind that does not exist, or two parts of one name."""
    found: list[Part] = []
    for section in kinds.SECTIONS:
        given = blueprint.environment.section(section.key)
        spec = kinds.spec_of(section, given.kind).model_validate(given.settings)
        found.extend(kinds.load(section, given.kind, "part").build(blueprint, spec))
    names = [part.name for part in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise WorldError(f"several parts are called {', '.join(twice)}")
    return found


def assemble(parts: Sequence[Part], blueprint: Blueprint, ground: Ground) -> Net:
    """Start the parts and connect them. Whatever they started by then goes away with the ground, however this ends."""
    for part in parts:
        part.start(ground)
    arrows = [arrow for part in parts for arrow in part.arrows()]
    arrows.sort(key=lambda arrow: arrow.link.service != "http")  # what clients meet first is listed first
    (links,) = _of(LinkServer, parts)
    listening = links.populate(arrows)
    net = Net(
        blueprint, tuple(parts), tuple(arrows), listening, ground.edges, ground, {part.name: part for part in parts}
    )
    for part in parts:
        part.connect(net)
    return net


def _of(kind: type[Kind], parts: Iterable[Part]) -> list[Kind]:
    return [part for part in parts if isinstance(part, kind)]


@dataclass(frozen=True)
class Seams:
    """The parts of an assembled world by what they do. regions: by the region's name."""

    links: LinkServer
    platform: Platform
    steering: Steering
    regions: Mapping[str, RegionServer]


def seams_of(parts: Sequence[Part]) -> Seams:
    """Raises ValueError when a world has not exactly one of what there must be one of."""
    (links,), (platform,), (steering,) = _of(LinkServer, parts), _of(Platform, parts), _of(Steering, parts)
    return Seams(links, platform, steering, {part.region: part for part in _of(RegionServer, parts)})
