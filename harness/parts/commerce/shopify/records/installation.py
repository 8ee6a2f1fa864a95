"""The app that is installed in the shop: its scopes, its secrets, its access tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

SCOPES = (
    "read_customers", "write_customers", "read_fulfillments", "write_fulfillments", "read_inventory",
    "write_inventory", "read_locations", "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders", "read_orders", "write_orders", "read_products", "write_products",
    "read_themes", "write_themes",
)  # fmt: skip
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class Token:
    """An access token. tag: who asked for it, as far as is known; expires_at_us None: never."""

    text: str
    tag: str
    issued_at_us: int
    expires_at_us: int | None
    online: bool = False


class Installation:
    """One app in one shop. Texts of tokens and secrets follow from the seed: a drill repeats."""

    def __init__(
        self, now_us: Callable[[], int], client_id: str, client_secret: str, scopes: tuple[str, ...] = SCOPES
    ) -> None:
        self._now_us = now_us
        self.client_id = client_id
        self.client_secret = client_secret
        self.scopes = scopes
        self.installed = True
        self._tokens: dict[str, Token] = {}
        self._issued = 0
        self._rotations = 0
        self._old_secret: str | None = None
        self._old_accepted_until_us = 0
        self._old_signs_until_us = 0

    def accepts_secret(self, secret: str) -> bool:
        """Whether it is the app's, or the one before while that still counts."""
        return secret == self.client_secret or (
            secret == self._old_secret and self._now_us() < self._old_accepted_until_us
        )

    def signing_secret(self) -> str:
        """Which secret signs webhooks now: for a while after a rotation it is the old one."""
        old = self._old_secret
        return old if old is not None and self._now_us() < self._old_signs_until_us else self.client_secret

    @property
    def old_secret(self) -> str | None:
        """The secret before the last rotation, None where there was none."""
        return self._old_secret

    def rotate_secret(self, signs_for_s: float, accepted_for_s: float, secret: str = "") -> str:
        """Have a new secret (one that follows from the old one, unless it is given), and return it. The old one signs
        webhooks, and is accepted, for so long."""
        self._rotations += 1
        self._old_secret = self.client_secret
        self.client_secret = secret or f"shpss_{_digest(f'{self._old_secret}/{self._rotations}')}"
        now = self._now_us()
        self._old_signs_until_us = now + round(signs_for_s * _SECOND_US)
        self._old_accepted_until_us = now + round(accepted_for_s * _SECOND_US)
        return self.client_secret

    def issue(self, tag: str, expires_in_s: float | None, *, online: bool = False) -> Token:
        """A new access token."""
        self._issued += 1
        now = self._now_us()
        expires = None if expires_in_s is None else now + round(expires_in_s * _SECOND_US)
        kind = "shpua" if online else "shpat"
        token = Token(f"{kind}_{_digest(f'{self.client_id}/{self._issued}')}", tag, now, expires, online)
        self._tokens[token.text] = token
        return token

    def token(self, text: str) -> Token | None:
        """The token of that text, None where it is not one, or no longer."""
        token = self._tokens.get(text)
        if token is None or not self.installed:
            return None
        return None if token.expires_at_us is not None and token.expires_at_us <= self._now_us() else token

    def expire(self, tag: str | None = None) -> int:
        """End all tokens that were asked for under a tag, or all there are; how many."""
        ended = [text for text, token in self._tokens.items() if tag is None or token.tag == tag]
        for text in ended:
            del self._tokens[text]
        return len(ended)

    def uninstall(self) -> None:
        """The merchant removes the app: no token counts any more."""
        self.installed = False
        self._tokens.clear()


def _digest(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=16).hexdigest()
