"""What a comparison is to run, checked as a whole before any of it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.cli import compare_variants
from harness.cli import options as shared
from harness.cli.compare_variants import Asked, Known
from harness.cli.parts_diagnosis import parts
from harness.drill.catalogue import KnownDrill, select, typed
from harness.drill.compared import Way
from harness.errors import InputError, Problem
from harness.kit.plain_numbers import number, whole
from harness.topology.environment import LONGEST_S
from harness.topology.timing import Profile
from harness.world.diagnosis import State
from harness.world.steering import INTERVAL, THRESHOLD, TTL

THRESHOLD_MAX = 100


@dataclass(frozen=True)
class Given:
    """What was asked for, as it was typed."""

    environments: Sequence[str]
    outages: Sequence[str]
    asked: Mapping[str, Sequence[str]]
    profile: str | None = None
    seed: str | None = None
    reports: str | None = None


@dataclass(frozen=True)
class Plan:
    """drills: the outages. folder: of the comparison. reruns: how often a drill that proves nothing is run again.
    left_out: by a way's label, why it is not run."""

    ways: tuple[tuple[Way, Known], ...]
    drills: tuple[KnownDrill, ...]
    folder: Path
    profile: Profile
    seed: int
    reruns: int
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def outages(self) -> tuple[str, ...]:
        """The names of the drills."""
        return tuple(drill.name for drill in self.drills)

    @property
    def typed(self) -> tuple[str, ...]:
        """What `drill run` takes for them."""
        return tuple(typed(drill.file, drill.name) for drill in self.drills)


def plan(given: Given) -> Plan:
    """What is to be run. Raises InputError with everything that is wrong, and where nothing is left to run."""
    problems: list[Problem | str] = []
    with _gathering(problems):
        drills = select(given.outages)
    with _gathering(problems):
        values = values_of(given.asked)
    known = compare_variants.known(given.environments, problems)
    first = str(known[0].path) if known else given.environments[0]
    for said in ({"profile": given.profile}, {"seed": given.seed}, {"reports": given.reports}) if known else ():
        with _gathering(problems):
            shared.resolved(environment=first, **said)
    for one in known:
        with _gathering(problems):
            shared.resolved(environment=str(one.path))
    if problems:
        raise InputError(*dict.fromkeys(problems))
    options = shared.resolved(environment=first, profile=given.profile, seed=given.seed, reports=given.reports)
    ways = tuple(compare_variants.ways(known, values))
    left_out = {way.label: why for way, one in ways if (why := _why_not(way, one))}
    if len(left_out) == len(ways):
        raise InputError(*(f"{label}: {why}" for label, why in left_out.items()))
    folder = options.reports if given.reports is not None else options.reports / "compare"
    return Plan(
        ways, tuple(drills), folder, options.timing.profile, options.seed, max(1, options.rerun_invalid), left_out
    )


@contextmanager
def _gathering(problems: list[Problem | str]) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        problems.extend(error.problems)


def values_of(asked: Mapping[str, Sequence[str]]) -> Asked:
    """Numbers, of what was typed. Raises InputError for each that is none, or that nobody can mean."""
    problems: list[str] = []

    def read(word: str, text: str) -> float:
        try:
            value = whole(text) if word == THRESHOLD else number(text)
            most = THRESHOLD_MAX if word == THRESHOLD else LONGEST_S
            if not 1 <= value <= most:
                raise ValueError(f"must be from 1 to {most:g}")
        except ValueError as error:
            problems.append(f"--{word} {text}: {error}")
            return 0
        return value

    found = {word: [read(word, text) for text in asked.get(word, ())] for word in (TTL, INTERVAL, THRESHOLD)}
    if problems:
        raise InputError(*problems)
    return found


def _why_not(way: Way, one: Known) -> str:
    """Why a way cannot be run, "" where it can: it does not take what is asked for, or this machine lacks something."""
    with TemporaryDirectory(prefix="drill-compare-") as folder:
        try:
            file = compare_variants.file_of(way, one, Path(folder))
            found = parts(shared.resolved(environment=str(file)))
            lacks = [one for one in found if one.state is State.FAIL]
        except InputError as error:
            return str(error).replace("\n", "; ")
    return f"{lacks[0].text}; {lacks[0].hint}".rstrip("; ") if lacks else ""
