"""How an application is spoken to: request templates, as a subject file says them and as the witness sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.asking import Asked, AskedSpec, GivenId, Header, HeaderName, Pattern, Place, Text, line
from harness.journeys import Journey, texts_of
from harness.wire import placeholders
from harness.wire.statuses import Statuses, codes
from harness.wire.url_path import UrlPath

__all__ = ["Absent", "Function", "GivenId", "Header", "HeaderName", "Request", "Text", "Workload"]

Function = Literal["put", "get", "delete", "add"]
"""The kinds of operations, as in harness.history.events."""


class Absent(AskedSpec):
    """One more way in which an answer says that nothing is there: by its status, by what it holds, or by both.

    at: a field's name or a JSON pointer; equals: what stands there then.
    """

    status: Statuses | None = None
    at: Place | None = None
    equals: bool | int | float | str | None = None

    @model_validator(mode="before")
    @classmethod
    def _status_alone(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping | Absent) else {"status": value}

    @model_validator(mode="after")
    def _says_something(self) -> Absent:
        if self.status is None and self.at is None:
            raise ValueError("needs `status`, or `at` with `equals`")
        return self


def _listed(value: Any) -> Any:
    """`absent: 404` and `absent: {...}` are lists of one."""
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


class Request(Asked):
    """How one kind of operation is spoken: `{id}`, `{value}`, `{amount}` and `{op}` (another one in every request) are
    replaced in path, query, headers and body, and `${env:NAME}` by a variable of the environment.

    body: a text, or a mapping that is sent as JSON or as a form, whichever the content type says. ok: the statuses that
    acknowledge (default: 2xx). value: where a read's answer holds the value: a field's name, or a JSON pointer that
    starts with "/". pattern: where that answer is no JSON, a regular expression whose first group is the value. absent:
    what says that nothing is there, beside 404, 410, and an answer that holds nothing. refused: of a write, the
    statuses that say that it certainly had no effect, beside most of 4xx: a side that is not active, say. id: where a
    put's answer has the id that the server made.
    """

    ok: Statuses = ("2xx",)
    value: Place = "value"
    pattern: Pattern | None = None
    absent: Annotated[tuple[Absent, ...], BeforeValidator(_listed)] = ()
    refused: Statuses | None = None
    id: GivenId | None = None

    @model_validator(mode="after")
    def _acknowledges_or_refuses(self) -> Request:
        both = set(codes(self.ok)) & set(codes(self.refused or ()))
        if both:
            raise ValueError(f"{', '.join(map(str, sorted(both)))}: cannot stand in `ok` and in `refused`")
        return self


_Asked = TypeVar("_Asked", bound=Asked)


class Workload(AskedSpec):
    """How the application is spoken to. The default is the storefront's interface: `/items/{id}`.

    base: stands before every path. headers: of every request. content_type: of every body. scheme: `https` where
    clients come by https, which ends at the load balancers: they say so to the application. put, get, delete: null
    where the application has no such operation; a workload that says put and get, and nothing of delete, has none. add:
    increases a counter by `{amount}`. group: writes two items at once, all of it or nothing, `{value}` under `{id}` and
    `{other_value}` under `{other_id}`. count: reads a counter (default: get). absent_id: an id that nothing has, where
    the application takes only ids of a certain form. table: the one of the subject's tables that holds what clients
    write; the first one where it is left out. journeys: what somebody wants of the application beside; see
    docs/MATRIX.md.
    """

    base: UrlPath | None = None
    headers: dict[HeaderName, Header] = Field(default_factory=dict)
    content_type: Annotated[str, AfterValidator(line)] | None = None
    scheme: Literal["http", "https"] = "http"
    put: Request | None = Request(method="PUT", path="/items/{id}", body='{"value": "{value}"}')
    get: Request | None = Request(method="GET", path="/items/{id}")
    delete: Request | None = Request(method="DELETE", path="/items/{id}")
    add: Request | None = None
    group: Request | None = None
    count: Request | None = None
    absent_id: Annotated[str, Field(min_length=1)] | None = None
    table: str | None = None
    journeys: tuple[Journey, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _no_delete_where_none_is_said(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "delete" not in value and {"put", "get"} <= set(value):
            return {**value, "delete": None}
        return value

    @property
    def functions(self) -> frozenset[Function]:
        """The operations that the application has."""
        given: dict[Function, Request | None] = {
            "put": self.put, "get": self.get, "delete": self.delete, "add": self.add,
        }  # fmt: skip
        return frozenset(f for f, request in given.items() if request is not None)

    def request(self, f: Function, *, counter: bool = False) -> Request | None:
        """An operation as it is sent, with what holds for all of them; None where there is no such operation.

        counter: a get is of a counter.
        """
        given = {"put": self.put, "get": self.get, "delete": self.delete, "add": self.add}[f]
        if counter and f == "get" and self.count is not None:
            given = self.count
        return None if given is None else self._with_common(given)

    def group_request(self) -> Request | None:
        """How two items are written at once; None where that cannot be asked for."""
        return None if self.group is None else self._with_common(self.group)

    def journey_request(self, journey: Journey) -> Asked:
        """How a journey is asked for."""
        return self._with_common(journey.request)

    def _with_common(self, given: _Asked) -> _Asked:
        own = {name.lower() for name in given.headers}
        common = {name: text for name, text in self.headers.items() if name.lower() not in own}
        path = (self.base or "").rstrip("/") + given.path
        content_type = given.content_type or self.content_type
        headers = common | given.headers
        return given.model_copy(update={"path": path, "headers": headers, "content_type": content_type})

    def variables(self) -> frozenset[str]:
        """The environment variables that its texts take."""
        given = (self.put, self.get, self.delete, self.add, self.group, self.count)
        of_requests = [text for request in given if request is not None for text in request.templates()]
        texts = [*self.headers.values(), *of_requests, *texts_of(self.journeys), self.base or ""]
        return frozenset(name for text in texts for name in placeholders.variables(text))
