"""Session tokens: what an embedded app gets from the admin, to be exchanged for an access token (JWT, HS256)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

_LEEWAY_S = 5


def sign(claims: Mapping[str, Any], secret: str) -> str:
    """A token that says this."""
    head = _coded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    said = f"{head}.{_coded(json.dumps(claims).encode())}"
    return f"{said}.{_coded(_mac(said, secret))}"


def read(token: str, secret: str, now_s: float, client_id: str, domain: str) -> Mapping[str, Any] | None:
    """What a token says; None where it is not signed so, not now, or not of this app and shop."""
    said, _, signature = token.rpartition(".")
    head, _, body = said.partition(".")
    try:
        if not hmac.compare_digest(_plain(signature), _mac(said, secret)):
            return None
        header, claims = json.loads(_plain(head)), json.loads(_plain(body))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(header, dict) or header.get("alg") != "HS256" or not isinstance(claims, dict):
        return None
    timely = _number(claims, "nbf") - _LEEWAY_S <= now_s < _number(claims, "exp") + _LEEWAY_S
    own = claims.get("aud") == client_id and claims.get("dest") == f"https://{domain}"
    return claims if timely and own else None


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    try:
        return float(value) if isinstance(value, int | float) else 0.0
    except OverflowError:
        return 0.0


def _mac(text: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), text.encode("utf-8", "replace"), hashlib.sha256).digest()


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
