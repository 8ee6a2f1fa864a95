"""Requests to the two APIs, replies, and reading fields as AWS checks them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.parts.steering.route53.routing_controls.things import CONFLICT, INVALID, MISSING, QUOTA

_ARN = re.compile(r"[A-Za-z0-9:./_-]{1,256}")
_TAG_VALUE = re.compile(r"\S{0,256}")
_KEY_MAX = 128
_NAME = re.compile(r"\S{1,64}")
_STATUS = {
    CONFLICT: 409, MISSING: 404, INVALID: 400, QUOTA: 402, "EndpointTemporarilyUnavailableException": 503,
    "InternalServerException": 500,
}  # fmt: skip


class Wrong(Exception):
    """The call ends here, refused. code: AWS's; more: further fields of the error."""

    def __init__(self, code: str, text: str, **more: Any) -> None:
        super().__init__(text)
        self.code = code
        self.more = more

    @property
    def status(self) -> int:
        """Of HTTP."""
        return _STATUS.get(self.code, 400)


@dataclass(frozen=True)
class Request:
    """One call of the configuration API. path: its parts, unquoted. tag_keys: all that the query names."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    tag_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""


def invalid(text: str, field_name: str = "") -> Wrong:
    """A field is not what it must be."""
    fields = [{"name": field_name, "message": text}] if field_name else []
    return Wrong(INVALID, text, reason="fieldValidationFailed", fields=fields)


def text_of(body: Mapping[str, Any], key: str) -> str:
    """A text that must be there. Raises Wrong."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise invalid(f"{key} must be a text that is not empty", key)
    return value


def name_of(body: Mapping[str, Any], key: str) -> str:
    """A name: up to 64 characters without blanks. Raises Wrong."""
    value = text_of(body, key)
    if not _NAME.fullmatch(value):
        raise invalid(f"{key}: a name has up to 64 characters, and no blanks", key)
    return value


def arn_of(body: Mapping[str, Any], key: str) -> str:
    """An ARN. Raises Wrong."""
    value = text_of(body, key)
    if not _ARN.fullmatch(value):
        raise invalid(f"{key} is no ARN", key)
    return value


def arns_of(body: Mapping[str, Any], key: str, *, needed: bool = True) -> tuple[str, ...]:
    """A list of ARNs, each once. Raises Wrong."""
    value = body.get(key, [])
    if not isinstance(value, list) or (needed and not value):
        raise invalid(f"{key} must be a list{' that is not empty' if needed else ''}", key)
    return tuple(dict.fromkeys(arn_of({key: one}, key) for one in value))


def tags_of(body: Mapping[str, Any], *, needed: bool = False) -> Mapping[str, str]:
    """Tags: keys of up to 128 characters, without `aws:` in front, and values of up to 256, no blanks. Raises Wrong."""
    tags = body.get("Tags")
    if tags is None and not needed:
        return {}
    if not isinstance(tags, dict):
        raise invalid("Tags must be a map of texts", "Tags")
    for key, value in tags.items():
        if not 1 <= len(key) <= _KEY_MAX or key.lower().startswith("aws:"):
            raise invalid(f"Tags: a key has 1 to {_KEY_MAX} characters, and does not begin with aws:", "Tags")
        if not isinstance(value, str) or not _TAG_VALUE.fullmatch(value):
            raise invalid("Tags: a value has up to 256 characters, and no blanks", "Tags")
    return tags


def whole_of(body: Mapping[str, Any], key: str, default: int | None = None) -> int:
    """A whole number, not negative. Raises Wrong."""
    value = body.get(key, default)
    if type(value) is not int or value < 0:
        raise invalid(f"{key} must be a whole number from 0 on", key)
    return value


def yes_no_of(body: Mapping[str, Any], key: str) -> bool:
    """true or false. Raises Wrong."""
    value = body.get(key)
    if not isinstance(value, bool):
        raise invalid(f"{key} must be true or false", key)
    return value


def one_of(body: Mapping[str, Any], key: str, known: tuple[str, ...]) -> Any:
    """One of some words. Raises Wrong."""
    value = body.get(key)
    if value not in known:
        raise invalid(f"{key} must be one of: {', '.join(known)}", key)
    return value


def page(items: list[Any], size: int, token: str | None) -> tuple[list[Any], dict[str, str]]:
    """One page of a list, and where the next one begins. Raises Wrong."""
    if token is not None and not (token.isascii() and token.isdigit()):
        raise invalid("NextToken is not one that was given", "NextToken")
    start = int(token or 0)
    rest = {"NextToken": str(start + size)} if len(items) > start + size else {}
    return items[start : start + size], rest


OnOff = Literal["On", "Off"]
