"""Puts a world together from the parts that its environment names, in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import InputError, Problem
from harness.topology import kinds
from harness.topology.environment import Environment
from harness.topology.subject import Subject
from harness.world.foreign import calling
from harness.world.functions import Functions
from harness.world.links import LinkServer
from harness.world.load_balancer import LoadBalancer, missing_links
from harness.world.naming import NameService
from harness.world.part import Blueprint, Ground, Net, Part, parts_of
from harness.world.parties import ThirdParty
from harness.world.platform import Platform
from harness.world.regions import RegionServer
from harness.world.shop import Shop
from harness.world.steering import Steering
from harness.world.wires import Arrow

_SEAMS: Mapping[str, type[Part]] = {
    "links": LinkServer,
    "platform": Platform,
    "region_servers": RegionServer,
    "replication": Part,
    "recovery": Part,
    "third_parties": ThirdParty,
    "load_balancer": LoadBalancer,
    "gateway": Part,
    "functions": Functions,
    "shop": Shop,
    "steering": Steering,
    "dns": NameService,
}
"""What the parts of a section must be."""
_ONE = ("links", "platform", "steering", "dns")
"""Sections that give exactly one part."""


def preloads(environment: Environment) -> dict[str, list[str]]:
    """Group of processes -> the modules that its parent imports once, for every part of an environment.

    Raises InputError for a module that there is not.
    """
    groups: dict[str, list[str]] = {}
    for section, given in kinds.chosen(environment):
        for group, module in kinds.load(section, given.kind, "spec").PRELOAD:
            modules = groups.setdefault(group, [])
            if not kinds.is_module(module):
                raise InputError(f"{section.key}: PRELOAD names {module}, which cannot be imported")
            if module not in modules:
                modules.append(module)
    return groups


def refuse_files(environment: Environment, subject: Subject) -> None:
    """Whether the files that an environment's parts name can be used: before anything is started, and all at once.

    A part that names some has `files.py` with `refuse(environment, subject, spec)`. Raises InputError with every
    mistake of every part's files.
    """
    problems: list[Problem | str] = []
    for section, given in kinds.chosen(environment):
        if not kinds.is_module(f"{kinds.folder_of(section, given.kind)}.files"):
            continue
        try:
            with calling(f"{section.key}.kind: {given.kind or section.default}", "refuse"):
                kinds.load(section, given.kind, "files").refuse(environment, subject, kinds.checked(section, given))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)


def build(blueprint: Blueprint) -> list[Part]:
    """The parts of a world, not started.

    Raises InputError for a kind that cannot be used, for parts that do not fit their section, and for two of one name.
    """
    found: list[Part] = []
    sections: dict[str, list[str]] = {}
    for section, _ in kinds.chosen(blueprint.environment):
        for part in _built(section, blueprint):
            found.append(part)
            sections.setdefault(part.name, []).append(section.key)
    twice = [f"{name} ({', '.join(keys)})" for name, keys in sorted(sections.items()) if len(keys) > 1]
    if twice:
        raise InputError(f"several parts are called {'; '.join(twice)}: no place and no database may be called so")
    return found


def _built(section: kinds.Section, blueprint: Blueprint) -> Sequence[Part]:
    given = blueprint.environment.section(section.key)
    spec = kinds.checked(section, given)
    kind = f"{section.key}.kind: {given.kind or section.default}"
    with calling(kind, "build"):
        parts: Sequence[Part] = tuple(kinds.load(section, given.kind, "part").build(blueprint, spec))
    who, seam = f"{kind} gives", _SEAMS[section.key]
    for part in parts:
        if not isinstance(part, seam):
            raise InputError(f"{who} a {type(part).__name__}, which is no {seam.__module__}.{seam.__name__}")
    if section.key in _ONE and len(parts) != 1:
        raise InputError(f"{who} {len(parts)} parts; a world has one")
    has = {where for part in parts if (where := _where(part)) is not None}
    wanted = {"load_balancer": _places(blueprint), "region_servers": blueprint.environment.databases}
    missing = [name for name in wanted.get(section.key, ()) if name not in has]
    if missing:
        raise InputError(f"{who} no part for {', '.join(missing)}")
    return parts


def _where(part: Part) -> str | None:
    if isinstance(part, LoadBalancer):
        return part.place
    return part.region if isinstance(part, RegionServer) else None


def _places(blueprint: Blueprint) -> Sequence[str]:
    return [place.name for place in blueprint.environment.places]


def assemble(parts: Sequence[Part], blueprint: Blueprint, ground: Ground) -> Net:
    """Start the parts and connect them. Whatever they started by then goes away with the ground, however this ends.

    Raises InputError when a part does not bring the links that others need, WorldError when one fails.
    """
    for part in parts:
        with calling(part.name, "start"):
            part.start(ground)
    arrows: list[Arrow] = []
    for part in parts:
        with calling(part.name, "arrows"):
            arrows.extend(part.arrows())
    arrows.sort(key=lambda arrow: arrow.link.service != "http")  # what clients meet first is listed first
    for section, name in missing_links(blueprint, arrows):
        kind = blueprint.environment.section(section).kind or kinds.section_named(section).default
        raise InputError(f"{section}.kind: {kind} does not bring the link {name} (see harness.world.load_balancer)")
    (links,) = parts_of(LinkServer, parts)
    listening = {arrow.link.name: arrow.listen for arrow in arrows if arrow.carrier}
    listening.update(links.populate([arrow for arrow in arrows if not arrow.carrier]))
    net = Net(
        blueprint, tuple(parts), tuple(arrows), listening, ground.edges, ground, {part.name: part for part in parts}
    )
    for part in parts:
        with calling(part.name, "connect"):
            part.connect(net)
    return net


@dataclass(frozen=True)
class Seams:
    """The parts of an assembled world by what they do. regions: by the region's name."""

    links: LinkServer
    platform: Platform
    steering: Steering
    regions: Mapping[str, RegionServer]


def seams_of(parts: Sequence[Part]) -> Seams:
    """Of the parts of one world, as `build` gives them."""
    (links,), (platform,), (steering,) = (
        parts_of(LinkServer, parts),
        parts_of(Platform, parts),
        parts_of(Steering, parts),
    )
    return Seams(links, platform, steering, {part.region: part for part in parts_of(RegionServer, parts)})
