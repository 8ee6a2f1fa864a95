"""What a client knows after an answer, or after none. Pure; the whole mapping is in this file.

**Writes that are answered 4xx.** "The client seems to have erred" (RFC 9110, section 15.5), which says that the server
will not do it again, and not that it never did. Certainly without effect are those that say that the request was not
understood, not allowed, or of a form that is not taken (`WITHOUT_EFFECT`). The others can come after an effect:

- 408 Request Timeout (15.5.9), 499 (what proxies note of a client that left): who answers waited, and others acted;
- 409 Conflict (15.5.10) and 412 Precondition Failed (15.5.13): the state may be in conflict with the very write, where
  whoever stands between (a client library, a proxy) sent it again after its first try had succeeded unseen; RFC 9110,
  section 13.1.1, has an origin server answer 2xx then, but only where it can tell;
- 423 and 424 (RFC 4918, sections 11.3 and 11.4), 425 Too Early (RFC 8470, section 5.2), 429 Too Many Requests (RFC
  6585, section 4): the same, after a first try;
- every status that none of these documents defines.

What an application answers to writes that certainly had no effect its subject file says: `refused: [409]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.asking import GivenId
from harness.history.events import ABSENT, Function
from harness.names import HEADER_LOAD_BALANCER, NO_TARGET
from harness.outcome import Outcome
from harness.wire.json_place import Missing, at, text_of
from harness.wire.statuses import within
from harness.workload import Absent, Request

REFUSED = "refused"
UNREACHABLE = "unreachable"
CONNECT_TIMEOUT = "connect-timeout"
NO_TLS = "no-tls"
DNS = "dns"
NO_ADDRESS = "no-address"
RESET = "reset"
TIMEOUT = "timeout"
GARBAGE = "garbage"

_NOTHING_WAS_SENT = frozenset({REFUSED, UNREACHABLE, CONNECT_TIMEOUT, NO_TLS, DNS, NO_ADDRESS})

_NOTHING_THERE = ("404", "410")

WITHOUT_EFFECT = frozenset(
    {400, 401, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 416, 417, 421, 422, 426, 428, 431, 451}
)
"""Writes that are answered so have had no effect, whoever sent them again on the way."""


@dataclass(frozen=True)
class Seen:
    """outcome, the value read (None: absent, or no successful read), the error in one word, and the id that the server
    gave to what was put (None: it is the client's own)."""

    outcome: Outcome
    v: str | None = None
    error: str | None = None
    k: str | None = None


def without_answer(error: str) -> Seen:
    """The outcome when no HTTP answer came: FAIL only when no byte of the request can have been sent."""
    return Seen(Outcome.FAIL if error in _NOTHING_WAS_SENT else Outcome.INFO, error=error)


def with_answer(f: Function, status: int, headers: Mapping[str, str], body: bytes, how: Request | str) -> Seen:
    """The outcome of an HTTP answer. headers: lower-case names. how: what was sent, or where a read's value stands.

    A read that finds nothing has been answered. A delete that finds nothing has certainly had no effect, and yet its
    client was served: what is lost is the recovery point's business. A 4xx: see above. A 503 has no effect for certain
    only when our own load balancer says that it had no target, or the subject file says so: an application may answer
    503 after it has written.
    """
    request = Request(method="GET", path="/", value=how) if isinstance(how, str) else how
    if f in ("get", "delete") and _says_absent(request, status, body):
        return Seen(Outcome.OK) if f == "get" else Seen(Outcome.FAIL, error=ABSENT)
    if within(request.ok, status):
        if f == "get":
            return _read_value(body, request)
        return _acknowledged(headers, body, request) if request.id is not None else Seen(Outcome.OK)
    if 400 <= status < 500 and (f == "get" or status in WITHOUT_EFFECT):
        return Seen(Outcome.FAIL)
    if f != "get" and request.refused is not None and within(request.refused, status):
        return Seen(Outcome.FAIL)
    if status == 503 and headers.get(HEADER_LOAD_BALANCER.lower()) == NO_TARGET:
        return Seen(Outcome.FAIL)
    return Seen(Outcome.INFO)


def _says_absent(request: Request, status: int, body: bytes) -> bool:
    """Whether an answer says by its status, or in words that the subject file gives, that nothing is there."""
    if within(_NOTHING_THERE, status) and not within(request.ok, status):
        return True
    return any(_fits(rule, request, status, body) for rule in request.absent)


def _fits(rule: Absent, request: Request, status: int, body: bytes) -> bool:
    """A rule that names no status is about answers that acknowledge: an error page may hold anything."""
    if not within(request.ok if rule.status is None else rule.status, status):
        return False
    if rule.at is None:
        return True
    try:
        found = at(json.loads(body), rule.at)
    except (ValueError, RecursionError):
        return False
    except Missing:
        return rule.equals is None
    return bool(found == rule.equals and isinstance(found, bool) == isinstance(rule.equals, bool))


def _read_value(body: bytes, request: Request) -> Seen:
    """What a read found. Nothing at all where an answer has its value is nothing there; anything else is no answer."""
    if not body.strip():
        return Seen(Outcome.OK)
    if request.pattern is not None:
        found = first(request.pattern, body.decode(errors="replace"))
        return Seen(Outcome.INFO, error=GARBAGE) if found is None else Seen(Outcome.OK, v=found)
    try:
        value = at(json.loads(body), request.value)
    except Missing as missing:
        return Seen(Outcome.OK) if missing.empty else Seen(Outcome.INFO, error=GARBAGE)
    except (ValueError, RecursionError):
        return Seen(Outcome.INFO, error=GARBAGE)
    return Seen(Outcome.OK, v=None if value is None or value == {} or value == [] else text_of(value))


def _acknowledged(headers: Mapping[str, str], body: bytes, request: Request) -> Seen:
    """A write whose id the server made: without it nobody can say what was written."""
    given = given_id(headers, body, request)
    return Seen(Outcome.INFO, error=GARBAGE) if given is None else Seen(Outcome.OK, k=given)


def given_id(headers: Mapping[str, str], body: bytes, request: Request) -> str | None:
    """The id that an answer gives to what was put, None when it gives none."""
    return None if request.id is None else id_at(request.id, headers, body)


def id_at(place: GivenId, headers: Mapping[str, str], body: bytes) -> str | None:
    """The id that stands at a place of an answer, None where there is none."""
    try:
        if place.header is not None:
            found: Any = headers.get(place.header.lower())
        else:
            found = at(json.loads(body), place.at or "")
    except (ValueError, RecursionError, Missing):
        return None
    if found is None or isinstance(found, bool | list | dict) or found == "":
        return None
    text = text_of(found)
    if place.pattern is not None:
        return first(place.pattern, text)
    if place.header is None:
        return text
    return unquote(urlsplit(text).path.rstrip("/").rpartition("/")[2]) or None


def first(pattern: str, text: str) -> str | None:
    """What a pattern's first group finds, or the whole pattern where it has none."""
    found = re.search(pattern, text, re.DOTALL)
    return None if found is None else str(found[1 if found.re.groups else 0])


def epoch_of(text: str | None) -> int | None:
    """The epoch that an answer's header claims; None when it claims none or nonsense."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 18 else None


def edge_of(text: str | None) -> str | None:
    """The address of the edge that a proxy's header claims, as far as an address can be long."""
    return text[:45] if text else None


def region_of(text: str | None) -> str | None:
    """The region that an answer's header claims, as far as a name of a region can be long."""
    return text[:63] if text else None
