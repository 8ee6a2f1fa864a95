"""What the steps say, what each is for and how one is written: read off the step definitions themselves."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from importlib import import_module
from types import CodeType

from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

STEPS = "harness.pytest_plugin.steps."
"""The package of the steps that everybody has."""
_OF_PYTEST_BDD = "pytest_bdd."
PLACEHOLDERS = {
    "REGION": "the primary region, the standby region, the ROLE region for a role of the environment, or region NAME",
    "MODE": "black-holed (no answer), refused (an answer at once that nobody is there), or reset",
    "TROUBLE": "throttled (429 to every call) or failing (503 to every call)",
    "LOSS": "silent (calls are never answered) or failing (each is answered with an error of the service)",
    "BLIND": "reach nothing (to them every place is lost) or stand still (whatever they said last stays)",
    "ATTRIBUTE": "the name of an attribute of the items, of which the larger value is the newer one",
    "CONSISTENCY": "eventual (asynchronous, the last writer wins) or strong (synchronous to another region)",
    "COMPONENT": "a component of the subject, as its file names it",
    "VARIABLE": "the name of an environment variable",
    "VALUE": "what it holds, without blanks",
    "FILE": "a Python file, named from the subject's folder",
    "N": "a number; seconds in When and Then are production seconds, which the profile scales",
    "PLACE": "the name of a place of the environment, or outside",
    "JOURNEY": "one of `workload.journeys` of the subject file: pay",
    "SYSTEM": "the system of a third party, by its name in the environment: ERP, CRM, fulfilment",
    "RESOLVER": "a resolver that clients ask: resolver-1, the one that they ask first, or another",
    "SERVER": "a name server: ns-1, or another one of the zone's",
    "SERVERS": "the name servers, the resolvers, or one of them by its name",
    "WAY": "truncated (only TCP tells more), denied (NXDOMAIN), failed (SERVFAIL) or astray (an address of nobody)",
    "INSTANCE": "a process of the subject: COMPONENT.PLACE, as monitor.outside",
}
"""What the capital words in a shape stand for."""
_CHOSEN = ("MODE", "TROUBLE", "LOSS", "BLIND", "WAY", "CONSISTENCY", "PLACE", "INSTANCE")
"""Those that stand for one of few words, which nobody guesses."""
KEYWORDS = ("Given", "When", "Then")
ANY = "Given/When/Then"
"""The keyword of a step that goes with all of them."""
_EXAMPLE = "Example:"
_LEAST = 0.5
"""Texts that are less alike than this are about something else."""


@dataclass(frozen=True)
class Phrase:
    """One step that may be written. shape: with capital words to be filled in; what: what it is for. place: file and
    line where it is defined, for the user's own."""

    keyword: str
    shape: str
    what: str
    examples: tuple[str, ...]
    place: str = ""

    @property
    def shown(self) -> str:
        """The shape as it is read: `REGION is lost, MODE [for N seconds]`."""
        return self.shape.replace("[ ", " [")

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The capital words that are to be filled in."""
        return tuple(word for word in dict.fromkeys(re.findall("[A-Z]+", self.shape)) if word in PLACEHOLDERS)

    @property
    def offered(self) -> str:
        """The shape in quotes, with what may stand for its words: for whoever wrote something else."""
        chosen = [f"{name} is {PLACEHOLDERS[name]}" for name in self.placeholders if name in _CHOSEN]
        return f'"{self.shown}"' + (f" ({'; '.join(chosen)})" if chosen else "")

    def about(self, words: Iterable[str]) -> bool:
        """Whether all the words are in what is told of it."""
        explained = (PLACEHOLDERS[name] for name in self.placeholders)
        told = " ".join((self.keyword, self.shown, self.what, *self.examples, *explained)).lower()
        return all(word.lower() in told for word in words)

    def likeness(self, text: str) -> float:
        """How much a step's text looks like it, from 0 to 1."""
        texts = (self.shown, *self.examples)
        return max(SequenceMatcher(None, text.lower(), known.lower()).ratio() for known in texts)


def phrase_of(definition: StepFunctionContext) -> Phrase:
    """What a definition says of itself: in the docstring of its function, and in its parser."""
    function = definition.step_func
    keyword = ANY if definition.type is None else definition.type.capitalize()
    lines = [line.strip() for line in (inspect.getdoc(function) or "").splitlines()]
    examples = tuple(line.removeprefix(_EXAMPLE).strip() for line in lines if line.startswith(_EXAMPLE))
    text = [line for line in lines if line and not line.startswith(_EXAMPLE)]
    if is_ours(definition):
        return Phrase(keyword, text[0], " ".join(text[1:]), examples)
    return Phrase(keyword, definition.parser.name, " ".join(text), examples, where(function))


def is_ours(definition: StepFunctionContext) -> bool:
    """Whether the step is one that everybody has."""
    return _module(definition).startswith(STEPS)


def known_phrases(definitions: Iterable[StepFunctionContext]) -> list[Phrase]:
    """The phrases of definitions: Given, When, Then, and in each as they are defined."""
    kept = [definition for definition in definitions if not _module(definition).startswith(_OF_PYTEST_BDD)]
    found = dict.fromkeys(map(phrase_of, kept))
    return sorted(found, key=lambda phrase: KEYWORDS.index(phrase.keyword) if phrase.keyword in KEYWORDS else 3)


def our_definitions() -> list[StepFunctionContext]:
    """The definitions of the steps that everybody has."""
    for found in pkgutil.iter_modules(import_module(STEPS.rstrip(".")).__path__):
        import_module(STEPS + found.name)  # that defines them
    return [definition for definition in step_function_context_registry.values() if is_ours(definition)]


def nearest(text: str, phrases: Sequence[Phrase]) -> Phrase | None:
    """The phrase that looks most like a step's text; None when none does."""
    best = max(phrases, key=lambda phrase: phrase.likeness(text), default=None)
    return best if best is not None and best.likeness(text) >= _LEAST else None


def where(function: object) -> str:
    """The file and line of whatever a step calls."""
    code = _code(function)
    return "somewhere" if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def _code(function: object) -> CodeType | None:
    while isinstance(function, partial):
        function = function.func
    innermost = inspect.unwrap(function) if callable(function) else function
    code = getattr(innermost, "__code__", None) or getattr(type(innermost).__call__, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _module(definition: StepFunctionContext) -> str:
    return str(getattr(definition.step_func, "__module__", None))
