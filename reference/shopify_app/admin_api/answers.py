"""What an answer of the Admin API means for whoever asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference.shopify_app.asking import Answer


@dataclass(frozen=True, slots=True)
class Data:
    """What was asked for."""

    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """Another token, and once more."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Once more, when there are points again. after_s: how long the shop asks to wait, where it says so."""

    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Passing:
    """Once more, later: something is wrong at the shop."""

    why: str


@dataclass(frozen=True, slots=True)
class TooCostly:
    """A smaller page."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Never like this."""

    why: str


Meaning = Data | TokenRefused | Throttled | Passing | TooCostly | Refused


def meaning(answer: Answer) -> Meaning:
    """What to do next."""
    if answer.status == 401:
        return TokenRefused()
    if answer.status == 429:
        return Throttled(answer.retry_after_s)
    if answer.status >= 500:
        return Passing(f"status {answer.status}")
    said = answer.object
    if answer.status != 200:
        return Refused(f"status {answer.status}: {str(said.get('errors', ''))[:200]}")
    errors = said.get("errors") or []
    codes = {_code(error) for error in errors} if isinstance(errors, list) else {""}
    if "THROTTLED" in codes:
        return Throttled()
    if "MAX_COST_EXCEEDED" in codes:
        return TooCostly()
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return Passing("the shop has met an error of its own")
    if errors:
        return Refused(str(errors)[:300])
    data = said.get("data")
    return Data(data) if isinstance(data, dict) else Passing("the answer holds no data")


def _code(error: object) -> str:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""
