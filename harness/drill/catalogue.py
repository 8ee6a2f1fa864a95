"""Which drills there are: scenarios of feature files, by slug."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

from gherkin.dialect import Dialect
from pytest_bdd.exceptions import GherkinParseError
from pytest_bdd.gherkin_parser import Child, GherkinDocument, get_gherkin_document
from pytest_bdd.parser import Examples, Feature, FeatureParser, ScenarioTemplate

from harness.drill.slug import slug
from harness.errors import InputError, Problem
from harness.topology.shipped import feature_folders

ENCODING = "utf-8-sig"
"""UTF-8, and whatever editors put in front of it."""
SUFFIX = ".feature"
SEPARATOR = "::"
"""Between a file and the name of one drill in it, as pytest has it."""


@dataclass(frozen=True)
class KnownDrill:
    """One scenario, or one example of an outline. file: the feature file; line: where the scenario starts."""

    name: str
    scenario: str
    feature: str
    file: Path
    line: int
    tags: tuple[str, ...]

    @property
    def place(self) -> tuple[Path, str]:
        """What makes it the same drill, however its file was spelled."""
        return self.file.resolve(), self.scenario


class NameClash(InputError):
    """Two drills of one name; an input error like any other, which pytest can tell before it collects anything."""


def titles(template: ScenarioTemplate) -> list[tuple[str, Mapping[str, str]]]:
    """The title of each drill of a scenario, with its example: one, or as many as an outline has examples.

    Examples whose titles would give the same name have their values in them, and a number when even that is the same.
    """
    examples = [example for table in template.examples for example in table.as_contexts()]
    if not examples:
        return [(template.name, {})]
    found = [template.render(example).name for example in examples]
    if len({slug(title) for title in found}) < len(found):
        found = [f"{t} ({', '.join(e.values())})" for t, e in zip(found, examples, strict=True)]
    return list(zip(_numbered(found), examples, strict=True))


def _numbered(found: Sequence[str]) -> list[str]:
    """The titles, with numbers behind those whose name is taken by an earlier one."""
    taken: set[str] = set()
    numbered = []
    for title in found:
        wanted = (title if number == 1 else f"{title} {number}" for number in range(1, len(found) + 2))
        unique = next((candidate for candidate in wanted if slug(candidate) not in taken), title)
        taken.add(slug(unique))
        numbered.append(unique)
    return numbered


def tags_of(template: ScenarioTemplate) -> list[frozenset[str]]:
    """The tags of each drill of a scenario, in the order of `titles`: its own, and those of all that it stands in."""
    rule = getattr(template, "rule", None)
    common = frozenset(template.feature.tags) | frozenset(template.tags) | frozenset(rule.tags if rule else ())
    tables = [common | own_tags(table) for table in template.examples for _ in table.as_contexts()]
    return tables or [common]


_TAKEN: WeakKeyDictionary[Examples, frozenset[str]] = WeakKeyDictionary()


def own_tags(table: Examples) -> frozenset[str]:
    """The tags that stand above an Examples block, those that `take_tags` took off among them."""
    return frozenset(table.tags) | _TAKEN.get(table, frozenset())


def take_tags(table: Examples, wanted: Callable[[str], bool]) -> None:
    """Take tags off an Examples block that must not become pytest marks: a mark's name has no colon in it."""
    taken = frozenset(tag for tag in table.tags if wanted(tag))
    _TAKEN[table] = own_tags(table) & (taken | _TAKEN.get(table, frozenset()))
    table.tags = set(table.tags) - taken


