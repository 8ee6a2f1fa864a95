"""What a client knows after an answer, or after none. Pure; the whole mapping is in this file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.history.events import Function
from harness.names import HEADER_LOAD_BALANCER, NO_TARGET
from harness.outcome import Outcome

REFUSED = "refused"
UNREACHABLE = "unreachable"
CONNECT_TIMEOUT = "connect-timeout"
DNS = "dns"
RESET = "reset"
TIMEOUT = "timeout"
GARBAGE = "garbage"

_NOTHING_WAS_SENT = frozenset({REFUSED, UNREACHABLE, CONNECT_TIMEOUT, DNS})


@dataclass(frozen=True)
class Seen:
    """outcome, the value read (None: absent, or no successful read), and the error in one word."""

    outcome: Outcome
    v: str | None = None
    error: str | None = None


def without_answer(error: str) -> Seen:
    """The outcome when no HTTP answer came: FAIL only when no byte of the request can have been sent."""
    return Seen(Outcome.FAIL if error in _NOTHING_WAS_SENT else Outcome.INFO, error=error)


def with_answer(f: Function, status: int, headers: Mapping[str, str], body: bytes, value: str) -> Seen:
    """The outcome of an HTTP answer. headers: lower-case names. value: field or JSON pointer of a read's value.

    A 503 has no effect for certain only when our own load balancer says that it had no target: an application
    may answer 503 after it has written.
    """
    if 200 <= status < 300:
        return _read_value(body, value) if f == "get" else Seen(Outcome.OK)
    if status == 404 and f == "get":
        return Seen(Outcome.OK)
    if 400 <= status < 500:
        return Seen(Outcome.FAIL)
    if status == 503 and headers.get(HEADER_LOAD_BALANCER.lower()) == NO_TARGET:
        return Seen(Outcome.FAIL)
    return Seen(Outcome.INFO)


def _read_value(body: bytes, value: str) -> Seen:
    try:
        found = _at(json.loads(body), value)
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return Seen(Outcome.INFO, error=GARBAGE)
    if found is None or isinstance(found, str):
        return Seen(Outcome.OK, v=found)
    return Seen(Outcome.OK, v=json.dumps(found))


def _at(document: Any, place: str) -> Any:
    """The part of a document at a field's name, or at a JSON pointer (RFC 6901)."""
    if not place.startswith("/"):
        return document[place]
    for token in place[1:].split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


def epoch_of(text: str | None) -> int | None:
    """The epoch that an answer's header claims; None when it claims none or nonsense."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 18 else None


def region_of(text: str | None) -> str | None:
    """The region that an answer's header claims, as far as a name of a region can be long."""
    return text[:63] if text else None
