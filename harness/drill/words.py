"""What words of a step mean in an environment, and that they mean anything."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from harness.errors import InputError
from harness.topology.environment import Environment


def place_of(words: str, environment: Environment) -> str:
    """The place that `the primary region`, `the ROLE region` or `[region] NAME` means.

    Raises InputError that lists the places when there is none.
    """
    named = words.removeprefix("the ").removeprefix("region ").removesuffix(" region")
    by_role = environment.place_with_role(named)
    if by_role is not None:
        return by_role.name
    if environment.place_named(named) is None:
        known = [place.name for place in environment.places]
        raise InputError(f"unknown region {named}; this environment has: {', '.join(known)}{_near(named, known)}")
    return named


def _near(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
