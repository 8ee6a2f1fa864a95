"""What can still be said of a file with mistakes in it: its sound rest is checked, too, so that all are told at once.

What a mistake touches is left out, and the rest read as if it had not been written. Whatever refers to something that
was left out is not judged: its mistakes might be consequences.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.kit.wording import is_consequence, wanted, wording
from harness.topology.mistakes import Mistake

Location = tuple[int | str, ...]
Model = TypeVar("Model", bound=BaseModel)

_ROUNDS = 6
_REFERRED = frozenset({"components", "failover", "tables", "places", "regions"})
"""Where entries have names that are spoken of elsewhere in the file."""


def placed(document: Any, location: Location) -> tuple[Location, bool]:
    """A place as the file has it, without the labels of alternatives among its steps; whether there were some."""
    node, steps, labels = document, [], False
    for number, step in enumerate(location):
        last = number == len(location) - 1
        if isinstance(node, Mapping) and (step in node or (last and isinstance(step, str) and _is_key(step))):
            node = node.get(step)
        elif isinstance(node, Sequence) and not isinstance(node, str) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            labels = True
            continue
        steps.append(step)
    return tuple(steps), labels


def _is_key(step: str) -> bool:
    return step.replace("_", "").isalnum() and step.islower()


def told(document: Any, errors: Iterable[Any]) -> list[tuple[Mistake, Any]]:
    """Each mistake once, with what pydantic says of it; alternatives that were not meant are not told."""
    found: dict[Location, list[Any]] = {}
    alternatives: set[Location] = set()
    given = [item for item in errors if not is_consequence(item)]
    unknown = [placed(document, tuple(item["loc"]))[0] for item in given if item["type"] == "extra_forbidden"]
    for item in given:
        place, labels = placed(document, tuple(item["loc"]))
        if item["type"] == "missing" and _is_misspelt(place, unknown):
            continue
        found.setdefault(place, []).append(item)
        if labels:
            alternatives.add(place)
    mistakes = []
    for place, items in found.items():
        telling = [item for item in items if not _is_about_type(item)]
        deeper = any(other[: len(place)] == place and other != place for other in found)
        if place in alternatives and not telling and deeper:
            continue  # another alternative was meant, and what is wrong within it is told
        chosen = (telling or items) if place in alternatives else items
        texts = list(dict.fromkeys(wanted(item) for item in chosen))
        text = wording(chosen[-1]) if len(texts) == 1 else " or ".join(texts).replace(" or must be ", " or ")
        mistakes.append((Mistake(place, f"{'.'.join(map(str, place))}: {text}"), chosen[0]))
    return mistakes


def _is_misspelt(missing: Location, unknown: Iterable[Location]) -> bool:
    """Whether what is missing is there, under a name that is nearly its own: that one is told, with the right one."""
    beside = [str(place[-1]) for place in unknown if place[:-1] == missing[:-1]]
    return bool(difflib.get_close_matches(str(missing[-1]), beside, 1, 0.6))


def _is_about_type(item: Any) -> bool:
    return str(item["type"]).endswith(("_type", "_parsing")) or item["type"] in ("literal_error", "missing")


def rest(model: type[Model], document: Any) -> tuple[Model | None, set[Location]]:
    """The model of what is sound in a document, None when too little is; and what was left out."""
    copy, left_out = _plain(document), set[Location]()
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(copy), left_out
        except ValidationError as error:
            for item in error.errors(include_url=False):
                if is_consequence(item):
                    continue
                place, _ = placed(copy, tuple(item["loc"]))
                place = place[:-1] if item["type"] == "missing" else place
                if not place:
                    return None, left_out
                left_out.add(place)
                _remove(copy, place)
    return None, left_out


def independent(mistakes: Iterable[Mistake], left_out: Iterable[Location]) -> list[Mistake]:
    """Those that are no consequence of something that was left out."""
    places = list(left_out)
    names_gone = any(place[0] in _REFERRED for place in places)
    kept = []
    for mistake in mistakes:
        at = mistake.location
        if any(at[: len(place)] == place or place[: len(at)] == at for place in places):
            continue
        if names_gone and (at[0] in _REFERRED or at == ("workload", "table")):
            continue
        kept.append(mistake)
    return kept


def _plain(node: Any, within: tuple[int, ...] = ()) -> Any:
    """A copy to cut things out of; a node inside itself is cut off at once."""
    if not isinstance(node, Mapping | list):
        return node
    if id(node) in within:
        return None
    below = (*within, id(node))
    if isinstance(node, Mapping):
        return {key: _plain(value, below) for key, value in node.items()}
    return [_plain(one, below) for one in node]


def _remove(document: Any, place: Location) -> None:
    node = document
    try:
        for step in place[:-1]:
            node = node[step]
        del node[place[-1]]
    except (KeyError, IndexError, TypeError):
        return
