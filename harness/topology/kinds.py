"""Which kinds of parts there are, found where they lie: nobody lists them.

A part is a folder `harness/parts/FAMILY/KIND` with `spec.py` and `part.py` (see harness.world.part). Another package
brings one by an entry point in the group `drill_harness.parts`, named `FAMILY.KIND`, whose value is the folder's import
name. Where several sections share a family, `SECTION` in its spec.py says for which one it is.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType

from harness.errors import InputError
from harness.topology.environment import Environment, Spec
from harness.topology.environment import Section as Given
from harness.topology.mistakes import Mistake
from harness.topology.subject import Subject

GROUP = "drill_harness.parts"
_HOME = "harness.parts"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MUST_HAVE = {
    "spec": ("SPEC", "PRELOAD"),
    "part": ("build",),
    "law": ("law", "MILESTONES"),
    "terms": ("terms", "no_way", "preview"),
    "files": ("refuse",),
}
_HEALING = {"links": ("heal", "broken")}
"""What `healing` must have, by section; of the others it takes away what outlives a killed harness."""


@dataclass(frozen=True)
class Section:
    """A section of the environment file that names a part. family: the wing it is found in; default: its kind, None
    where a world has such a part only if the file names one."""

    key: str
    family: str
    default: str | None = None


SECTIONS = (
    Section("links", "links", "toxiproxy"),
    Section("platform", "platform", "processes"),
    Section("region_servers", "regions", "moto"),
    Section("replication", "data"),
    Section("recovery", "data"),
    Section("third_parties", "commerce"),
    Section("load_balancer", "edge", "load_balancer"),
    Section("gateway", "edge", "gateway"),
    Section("functions", "data"),
    Section("steering", "steering", "route53"),
    Section("shop", "commerce"),
    Section("dns", "dns"),
)
"""In the order in which parts are started and, after a drill, set back."""


def section_named(key: str) -> Section:
    """The section of that key. Raises KeyError."""
    return next(section for section in SECTIONS if section.key == key)


def chosen(environment: Environment) -> Iterator[tuple[Section, Given]]:
    """The sections that give a world its parts, with what the file says there."""
    for section in SECTIONS:
        given = environment.section(section.key)
        if section.default is not None or given.kind is not None or given.settings:
            yield section, given


def known(section: Section) -> Mapping[str, str]:
    """Kind -> import name of its folder, for every kind that can be used in a section; those of this package win."""
    return {kind: folder for kind, folder in sorted(_folders(section.family).items()) if _is_usable(section, kind)}


def folder_of(section: Section, kind: str | None) -> str:
    """The import name of a kind's folder (None: the default). Raises InputError that lists the kinds there are."""
    kind = kind or section.default
    if kind is None:
        raise InputError(f"{section.key} says no kind; {_there_are(section)}")
    home = _at_home(section.family)
    found = home.get(kind) or _folders(section.family).get(kind)  # what other packages bring takes long to list
    if found is None:
        raise InputError(f"no part is called {kind!r}; {_there_are(section)}")
    return found


def spec_of(section: Section, kind: str | None) -> type[Spec]:
    """What the section may say for that kind (None: the default). Raises InputError for an unknown kind."""
    spec: type[Spec] = load(section, kind, "spec").SPEC
    return spec


def checked(section: Section, given: Given) -> Spec:
    """What a section says, as the spec of the part that it names. Raises InputError, pydantic's ValidationError."""
    return spec_of(section, given.kind).model_validate(given.settings)


def mistakes_of(environment: Environment) -> Iterator[Mistake]:
    """What the parts that an environment names find wrong with it as a whole: with keys that they cannot follow."""
    for section, given in chosen(environment):
        found = load(section, given.kind, "spec")
        yield from getattr(found, "mistakes", lambda _: ())(environment)


def subject_mistakes_of(subject: Subject, environment: Environment) -> Iterator[Mistake]:
    """What they find wrong with a subject that is to run there: what it says of them, and they do not have."""
    for section, given in chosen(environment):
        found = load(section, given.kind, "spec")
        yield from getattr(found, "subject_mistakes", lambda _: ())(subject)


def load(section: Section, kind: str | None, module: str) -> ModuleType:
    """A module of a kind's folder, for instance `part`, that has what it must have.

    Raises InputError for an unknown kind, one of another section, or a broken one.
    """
    found = _imported(section, kind, module)
    if module == "spec":
        declared = _section_of(found, section)
        if declared != section.key:
            text = f"{kind} is a part for the section {declared}, not for {section.key}"
            raise InputError(f"{text}; {_there_are(section)}")
    return found


def _imported(section: Section, kind: str | None, module: str) -> ModuleType:
    folder, kind = folder_of(section, kind), kind or section.default
    try:
        found = importlib.import_module(f"{folder}.{module}")
    except Exception as error:  # whatever a package of somebody else's does when it is imported
        reason = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise InputError(f"the part {kind!r} cannot be used ({folder}): {reason}") from error
    must = _HEALING.get(section.key, ("take_away",)) if module == "healing" else _MUST_HAVE.get(module, ())
    missing = [name for name in must if not hasattr(found, name)]
    if missing:
        raise InputError(f"the part {kind!r} cannot be used: {folder}.{module} has no {', '.join(missing)}")
    if module == "spec" and not (isinstance(found.SPEC, type) and issubclass(found.SPEC, Spec)):
        raise InputError(f"the part {kind!r} cannot be used: SPEC of {folder}.spec is no {Spec.__module__}.Spec")
    if module == "spec" and not _are_pairs(found.PRELOAD):
        text = 'PRELOAD must be pairs of a group and a module, such as (("net", "mine.server"),)'
        raise InputError(f"the part {kind!r} cannot be used ({folder}.spec): {text}")
    return found


def is_module(name: str) -> bool:
    """Whether there is a module of that name; it is not imported, only what it lies in."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _are_pairs(preload: object) -> bool:
    return isinstance(preload, list | tuple) and all(
        isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(word, str) for word in pair) for pair in preload
    )


def _section_of(spec: ModuleType, section: Section) -> str:
    """Which section a part is for. Where several share a family, it must say so itself."""
    sharing = [other.key for other in SECTIONS if other.family == section.family]
    declared = getattr(spec, "SECTION", section.key if len(sharing) == 1 else None)
    if declared is None:
        raise InputError(f"{spec.__name__} must say which SECTION its part is for: {' or '.join(sharing)}")
    return str(declared)


def _is_usable(section: Section, kind: str) -> bool:
    """A broken part is no kind to offer; whoever names it is told why."""
    try:
        _imported(section, kind, "part")
        return _section_of(_imported(section, kind, "spec"), section) == section.key
    except InputError:
        return False


def _there_are(section: Section) -> str:
    return f"there are: {', '.join(known(section)) or 'none'}"


def _folders(family: str) -> dict[str, str]:
    """Kind -> import name of everything that claims to be a part of a family; nothing of it is imported."""
    points = (point for point in metadata.entry_points(group=GROUP) if point.name.startswith(f"{family}."))
    found = {point.name.partition(".")[2]: point.value for point in points} | _at_home(family)
    return {kind: folder for kind, folder in found.items() if _NAME.fullmatch(kind)}


def _at_home(family: str) -> dict[str, str]:
    """Those of this package."""
    places = importlib.import_module(f"{_HOME}.{family}").__path__
    kinds = (part.parent.name for place in places for part in Path(place).glob("*/part.py"))
    return {kind: f"{_HOME}.{family}.{kind}" for kind in kinds}
