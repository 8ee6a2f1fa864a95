"""What words of a step mean in an environment, and that they mean anything."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from harness.errors import InputError
from harness.names import DYNAMODB, OUTSIDE
from harness.topology.environment import Environment
from harness.topology.subject import Subject


def place_of(words: str, environment: Environment) -> str:
    """The place that `the primary region`, `the ROLE region` or `[region] NAME` means.

    Raises InputError that lists the places when there is none.
    """
    named = words.removeprefix("the ").removeprefix("region ").removesuffix(" region")
    by_role = environment.place_with_role(named)
    if by_role is not None:
        return by_role.name
    if environment.place_named(named) is None:
        raise _unknown("region", named, [place.name for place in environment.places], "this environment has")
    return named


def target_of(words: str, environment: Environment, service: str | None = None) -> str:
    """What a fault on `the primary region`, `region NAME` ... hits: the place, or the region of a database.

    A database is lost where it is: in the region whose database the place uses. Raises InputError.
    """
    named = words.removeprefix("region ")
    if named in environment.databases and environment.place_named(named) is None:
        return named
    place = place_of(words, environment)
    return environment.database_of(place) if service == DYNAMODB else place


def healed_by(words: str, environment: Environment) -> tuple[str, frozenset[str]]:
    """Whose heal `the primary region heals`, `region NAME heals` is: its name, and the targets of the faults that heal.

    A place heals with its database; where a region is named that is only somebody's database, that alone. Raises
    InputError.
    """
    name = target_of(words, environment)
    place = environment.place_named(name)
    return name, frozenset({name} if place is None else {name, place.database_name})


def ends_of(words: str, environment: Environment) -> str:
    """Where links into `the primary region`, `region NAME` ... end: the place, and its database; with commas."""
    return ",".join(sorted(healed_by(words, environment)[1]))


def location_of(name: str, environment: Environment) -> str:
    """A place, the region of a database, or `outside`, as one end of a link. Raises InputError."""
    known = [*environment.locations, OUTSIDE]
    if name not in known:
        raise _unknown("place", name, known, "this environment has")
    return name


def instance_of(name: str, subject: Subject, environment: Environment) -> str:
    """A process that the subject runs, such as `monitor.outside`, or all of a component; several with commas.

    Raises InputError.
    """
    known = [instance.name for instance in subject.instances(environment)]
    for one in name.split(","):
        if one not in (*known, *(component.name for component in subject.components)):
            raise _unknown("process", one, known, f"{subject.subject} runs")
    return name


def components_missing(names: Sequence[str], subject: Subject) -> list[str]:
    """Those of some components that a subject does not run."""
    known = {component.name for component in subject.components}
    return [name for name in names if name not in known]


def journeys_missing(names: Sequence[str], subject: Subject) -> list[str]:
    """Those of some journeys that a subject's file does not name."""
    known = {journey.name for journey in subject.workload.journeys}
    return [name for name in names if name not in known]


def deciders_of(subject: Subject) -> str:
    """The components that decide about failover, as a target; "" when the subject's file names none."""
    return ",".join(subject.failover.components)


def _unknown(what: str, name: str, known: Sequence[str], who: str) -> InputError:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return InputError(f"unknown {what} {name}; {who}: {', '.join(known)}{hint}")
