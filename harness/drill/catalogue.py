"""Which drills there are: scenarios of feature files, by slug."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_bdd.exceptions import GherkinParseError
from pytest_bdd.parser import FeatureParser

from harness.drill.slug import slug
from harness.errors import InputError, Problem
from harness.topology.shipped import feature_folders


@dataclass(frozen=True)
class KnownDrill:
    """One scenario. file: the feature file; line: where the scenario starts."""

    name: str
    scenario: str
    feature: str
    file: Path
    line: int
    tags: tuple[str, ...]


def drills_in(file: Path) -> list[KnownDrill]:
    """The scenarios of one feature file, in its order. Raises InputError with file and line when it is no Gherkin."""
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    try:
        feature = FeatureParser(str(file.parent), file.name).parse()
    except GherkinParseError as error:
        told = f"not a feature: {error.message} ({error.line_content.strip()})"
        raise InputError(Problem(str(file), error.line, told)) from error
    except KeyError as error:  # how pytest-bdd tells of a file with nothing but comments in it
        raise InputError(Problem(str(file), None, "not a feature: there is none in it")) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Problem(str(file), None, f"cannot be read: {error}")) from error
    empty = [s for s in feature.scenarios.values() if not s.steps]
    if empty:
        raise InputError(*(Problem(str(file), s.line_number, f"scenario {s.name!r} has no steps") for s in empty))
    return [
        KnownDrill(slug(s.name), s.name, feature.name or file.stem, file, s.line_number, tuple(sorted(s.tags)))
        for s in feature.scenarios.values()
    ]


def known_drills() -> list[KnownDrill]:
    """All drills that can be named: those of the nearest `features/` folder win over shipped ones of the same name."""
    found: dict[str, KnownDrill] = {}
    for folder in feature_folders():
        for file in sorted(folder.glob("**/*.feature")):
            for drill in drills_in(file):
                found.setdefault(drill.name, drill)
    return list(found.values())


def select(wanted: Sequence[str]) -> list[KnownDrill]:
    """The drills of names and feature files; all that are known when none is wanted.

    Raises InputError for every name that is no drill, with the nearest ones.
    """
    if not wanted:
        return known_drills()
    chosen: list[KnownDrill] = []
    problems: list[str | Problem] = []
    known = {drill.name: drill for drill in known_drills()}
    for word in wanted:
        if word.endswith(".feature"):
            found = drills_in(Path(word))
            chosen.extend(found)
            problems.extend(() if found else (Problem(word, None, "has no scenario"),))
        elif word in known:
            chosen.append(known[word])
        else:
            near = difflib.get_close_matches(word, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
            problems.append(f"unknown drill {word}: {hint}")
    if problems:
        raise InputError(*problems)
    return chosen
