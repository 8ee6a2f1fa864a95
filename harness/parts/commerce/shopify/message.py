"""One message of a webhook: to whom, about what, and the bytes that stay the same however often it is sent. Pure.

Documented (shopify.dev, "Webhooks": "Delivery structure"): the headers below. X-Shopify-Webhook-Id is unique for each
message and the same in its retries, so that it is what one deduplicates by; X-Shopify-Event-Id is shared by all
messages that one action brought about. Names of headers are case-insensitive, and headers are not signed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SIGNATURE = "X-Shopify-Hmac-Sha256"
_NAME = re.compile(r"[\w-]{1,50}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """webhook_id: of this message. event_id: of the action. address: where its subscription pointed when it was
    triggered. subscription: that one's id. triggered_at: as the header says it. name: what
    its owner calls the subscription, if anything."""

    webhook_id: str
    event_id: str
    topic: str
    address: str
    subscription: str
    triggered_at: str
    shop: str
    api_version: str
    body: bytes
    name: str | None = None

    def headers(self, signed: str | None) -> dict[str, str]:
        """The headers. signed: the signature; None: it is left out."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": self.topic,
            "X-Shopify-Shop-Domain": self.shop,
            "X-Shopify-API-Version": self.api_version,
            "X-Shopify-Webhook-Id": self.webhook_id,
            "X-Shopify-Event-Id": self.event_id,
            "X-Shopify-Triggered-At": self.triggered_at,
        }
        if self.name is not None and _NAME.fullmatch(self.name):
            headers["X-Shopify-Name"] = self.name
        return headers if signed is None else {**headers, SIGNATURE: signed}


def triggered_at(at_ns: int) -> str:
    """A time in nanoseconds since 1970 as X-Shopify-Triggered-At says it."""
    at = _EPOCH + timedelta(microseconds=at_ns // 1000)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ns % 1_000_000_000:09d}Z"


def effects_of(templates: Mapping[str, tuple[str, ...]], topic: str, fields: Mapping[str, object]) -> tuple[str, ...]:
    """What the application must do once because of a change: its topic's templates, filled in from the body.

    A template that names what the body does not have is about another kind of change, and gives nothing.
    """
    found = []
    for template in templates.get(topic, ()):
        try:
            found.append(template.format_map(fields))
        except (KeyError, ValueError, IndexError, AttributeError, TypeError):
            continue
    return tuple(found)
