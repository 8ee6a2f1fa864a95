"""What an answer of the application tells whoever writes its subject file: in a few words, and with what to change."""

from __future__ import annotations

import json
from typing import Any

from harness import stored
from harness.wire.exchange import Response
from harness.workload import Request

ABOUT_WHO_ASKS = (401, 403)
"""Statuses about credentials (RFC 9110, sections 15.5.2 and 15.5.4): no side says by them that it is not active."""
HEADERS_HINT = (
    "401 and 403 are about who asks, not about whether a side is active: `headers:` of the workload is what every "
    "request carries, `env:` of the component what it is checked against"
)
WELL_HINT = (
    "its health path is well there, so that clients are sent to it all the same; a side that waits for its turn had "
    "better answer 503 there (`edge_health:`)"
)
_HTTPS_HINT = "an application that redirects to https wants `scheme: https` in the workload"
_BODY_SHOWN = 120
_NOT_JSON = object()


def told(answer: Response) -> str:
    """An answer as far as a row of a table has room for it."""
    shown = answer.body[:_BODY_SHOWN].decode(errors="replace")
    if 300 <= answer.status < 400 and "location" in answer.headers:
        shown = f"to {answer.headers['location']}"
    return f"{answer.status} {shown}".strip()


def refuses(status: int) -> bool:
    """Whether a side that is not active may answer so and mean it."""
    return (400 <= status < 500 and status not in ABOUT_WHO_ASKS) or status == 503


def hint(status: int | None, *, primary: bool, well: bool) -> str:
    """What to do about an answer that serves nobody. status: None where none came; well: clients may be sent there."""
    if status in ABOUT_WHO_ASKS:
        return HEADERS_HINT
    if status is not None and 300 <= status < 400:
        return _HTTPS_HINT
    if primary:
        return "in steady state the primary region must serve"
    if well:
        return WELL_HINT
    if status is not None and refuses(status):
        return "fine for a standby that is not active: it refuses"
    return "a standby that is not active had better refuse, with 503"


def value_hint(answer: Response, get: Request, put: str | None) -> str:
    """Why a read's answer holds no value, by what it holds."""
    if get.pattern is not None:
        return f"`pattern: {get.pattern}` of the get finds nothing in it"
    document = _json(answer.body)
    if document is _NOT_JSON:
        text = "the answer is no JSON: `pattern:` of the get is a regular expression whose first group is the value"
        return f'{text}; `pattern: "(.*)"` takes all of it'
    found = next(stored.places(document, put), None) if put is not None else None
    if found is not None:
        return f"what was put stands at {found}: `value: {found}` of the get"
    return "`value:` of the get says where it is: a field's name, or a JSON pointer as /item/text"


def id_hint(answer: Response) -> str:
    """Where a put's answer may have the id that the server made."""
    if "location" in answer.headers:
        return f"the answer has `Location: {answer.headers['location']}`: `id: {{header: Location}}` of the put"
    if _json(answer.body) is _NOT_JSON:
        return "the answer is no JSON: `id: {header: NAME}` of the put takes it from a header"
    return "`id:` of the put says where the answer has it"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return _NOT_JSON
