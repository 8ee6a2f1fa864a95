"""What becomes of a request that says that it is a webhook: taken, or refused and with which status. Pure.

| request | answer |
| --- | --- |
| a body of more than 1 MB | 413 |
| no JSON by its content type, a content coding, a header doubled | 400 |
| unsigned, or signed with something else than the secrets | 401 |
| a header missing, empty, or no text | 400 |
| another shop, another topic | 404 |
| a body that is no JSON object | 400 |
| anything else | taken |

The signature comes before everything that only Shopify needs to know; a header that is there twice comes before that,
because nobody could say which of the two was meant. 404 for topics is what the template of Shopify's applications
answers; 401 is what Shopify demands of applications in its store. When a webhook was triggered is told and not judged:
a retry is as old as four hours, and clocks differ.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reference.shopify_app import signature

BODY_MAX = 1_000_000
ID_MAX = 200
HMAC = "x-shopify-hmac-sha256"
TOPIC, SHOP, ID = "x-shopify-topic", "x-shopify-shop-domain", "x-shopify-webhook-id"
EVENT, TRIGGERED = "x-shopify-event-id", "x-shopify-triggered-at"
WANTED = (TOPIC, SHOP, ID)
ONCE = (HMAC, *WANTED, EVENT, TRIGGERED, "content-type")


@dataclass(frozen=True, slots=True)
class Webhook:
    """One that was taken. id: of the delivery, the same in each of its attempts. event: of what caused it, or ""."""

    id: str
    topic: str
    event: str
    triggered_at: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """With which HTTP status, and why, in words."""

    status: int
    why: str


TOO_LARGE = Refused(413, "the body is larger than 1 MB")


def decide(
    headers: Iterable[tuple[str, str]], body: bytes, secrets: Sequence[str], shop: str, topics: Collection[str]
) -> Webhook | Refused:
    """What becomes of a request. headers: as they came, doubled ones twice."""
    if len(body) > BODY_MAX:
        return TOO_LARGE
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    why = _malformed(found)
    if why:
        return Refused(400, why)
    given = {name: values[0].strip() for name, values in found.items()}
    if not signature.is_signed(body, given.get(HMAC, ""), secrets):
        return Refused(401, "wrongly signed" if given.get(HMAC) else "not signed")
    return _signed(given, body, shop, topics)


def _malformed(found: Mapping[str, Sequence[str]]) -> str:
    doubled = [name for name in ONCE if len(found.get(name, ())) > 1]
    if doubled:
        return f"{doubled[0]} is there {len(found[doubled[0]])} times"
    kind = found.get("content-type", ("",))[0].partition(";")[0].strip().lower()
    if kind != "application/json":
        return "the content type is not application/json"
    if found.get("content-encoding", ("identity",))[0].strip().lower() not in ("", "identity"):
        return "webhooks come without a content coding"
    return ""


def _signed(given: Mapping[str, str], body: bytes, shop: str, topics: Collection[str]) -> Webhook | Refused:
    missing = [name for name in WANTED if not given.get(name)]
    if missing:
        return Refused(400, f"{missing[0]} is missing")
    odd = [name for name in (ID, EVENT, TRIGGERED) if not given.get(name, "").isprintable()]
    if odd:
        return Refused(400, f"{odd[0]} is no text")
    if len(given[ID]) > ID_MAX:
        return Refused(400, f"{ID} is longer than {ID_MAX} characters")
    if given[SHOP].lower() != shop:
        return Refused(404, "no such shop")
    if given[TOPIC] not in topics:
        return Refused(404, "no such topic")
    if object_of(body) is None:
        return Refused(400, "the body is no JSON object")
    return Webhook(given[ID], given[TOPIC], given.get(EVENT, ""), given.get(TRIGGERED, ""), body)


def object_of(body: bytes) -> dict[str, Any] | None:
    """The JSON object that a body is; None: it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
