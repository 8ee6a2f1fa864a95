"""What is asked of an application over HTTP, as a subject file says it: a request with places to fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from harness.kit.config import Strict
from harness.kit.forms import Form
from harness.wire import placeholders
from harness.wire.url_path import UrlPath

CONTENT_TYPE = "application/json"


def _from_environment(value: Any) -> Any:
    """`{env: NAME}` is another way to write `${env:NAME}`."""
    if isinstance(value, Mapping) and set(value) == {"env"}:
        return f"${{env:{value['env']}}}"
    return value


def line(text: str) -> str:
    """A text that a header can carry. Raises ValueError."""
    if any(character in text for character in "\r\n\0"):
        raise ValueError("has a line break, which no header can carry")
    if any(ord(character) > 0xFF for character in text):
        raise ValueError("has a letter that no header can carry (ISO 8859-1 is what HTTP allows)")
    return text


def _own_header(name: str) -> str:
    word = name.lower()
    if word in ("content-length", "transfer-encoding", "connection", "upgrade", "expect"):
        raise ValueError(f"{name} is written by the clients themselves")
    if word in ("x-forwarded-proto", "x-forwarded-port", "x-forwarded-for"):
        raise ValueError(f"{name} is written by the load balancers; `scheme: https` says that clients come by https")
    return name


_HEADER_NAME = Form(
    r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", "a header's name has letters, digits and ! # $ % & ' * + - . ^ _ ` | ~ alone"
)
"""A token of RFC 9110, section 5.6.2."""
HeaderName = Annotated[str, _HEADER_NAME, AfterValidator(_own_header)]
Header = Annotated[str, BeforeValidator(_from_environment), AfterValidator(line)]
Text = Annotated[str, BeforeValidator(_from_environment)]


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_expression)]
Place = Annotated[str, Field(min_length=1)]
"""A field's name, or a JSON pointer (RFC 6901) that starts with "/"."""


class AskedSpec(Strict):
    """Strict, but numbers may stand for texts."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


class GivenId(AskedSpec):
    """Where the answer to a put has the id that the server made: in its body, or in a header.

    at: a field's name or a JSON pointer. header: usually `Location`; the id is the last part of its path, or what the
    first group of `pattern` (a regular expression) finds in it.
    """

    at: Place | None = None
    header: HeaderName | None = None
    pattern: Pattern | None = None

    @model_validator(mode="before")
    @classmethod
    def _place_alone(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"header": value} if value.lower() == "location" else {"at": value}
        return value

    @model_validator(mode="after")
    def _one_of_them(self) -> GivenId:
        if (self.at is None) == (self.header is None):
            raise ValueError("needs one of `at` (in the body) and `header`")
        return self


class Asked(AskedSpec):
    """A request. `{id}` and its like are replaced in path, query, headers and body, and `${env:NAME}` by a variable of
    the environment.

    body: a text, or a mapping that is sent as JSON or as a form, whichever the content type says.
    """

    method: Annotated[str, Form(r"^[A-Z]+$", "a method is written in capital letters, as PUT")]
    path: UrlPath
    query: dict[str, Text] = Field(default_factory=dict)
    headers: dict[HeaderName, Header] = Field(default_factory=dict)
    body: str | dict[str, Any] | list[Any] | None = None
    content_type: Annotated[str, AfterValidator(line)] | None = None

    @property
    def sent_type(self) -> str:
        """The content type of its body."""
        return self.content_type or CONTENT_TYPE

    def templates(self) -> Iterator[str]:
        """Every text of it that is filled in."""
        yield self.path
        yield from placeholders.texts([self.query, list(self.headers.values()), self.body])