def drills_in(file: Path) -> list[KnownDrill]:
    """The drills of one feature file, in its order. Raises InputError with file and line for every mistake in it.

    A file is read again only when it has changed: whoever tells how a drill is typed asks for all of them each time.
    """
    state = file.stat() if file.is_file() else None
    told = () if state is None else (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    return list(_read(file, file.absolute(), told))


@lru_cache(maxsize=256)
def _read(file: Path, _absolute: Path, _state: tuple[int, ...]) -> Sequence[KnownDrill]:
    feature = _parse(file)
    problems = [problem for template in feature.scenarios.values() for problem in _mistakes(file, template)]
    if problems:
        raise InputError(*problems)
    drills = [
        KnownDrill(slug(title), title, feature.name or file.stem, file, s.line_number, tuple(sorted(tags)))
        for s in feature.scenarios.values()
        for (title, _), tags in zip(titles(s), tags_of(s), strict=True)
    ]
    refuse_clashes(drills)
    return tuple(drills)


def _parse(file: Path) -> Feature:
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    try:
        document = get_gherkin_document(str(file.absolute()), ENCODING)
        _refuse_hidden(file, document)
        return FeatureParser(str(file.parent), file.name, ENCODING).parse()
    except GherkinParseError as error:
        told = f"not a feature: {error.message.splitlines()[-1]} ({error.line_content.strip()})"
        raise InputError(Problem(str(file), error.line, told)) from error
    except KeyError as error:  # how pytest-bdd tells of a file with nothing but comments in it
        raise InputError(Problem(str(file), None, "not a feature: there is none in it")) from error
    except UnicodeDecodeError as error:
        raise InputError(Problem(str(file), None, f"is not UTF-8 text (byte {error.start})")) from error
    except OSError as error:
        raise InputError(Problem(str(file), None, f"cannot be read: {error.strerror or error}")) from error


def _refuse_hidden(file: Path, document: GherkinDocument) -> None:
    """pytest-bdd keeps the last of the scenarios with one title, and forgets the others without a word."""
    first: dict[str, int] = {}
    problems = []
    for title, line in _scenarios(document.feature.children):
        if first.setdefault(title, line) != line:
            problems.append(Problem(str(file), line, _clash(title, title, slug(title), f"{file}:{first[title]}")))
    if problems:
        raise NameClash(*problems)


def _scenarios(children: Iterable[Child]) -> Iterator[tuple[str, int]]:
    for child in children:
        if child.scenario is not None:
            yield child.scenario.name, child.scenario.location.line
        elif child.rule is not None:
            yield from _scenarios(child.rule.children)


def _mistakes(file: Path, template: ScenarioTemplate) -> Iterator[Problem]:
    line, name = template.line_number, template.name
    if not template.steps:
        yield Problem(str(file), line, f"scenario {name!r} has no steps")
    if not slug(name):
        yield Problem(str(file), line, f"scenario {name!r} needs a title with a letter or a digit: it is its name")
    if (template.templated or _is_outline(template)) and not any(template.examples):
        yield Problem(str(file), line, f"outline {name!r} has no examples")


def _is_outline(template: ScenarioTemplate) -> bool:
    """Whether its keyword means an outline in the language of its file, and nothing else."""
    dialect = Dialect.for_name(template.feature.language or "en")
    if dialect is None:
        return False
    keyword = template.keyword.strip()
    return keyword in dialect.scenario_outline_keywords and keyword not in dialect.scenario_keywords


def refuse_clashes(drills: Iterable[KnownDrill]) -> None:
    """Raises NameClash, with both places, for drills of one name: one of them would be taken for the other."""
    first: dict[str, KnownDrill] = {}
    problems = []
    for drill in drills:
        other = first.setdefault(drill.name, drill)
        if other is not drill:
            place = f"{other.file}:{other.line}"
            problems.append(
                Problem(str(drill.file), drill.line, _clash(drill.scenario, other.scenario, drill.name, place))
            )
    if problems:
        raise NameClash(*problems)


def _clash(title: str, other: str, name: str, place: str) -> str:
    by = "" if title == other else f" (by {other!r})"
    return f"scenario {title!r}: the name {name} is taken by {place}{by}; give one of the two another title"


def known_drills() -> list[KnownDrill]:
    """All drills that can be named: those of the nearest `features/` folder win over shipped ones of the same name.

    Raises InputError for a mistake in any of the files, and for two drills of one name in one folder.
    """
    found: dict[str, KnownDrill] = {}
    for folder in feature_folders():
        drills = [drill for file in sorted(folder.glob("**/*.feature")) for drill in drills_in(file)]
        refuse_clashes(drills)
        for drill in drills:
            found.setdefault(drill.name, drill)
    return list(found.values())


def select(wanted: Sequence[str]) -> list[KnownDrill]:
    """The drills of names, feature files, and FILE::NAME; all that are known when none is wanted. Each once.

    Raises InputError for every name that is no drill, with the nearest ones, and for different drills of one name.
    """
    if not wanted:
        return known_drills()
    chosen: dict[tuple[Path, str], KnownDrill] = {}
    problems: list[str | Problem] = []
    known = [] if all(SUFFIX in word for word in wanted) else known_drills()
    for word in wanted:
        try:
            for drill in _meant(word, known):
                chosen.setdefault(drill.place, drill)
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(*problems)
    refuse_clashes(chosen.values())
    return list(chosen.values())


def _meant(word: str, known: Sequence[KnownDrill]) -> Sequence[KnownDrill]:
    path, separator, name = word.partition(SEPARATOR)
    if not path.endswith(SUFFIX):
        return [_named(word, known)]
    found = drills_in(Path(path))
    if not found:
        raise InputError(Problem(path, None, "has no scenario"))
    return [_named(name, found)] if separator else found


def _named(name: str, drills: Sequence[KnownDrill]) -> KnownDrill:
    known = {drill.name: drill for drill in drills}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
        raise InputError(f"unknown drill {name}: {hint}")
    return known[name]


def typed(file: Path, name: str) -> str:
    """What has to be typed to run one drill again, from the current folder: its name, or FILE::NAME."""
    try:
        by_name = any(drill.name == name and drill.place[0] == file.resolve() for drill in known_drills())
    except InputError:  # some other file is broken; this one is not
        by_name = False
    if by_name:
        return name
    here = Path.cwd()
    shown = file.resolve()
    return f"{shown.relative_to(here) if shown.is_relative_to(here) else shown}{SEPARATOR}{name}"
