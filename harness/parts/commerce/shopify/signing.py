"""How messages are signed, and with which secret while it is being changed. Pure.

Documented (shopify.dev, "Verify webhook deliveries"): X-Shopify-Hmac-Sha256 is base64 of the HMAC-SHA256 of the raw
body, with the app's client secret; headers are not signed. "When you rotate your client secret, it takes up to an hour
for the HMAC digest to be generated with the new secret": here each message changes over at a moment of its own in that
hour, so during it some are signed with the old secret and some with the new one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace

from harness.parts.commerce.shopify.drawing import share
from harness.units import NS_PER_S

ROTATION_NS = 3600 * NS_PER_S


def signature(secret: str, body: bytes) -> str:
    """The signature of a body."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


@dataclass(frozen=True, slots=True)
class Secrets:
    """secret: the app's client secret now; old: the one before, None: it was never changed. since_ns: when it was.
    lasts_ns: how long it takes until nothing is signed with the old one any more."""

    secret: str
    old: str | None = None
    since_ns: int = 0
    lasts_ns: int = ROTATION_NS

    def rotated(self, secret: str, now_ns: int) -> Secrets:
        """With a new client secret from now on."""
        return replace(self, secret=secret, old=self.secret, since_ns=now_ns)

    def of(self, seed: int, message: str, now_ns: int) -> str:
        """The secret that a message is signed with."""
        if self.old is None or now_ns - self.since_ns >= self.lasts_ns:
            return self.secret
        moved = share(seed, "secret", message) * self.lasts_ns <= now_ns - self.since_ns
        return self.secret if moved else self.old
