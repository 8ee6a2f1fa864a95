"""One event, one JSON line. The line's shape is a contract: fields may be added, never renamed.

Operations carry `t` = invoke | ok | fail | info; the rest carry `t` = fault | dns | health | canary | sample | mark |
stop | pod | happening | business | told | party | journey.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from harness.errors import WorldError
from harness.history.business import BusinessChange, BusinessTold
from harness.history.events import (
    CanaryProbe,
    Commit,
    Completion,
    DnsAnswer,
    Event,
    FaultEvent,
    Happening,
    HealthTransition,
    Invoke,
    Mark,
    PodEvent,
    Sample,
    StopEvent,
)
from harness.history.journeys import JourneyMade
from harness.history.parties import PartyCall
from harness.outcome import Outcome
from harness.regular_files import open_text
from harness.storable_text import storable_json

_TAG: dict[type, str] = {
    Invoke: "invoke",
    FaultEvent: "fault",
    DnsAnswer: "dns",
    HealthTransition: "health",
    CanaryProbe: "canary",
    Sample: "sample",
    Mark: "mark",
    StopEvent: "stop",
    Commit: "commit",
    PodEvent: "pod",
    Happening: "happening",
    BusinessChange: "business",
    BusinessTold: "told",
    PartyCall: "party",
    JourneyMade: "journey",
}
_TYPE: dict[str, type] = {tag: kind for kind, tag in _TAG.items()}
_OUTCOMES = {outcome.value for outcome in Outcome}
_FIELDS = {kind: tuple(f.name for f in dataclasses.fields(kind)) for kind in (*_TAG, Completion)}
_TUPLES = {"addresses", "links", "headers", "ops", "output", "effects"}


def _types(hint: Any) -> frozenset[type]:
    """What a field's value may be in a file. A word that this version does not know is still a word."""
    if get_origin(hint) in (Union, UnionType):
        return frozenset().union(*(_types(one) for one in get_args(hint)))
    if get_origin(hint) is Literal:
        return frozenset({str})
    if get_origin(hint) is tuple:
        return frozenset({tuple})
    return frozenset({int, float}) if hint is float else frozenset({hint})


_FITTING = {
    kind: {name: _types(hint) for name, hint in get_type_hints(kind).items() if hint is not Outcome} for kind in _FIELDS
}
_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def encode(event: Event | Commit) -> dict[str, Any]:
    """The JSON object of an event, without its index `i`."""
    fields = {name: getattr(event, name) for name in _FIELDS[type(event)]}
    if isinstance(event, Completion):
        return {"t": fields.pop("outcome").value, **fields}
    if isinstance(event, Invoke) and event.group is None:
        del fields["group"]  # of most lines: one field less of millions
    if isinstance(event, Commit) and not event.undo:
        del fields["undo"]
    if isinstance(event, DnsAnswer):
        return {"t": "dns", "f": "answer", **fields}
    if isinstance(event, HealthTransition):
        return {"t": "health", "f": "transition", **fields}
    return {"t": _TAG[type(event)], **fields}


def to_line(event: Event | Commit, index: int | None = None) -> str:
    """One line of JSON, newline included. index: the event's place in the merged history."""
    body = encode(event)
    if index is not None:
        body = {"i": index, **body}
    return storable_json(_ENCODE(body)) + "\n"


def decode(body: dict[str, Any]) -> Event | Commit:
    """The event of a JSON object. Unknown fields are ignored, so that newer files stay readable.

    Raises KeyError, TypeError or ValueError when the object is no event.
    """
    tag = body["t"]
    kind: type = Completion if tag in _OUTCOMES else _TYPE[tag]
    fields = {name: body[name] for name in _FIELDS[kind] if name in body}
    for name in _TUPLES & fields.keys():
        fields[name] = tuple(fields[name])
    if kind is Completion:
        fields["outcome"] = Outcome(tag)
    if kind is CanaryProbe and "kind" not in fields:  # histories before it was said tell it at the end of the name
        fields["kind"] = str(fields["link"]).rpartition(":")[2]
    event: Event | Commit = kind(**fields)
    return event


def _check(event: Event | Commit) -> None:
    """Whether every field is of its type. Only for files: what our own processes have just written is."""
    for name, types in _FITTING[type(event)].items():
        value = getattr(event, name)
        if type(value) not in types or (name in _TUPLES and any(type(item) is not str for item in value)):
            raise TypeError(f"{name} cannot be {value!r:.80}")


def read(path: Path) -> Iterator[Event | Commit]:
    """The events of a JSON-lines file, in file order.

    A last line without a newline is one that is still being written: it is left out. Raises WorldError, with the
    line's number, for a line that is no event.
    """
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith("\n"):
                return
            try:
                event = decode(json.loads(line))
                _check(event)
                yield event
            except (KeyError, TypeError, ValueError) as error:
                raise WorldError(f"{path}:{number}: not a history event: {error!r}") from error


def write(path: Path, events: Iterable[Event | Commit]) -> None:
    """Write events as a numbered history."""
    with path.open("w", encoding="utf-8") as file:
        for index, event in enumerate(events):
            file.write(to_line(event, index))
