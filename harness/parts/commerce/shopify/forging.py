"""Messages that are not the shop's, and must be refused: 401, and no trace of them in the application. Pure.

Each is made from a genuine one, which it differs from in one thing. What a signature cannot show is not among them:
headers are not signed, so a genuine body under another webhook id or topic is taken by whoever only checks the
signature, and is harmless to whoever compares versions.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from harness.parts.commerce.shopify.drawing import identity
from harness.parts.commerce.shopify.message import Message
from harness.parts.commerce.shopify.signing import signature


class Kind(Enum):
    """What is wrong with it."""

    UNSIGNED = "without a signature"
    EMPTY = "with an empty signature"
    STRANGER = "signed with a secret that is not the app's"
    CHANGED_BODY = "changed after it was signed"
    REPLAYED = "an earlier message's id and signature, with another body"
    HEX = "signed rightly, and the signature not in base64"
    CUT = "with a signature that is cut off"


@dataclass(frozen=True, slots=True)
class Forged:
    """headers: all of them, in order."""

    kind: Kind
    message: Message
    headers: dict[str, str]


def _altered(body: bytes, number: int) -> bytes:
    """The body, for another thing: if it is taken, something appears that no shop has ever told of."""
    told = json.loads(body)
    return json.dumps({**told, "id": 666_000_000_000 + number, "note": "forged"}).encode()


def forged(genuine: Message, secret: str, seed: int, number: int, kind: Kind) -> Forged:
    """Forgery number `number` of a genuine message. secret: the app's."""
    fresh = replace(genuine, webhook_id=identity(seed, "forged", number), body=_altered(genuine.body, number))
    right = signature(secret, fresh.body)
    of_original = signature(secret, genuine.body)
    match kind:
        case Kind.UNSIGNED:
            signed: str | None = None
        case Kind.EMPTY:
            signed = ""
        case Kind.STRANGER:
            signed = signature(f"{secret}x", fresh.body)
        case Kind.CHANGED_BODY:
            signed = of_original
        case Kind.REPLAYED:
            fresh, signed = replace(fresh, webhook_id=genuine.webhook_id), of_original
        case Kind.HEX:
            signed = base64.b64decode(right).hex()
        case Kind.CUT:
            signed = right[:-8]
    return Forged(kind, fresh, fresh.headers(signed))


def forgeries(genuine: Message, secret: str, seed: int, first: int, count: int) -> Iterator[Forged]:
    """So many, of every kind in turn. first: the number of the first; no number is used twice."""
    kinds = tuple(Kind)
    for number in range(first, first + count):
        yield forged(genuine, secret, seed, number, kinds[number % len(kinds)])
