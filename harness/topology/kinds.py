"""Which kinds of parts there are, found where they lie: nobody lists them.

A part is a folder `harness/parts/FAMILY/KIND` with `spec.py` and `part.py` (see harness.world.part). Another package
brings one by an entry point in the group `drill_harness.parts`, named `FAMILY.KIND`, whose value is the folder's import
name.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from types import ModuleType

from harness.errors import InputError
from harness.topology.environment import Spec

GROUP = "drill_harness.parts"
_HOME = "harness.parts"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Section:
    """A section of the environment file that names a part. family: the wing it is found in; default: its kind."""

    key: str
    family: str
    default: str


SECTIONS = (
    Section("links", "links", "toxiproxy"),
    Section("platform", "platform", "processes"),
    Section("region_servers", "regions", "moto"),
    Section("load_balancer", "edge", "load_balancer"),
    Section("gateway", "edge", "gateway"),
    Section("steering", "steering", "route53"),
)
"""In the order in which parts are started and, after a drill, set back."""


def section_named(key: str) -> Section:
    """The section of that key. Raises KeyError."""
    return next(section for section in SECTIONS if section.key == key)


def known(family: str) -> Mapping[str, str]:
    """Kind -> import name of its folder, for every kind of a family; those of this package win."""
    found = {point.name.partition(".")[2]: point.value for point in _points() if point.name.startswith(f"{family}.")}
    package = importlib.import_module(f"{_HOME}.{family}")
    found.update((module.name, f"{_HOME}.{family}.{module.name}") for module in pkgutil.iter_modules(package.__path__))
    return {kind: folder for kind, folder in sorted(found.items()) if _is_part(folder)}


def folder_of(family: str, kind: str) -> str:
    """The import name of a kind's folder. Raises InputError that lists the kinds there are."""
    if _NAME.fullmatch(kind):
        home = f"{_HOME}.{family}.{kind}"
        if _is_part(home):
            return home
        point = next((point for point in _points() if point.name == f"{family}.{kind}"), None)
        if point is not None:
            return point.value
    raise InputError(f"no part is called {kind!r}; there are: {', '.join(known(family)) or 'none'}")


def spec_of(section: Section, kind: str | None) -> type[Spec]:
    """What the section may say for that kind (None: the default). Raises InputError for an unknown kind."""
    spec: type[Spec] = load(section, kind, "spec").SPEC
    return spec


def load(section: Section, kind: str | None, module: str) -> ModuleType:
    """A module of a kind's folder, for instance `part`. Raises InputError for an unknown kind, or a broken one."""
    folder = folder_of(section.family, kind or section.default)
    try:
        return importlib.import_module(f"{folder}.{module}")
    except ImportError as error:
        raise InputError(f"the part {folder} cannot be used: {error}") from error


def _points() -> metadata.EntryPoints:
    return metadata.entry_points(group=GROUP)


def _is_part(folder: str) -> bool:
    try:
        return importlib.util.find_spec(f"{folder}.part") is not None
    except ImportError:
        return False
