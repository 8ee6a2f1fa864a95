"""Is a webhook Shopify's? Its signature is a code over the raw body with the application's client secret. Pure.

The headers are not signed: nothing that they say of the body may be trusted more than the body. After a secret was
rotated, Shopify goes on signing with the old one for up to an hour (shopify.dev, "Rotate or revoke client
credentials"), so both count while there are two.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable


def sign(body: bytes, secret: str) -> str:
    """What stands in X-Shopify-Hmac-Sha256."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def is_signed(body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Whether one of the secrets has signed the body. In a time that tells nothing of the right signature."""
    given = signature.strip().encode("utf-8", "replace")
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(sign(body, secret).encode(), given)
    return found
