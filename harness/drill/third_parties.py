"""What steps say of third parties, by what the environment file says of them."""

from __future__ import annotations

from typing import Any

from harness.errors import InputError
from harness.topology import kinds
from harness.topology.environment import Environment


def party_of(words: str, environment: Environment) -> str:
    """The name of a third party as steps write it: `ERP` is `erp`.

    Raises InputError where the environment has third parties, and none of that name.
    """
    name, known = words.lower(), _said(environment, "systems")
    if known is not None and name not in known:
        raise InputError(f"no third party is called {name}; there are: {', '.join(known)}")
    return name


def days_of(days: int, environment: Environment) -> float:
    """How long so many days of a third party's maintenance last in a drill, in production seconds."""
    day_s = _said(environment, "day_s")
    return float(days) if day_s is None else days * float(day_s)


def _said(environment: Environment, key: str) -> Any:
    section = kinds.section_named("third_parties")
    given = environment.section(section.key)
    return None if given.kind is None else getattr(kinds.checked(section, given), key, None)
