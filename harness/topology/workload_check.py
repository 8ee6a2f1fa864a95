"""Mistakes in how an application is spoken to that no single field shows: what is said nowhere, what nobody knows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from harness.asking import Asked
from harness.journeys import FIELDS as OF_JOURNEYS
from harness.rendering import FORM
from harness.topology.mistakes import Mistake
from harness.topology.subject import Subject
from harness.wire import placeholders
from harness.workload import Request, Workload

FIELDS = ("id", "value", "amount", "op")
OF_GROUPS = ("id", "value", "other_id", "other_value")
"""Without each of these a request cannot write two items."""
Place = tuple[int | str, ...]


def workload_mistakes(subject: Subject) -> Iterator[Mistake]:
    """Requests from which nobody could tell which item is meant, or what was written."""
    workload = subject.workload
    if not workload.functions:
        yield Mistake(("workload",), "workload: needs one of put, get and add; without any there is nothing to ask for")
    for name, request in _requests(workload):
        place, where = ("workload", name), f"workload.{name}"
        names = {field for text in request.templates() for field in placeholders.fields(text)}
        if name == "put":
            if "id" not in names and request.id is None:
                text = "{id} stands nowhere, and no `id:` says where the answer has the id that the server made"
                yield Mistake(place, f"{where}: {text}")
            if "value" not in names:
                yield Mistake(place, f"{where}: {{value}} stands nowhere, so nobody could tell what was written")
        if name in ("get", "count") and request.refused is not None:
            text = "a read has no effect in any case; `absent:` says how it finds nothing"
            yield Mistake((*place, "refused"), f"{where}.refused: {text}")
        if name == "group":
            for field in OF_GROUPS:
                if field not in names:
                    yield Mistake(place, f"{where}: {{{field}}} stands nowhere, so it does not write two items")
            if request.id is not None:
                yield Mistake((*place, "id"), f"{where}.id: clients name the two items that they write at once")
        if name in ("get", "delete") and "id" not in names:
            yield Mistake(place, f"{where}: {{id}} stands nowhere, so it says of no item that it is meant")
        yield from unknown(request, (*OF_GROUPS, "op") if name == "group" else FIELDS, place, where)
        yield from unsendable(request, workload, place, where)
    yield from journey_mistakes(workload)


def _requests(workload: Workload) -> list[tuple[str, Request]]:
    given = {
        "put": workload.put,
        "get": workload.get,
        "delete": workload.delete,
        "add": workload.add,
        "group": workload.group,
        "count": workload.count,
    }
    return [(name, request) for name, request in given.items() if request is not None]


def unknown(request: Asked, fields: Collection[str], place: Place, where: str) -> Iterator[Mistake]:
    """Braces in a body may be the body's own; elsewhere they are meant to be filled in, with one of `fields`."""
    texts: list[tuple[str, str]] = [("path", request.path)]
    texts += [(f"query.{name}", text) for name, text in request.query.items()]
    texts += [(f"headers.{name}", text) for name, text in request.headers.items()]
    for field, text in texts:
        for name in placeholders.fields(text):
            if name not in fields:
                known = ", ".join(f"{{{known}}}" for known in fields)
                yield Mistake(
                    (*place, *field.split(".", 1)), f"{where}.{field}: {{{name}}} is unknown; there are: {known}"
                )


def unsendable(request: Asked, workload: Workload, place: Place, where: str) -> Iterator[Mistake]:
    """Bodies that nobody could write in their content type."""
    sent_type = (request.content_type or workload.content_type or request.sent_type).lower()
    if isinstance(request.body, str | None) or "json" in sent_type:
        return
    if isinstance(request.body, list) or not sent_type.startswith(FORM):
        text = f"a mapping is sent as JSON or as a form, and the content type is {sent_type}: write the body as a text"
        yield Mistake((*place, "body"), f"{where}.body: {text}")


def journey_mistakes(workload: Workload) -> Iterator[Mistake]:
    """Journeys that nobody could tell apart, that wait for one that never comes, or whose request cannot be sent."""
    names = [journey.name for journey in workload.journeys]
    for number, journey in enumerate(workload.journeys):
        place: Place = ("workload", "journeys", number)
        where = f"workload.journeys.{number}"
        if journey.name in names[:number]:
            yield Mistake((*place, "name"), f"{where}.name: {journey.name!r} is the name of another journey")
        request = journey.request
        named = {field for text in request.templates() for field in placeholders.fields(text)}
        if journey.after is not None:
            if journey.after not in names[:number]:
                known = ", ".join(names[:number]) or "none"
                yield Mistake((*place, "after"), f"{where}.after: no journey before this one is called "
                              f"{journey.after!r}; there are: {known}")  # fmt: skip
            if "id" not in named:
                text = f"{{id}} stands nowhere, so it has nothing to do with {journey.after!r}"
                yield Mistake((*place, "request"), f"{where}.request: {text}")
        yield from unknown(request, OF_JOURNEYS, (*place, "request"), f"{where}.request")
        yield from unsendable(request, workload, (*place, "request"), f"{where}.request")


@dataclass(frozen=True)
class _Taken:
    """A text of the file that takes variables of the environment, and what for."""

    place: Place
    text: str
    in_header: bool = False


def environment_mistakes(subject: Subject, environ: Mapping[str, str]) -> Iterator[Mistake]:
    """Variables that are not set, or that no request can carry. Their values are told to nobody."""
    for taken in _taken(subject):
        where = ".".join(map(str, taken.place))
        for name in dict.fromkeys(placeholders.variables(taken.text)):
            if name.startswith(placeholders.WITHHELD):
                kept = " and ".join(f"{prefix}…" for prefix in placeholders.WITHHELD)
                yield Mistake(taken.place, f"{where}: {name} is not taken: {kept} are kept from every drill")
            elif name not in environ:
                yield Mistake(taken.place, f"{where}: the environment variable {name} is not set")
            elif taken.in_header and any(ord(c) > 0xFF or ord(c) < 0x20 for c in environ[name]):
                yield Mistake(taken.place, f"{where}: the value of {name} has a character that no header can carry")
    for index, component in enumerate(subject.components):
        for text in component.command:
            for name in placeholders.variables(text):
                told = f"{name} would be seen by everybody who lists processes; give it in `env:` instead"
                yield Mistake(("components", index, "command"), f"components.{index}.command: {told}")


def _taken(subject: Subject) -> Iterator[_Taken]:
    workload = subject.workload
    yield from (_Taken(("workload", "headers", name), text, True) for name, text in workload.headers.items())
    if workload.base is not None:
        yield _Taken(("workload", "base"), workload.base)
    named: list[tuple[Place, Asked]] = [(("workload", name), request) for name, request in _requests(workload)]
    named += [(("workload", "journeys", n, "request"), one.request) for n, one in enumerate(workload.journeys)]
    for place, request in named:
        yield _Taken((*place, "path"), request.path)
        yield from (_Taken((*place, "headers", header), text, True) for header, text in request.headers.items())
        yield from (_Taken((*place, "query", key), text) for key, text in request.query.items())
        yield from (_Taken((*place, "body"), text) for text in placeholders.texts(request.body))
    for index, component in enumerate(subject.components):
        yield from (_Taken(("components", index, "env", name), text) for name, text in component.env.items())
