"""Access tokens: `POST /admin/oauth/access_token`, by client credentials, token exchange, refresh or a code.

Tokens are asked for under the place from which the request came, so that those of one region can be expired alone.
An app that may not ask is refused with a page in HTML, whose title tells why, as Shopify does it; one that sent a token
or a code that does not count, in JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from harness.kit.strict_json import strict_json
from harness.parts.commerce.shopify.admin import session_tokens
from harness.parts.commerce.shopify.admin.exchange import AdminReply, AdminRequest, json_reply
from harness.parts.commerce.shopify.admin.settings import AdminSettings
from harness.parts.commerce.shopify.records.installation import Installation, Token

PATH = "/admin/oauth/access_token"
SCOPES_PATH = "/admin/oauth/access_scopes.json"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
_OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
_ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"
_SECOND_US = 1_000_000
_DIGITS_MAX = 18
Given = Mapping[str, Any]


class OAuth:
    """Gives access tokens to one app in one shop."""

    def __init__(
        self, installation: Installation, domain: str, settings: AdminSettings, now_us: Callable[[], int]
    ) -> None:
        self._installation = installation
        self._domain = domain
        self._settings = settings
        self._now_us = now_us
        self._refresh: dict[str, Token] = {}
        self._grants: Mapping[str, Callable[[Given, str], AdminReply]] = {
            "client_credentials": self._credentials, _EXCHANGE: self._exchanged, "refresh_token": self._refreshed,
            "authorization_code": self._coded, "": self._coded,
        }  # fmt: skip

    def answer(self, request: AdminRequest) -> AdminReply:
        """One request for a token."""
        given = _given(request)
        if request.method != "POST":
            return json_reply({"errors": "Not Found"}, 404)
        if given is None:
            return _page("invalid_request", "The request is missing a required parameter.")
        if given.get("client_id") != self._installation.client_id:
            shown = given.get("client_id", "")
            return _refused(
                "application_cannot_be_found", f"Could not find Shopify API application with api_key {shown}"
            )
        if not self._installation.accepts_secret(str(given.get("client_secret", ""))):
            return _page("invalid_client", "Client authentication failed.")
        if not self._installation.installed:
            return _page("app_not_installed", "The application is not installed on this shop.")
        grant = self._grants.get(str(given.get("grant_type") or ""))
        if grant is None:
            return _page("unsupported_grant_type", "The grant type is not supported.")
        return grant(given, request.place)

    def expire(self, place: str | None) -> int:
        """End the tokens that were asked for from a place, or all; how many."""
        self._refresh = {
            text: token for text, token in self._refresh.items() if place is not None and token.tag != place
        }  # fmt: skip
        return self._installation.expire(place)

    def _credentials(self, _: Given, place: str) -> AdminReply:
        token = self._installation.issue(place, self._settings.token_s)
        return self._told(token, expires_in=round(self._settings.token_s))

    def _exchanged(self, given: Given, place: str) -> AdminReply:
        if given.get("subject_token_type") != _ID_TOKEN:
            return _refused("invalid_request", "The subject_token_type is invalid.")
        wanted = given.get("requested_token_type")
        if wanted not in (_OFFLINE, _ONLINE):
            return _refused("invalid_request", "The requested_token_type is invalid.")
        claims = next((one for one in (self._claims(given, secret) for secret in self._secrets()) if one), None)
        if claims is None:
            return _refused(
                "invalid_subject_token", "Token exchange cannot be performed due to an invalid subject token."
            )
        if wanted == _OFFLINE:
            return self._offline(place, expiring=str(given.get("expiring", "0")) in ("1", "true", "True"))
        token = self._installation.issue(place, self._settings.token_s, online=True)
        user = str(claims.get("sub", "1"))
        return self._told(
            token, expires_in=round(self._settings.token_s), associated_user_scope=self._scope(),
            associated_user={
                "id": int(user) if user.isascii() and user.isdigit() and len(user) <= _DIGITS_MAX else 1,
                "account_owner": True,
            },
        )  # fmt: skip

    def _offline(self, place: str, *, expiring: bool) -> AdminReply:
        if not expiring:
            return self._told(self._installation.issue(place, None))
        token = self._installation.issue(place, self._settings.offline_s)
        refresh = f"shprt_{token.text.partition('_')[2]}"
        self._refresh[refresh] = token
        return self._told(
            token, expires_in=round(self._settings.offline_s), refresh_token=refresh,
            refresh_token_expires_in=round(self._settings.refresh_s),
        )  # fmt: skip

    def _refreshed(self, given: Given, place: str) -> AdminReply:
        known = self._refresh.pop(str(given.get("refresh_token", "")), None)
        if known is None or known.issued_at_us + self._settings.refresh_s * _SECOND_US <= self._now_us():
            return _refused("invalid_grant", "The refresh token is invalid or has expired.")
        return self._offline(place or known.tag, expiring=True)

    def _coded(self, given: Given, place: str) -> AdminReply:
        if not given.get("code"):
            return _refused("invalid_request", "The authorization code was not found or was already used")
        return self._told(self._installation.issue(place, None))

    def _secrets(self) -> list[str]:
        old = self._installation.old_secret
        known = [self._installation.client_secret, *([old] if old else [])]
        return [one for one in known if self._installation.accepts_secret(one)]

    def _claims(self, given: Given, secret: str) -> Mapping[str, Any] | None:
        now_s = self._now_us() / _SECOND_US
        return session_tokens.read(
            str(given.get("subject_token", "")), secret, now_s, self._installation.client_id, self._domain
        )

    def _scope(self) -> str:
        return ",".join(self._installation.scopes)

    def _told(self, token: Token, **more: Any) -> AdminReply:
        return json_reply({"access_token": token.text, "scope": self._scope(), **more})


def _given(request: AdminRequest) -> Given | None:
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    if request.content_type != "application/json":
        return dict(request.query) or None
    try:
        body = strict_json(request.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _refused(error: str, description: str) -> AdminReply:
    return json_reply({"error": error, "error_description": description}, 400)


def _page(error: str, description: str) -> AdminReply:
    text = (
        f"<!DOCTYPE html>\n<html><head><title>400 - Oauth error {error}</title></head>"
        f"<body><h2>Oauth error {error}: {escape(description)}</h2></body></html>\n"
    )
    return AdminReply(400, {"Content-Type": "text/html; charset=utf-8"}, text.encode("utf-8", "replace"))
