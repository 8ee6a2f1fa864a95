"""The Admin API of one shop, without sockets: `AdminApi(shop, clock, settings).answer(request)`.

    api = AdminApi(shop, MachineClock())
    status, headers, body = api.answer(AdminRequest("POST", "/admin/api/2026-10/graphql.json", {}, headers, body))

Whoever puts it behind a server calls `settle` now and then, so that bulk operations end, and gives what changed through
the API (`told`) to whoever delivers webhooks. For one thread only, like the shop.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from harness.clock import Clock
from harness.parts.commerce.shopify.admin import bucket, bulk, graphql_requests, oauth, staging
from harness.parts.commerce.shopify.admin.asked import Asked
from harness.parts.commerce.shopify.admin.exchange import AdminReply, AdminRequest, json_reply, refusal
from harness.parts.commerce.shopify.admin.idempotency import IdempotencyKeys
from harness.parts.commerce.shopify.admin.rest.requests import Rest
from harness.parts.commerce.shopify.admin.settings import STABLE, UNSTABLE, AdminSettings
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import Changes

log = logging.getLogger(__name__)
_VERSIONED = re.compile(r"/admin/(?:api/(?:([^/]+)/)?)?(.+)\.json")
_QUARTER = re.compile(r"\d{4}-(?:01|04|07|10)")
_NO_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105
_TOO_MANY = (
    "Exceeded {rate:g} calls per second for api client. Reduce request rates to resume uninterrupted service."
)  # fmt: skip
_SHOPS = ".myshopify.com"


class AdminApi:
    """Answers requests. told: called with everything that a request changed, in order."""

    def __init__(
        self, shop: Shop, clock: Clock, settings: AdminSettings | None = None,
        told: Callable[[Changes], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.settings = settings or AdminSettings()
        self._shop = shop
        self._clock = clock
        self._told = told
        ledger = shop.registers.ledger
        self._operations = bulk.BulkOperations(
            ledger.now_us, ledger.new_id, self.settings.bulk_s, self.settings.bulk_concurrent_max
        )
        self._staging = staging.Staging()
        self._keys = IdempotencyKeys(ledger.now_us)
        self._oauth = oauth.OAuth(shop.installation, shop.domain, self.settings, ledger.now_us)
        self._rest = Rest(shop, told)
        self._points = bucket.full(self.settings.points_max, self.settings.points_per_s)
        self._calls = bucket.full(self.settings.rest_max, self.settings.rest_per_s)

    def answer(self, request: AdminRequest) -> AdminReply:
        """One answer for every request, however wrong it is."""
        reply = self._answered(request)
        if reply.status >= 400:
            log.info("%s %s: %d %s", request.method, request.path, reply.status, reply.body[:200])
        return reply

    def foresee(self, request: AdminRequest) -> str | None:
        """See `graphql_requests.foresee`: of requests that will be answered."""
        known = self._shop.installation.token(request.headers.get("x-shopify-access-token", "")) is not None
        return (
            graphql_requests.foresee(request) if known and len(request.body) <= self.settings.body_bytes_max else None
        )

    def settle(self) -> None:
        """End the bulk operations that are due."""
        changes = self._operations.settle(lambda query: graphql_requests.run_whole(query, self._asked("", STABLE[-1])))
        if changes:
            self._told(tuple(changes))

    def throttle(self, points: float, for_s: float) -> None:
        """Take the GraphQL bucket away but for so many points, none of which come back for so long."""
        self._points, _ = bucket.step(self._points, bucket.Drain(points, for_s), self._clock.now_ns())

    def expire_token(self, place: str | None = None) -> int:
        """End the tokens that were asked for from a place, or all; how many."""
        return self._oauth.expire(place)

    def rotate_secret(self) -> str:
        """Give the app a new secret, and return it; the old one counts for a while."""
        return self._shop.installation.rotate_secret(self.settings.signs_s, self.settings.accepts_secret_s)

    def _answered(self, request: AdminRequest) -> AdminReply:
        self.settle()
        if len(request.body) > self.settings.body_bytes_max and not request.path.startswith(staging.PREFIX):
            return refusal(413, "Payload Too Large")
        host = request.headers.get("host", "").partition(":")[0].lower()
        if host.endswith(_SHOPS) and host != self._shop.domain:
            return refusal(404, "Not Found")
        if request.path == oauth.PATH:
            return self._oauth.answer(request)
        if request.path.startswith(bulk.PREFIX):
            return self._result(request)
        if request.path.startswith(staging.PREFIX):
            return self._staged(request)
        return self._versioned(request)

    def _versioned(self, request: AdminRequest) -> AdminReply:
        match = _VERSIONED.fullmatch(request.path)
        version = _version(match[1]) if match is not None else None
        if match is None or version is None:
            return refusal(404, "Not Found")
        if self._shop.installation.token(request.headers.get("x-shopify-access-token", "")) is None:
            return refusal(401, _NO_TOKEN)
        status, headers, body = self._called(request, match[2], version)
        return AdminReply(status, {**headers, "X-Shopify-API-Version": version}, body)

    def _called(self, request: AdminRequest, path: str, version: str) -> AdminReply:
        if path == "graphql":
            return self._graphql(request, version)
        granted = self._spend_call()
        used = self.settings.rest_max - bucket.available(self._calls, self._clock.now_ns())
        limit = {"X-Shopify-Shop-Api-Call-Limit": f"{used:g}/{self.settings.rest_max:g}"}
        if not granted:
            said = _TOO_MANY.format(rate=self.settings.rest_per_s)
            return refusal(429, said, {**limit, "Retry-After": "2.0"})
        if request.path == oauth.SCOPES_PATH:
            scopes = [{"handle": one} for one in self._shop.installation.scopes]
            return json_reply({"access_scopes": scopes}, headers=limit)
        status, headers, body = self._rest.answer(request, path, f"{self._base(request)}{request.path}")
        return AdminReply(status, {**headers, **limit}, body)

    def _graphql(self, request: AdminRequest, version: str) -> AdminReply:
        if request.method != "POST":
            return refusal(404, "Not Found")
        wanted = graphql_requests.read(request)
        if isinstance(wanted, AdminReply):
            return wanted
        asked = self._asked(self._base(request), version)
        reply = graphql_requests.answer(
            wanted, asked, graphql_requests.Points(self._take, self._pay, self._throttle_status)
        )
        if asked.changes:
            self._told(tuple(asked.changes))
        return reply

    def _asked(self, base_url: str, version: str) -> Asked:
        return Asked(
            self._shop,
            self.settings,
            self._operations,
            self._staging,
            version,
            base_url,
            graphql_requests.mistake_in,
            self._keys,
        )

    def _result(self, request: AdminRequest) -> AdminReply:
        found = self._operations.file(request.path) if request.method == "GET" else None
        if found is None:
            return refusal(404, "Not Found")
        return AdminReply(200, {"Content-Type": "application/jsonl"}, found)

    def _staged(self, request: AdminRequest) -> AdminReply:
        if request.method != "PUT" or not self._staging.put(request.path, request.body):
            return refusal(404, "Not Found")
        return AdminReply(200, {}, b"")

    def _base(self, request: AdminRequest) -> str:
        return self.settings.base_url or f"http://{request.headers.get('host', self._shop.domain)}"

    def _spend_call(self) -> bool:
        now_ns = self._clock.now_ns()
        self._calls, effects = bucket.step(self._calls, bucket.Ask(1), now_ns)
        if not _granted(effects):
            return False
        self._calls, _ = bucket.step(self._calls, bucket.Spend(1), now_ns)
        return True

    def _take(self, points: int) -> bool:
        self._points, effects = bucket.step(self._points, bucket.Ask(points), self._clock.now_ns())
        return _granted(effects)

    def _pay(self, points: int) -> None:
        self._points, _ = bucket.step(self._points, bucket.Spend(points), self._clock.now_ns())

    def _throttle_status(self) -> dict[str, Any]:
        return {
            "maximumAvailable": self.settings.points_max,
            "currentlyAvailable": bucket.available(self._points, self._clock.now_ns()),
            "restoreRate": self.settings.points_per_s,
        }


def _granted(effects: tuple[bucket.Effect, ...]) -> bool:
    return any(isinstance(one, bucket.Granted) for one in effects)


def _version(asked: str | None) -> str | None:
    """The version that answers: an old one is answered by the oldest that is supported; None where it never was."""
    if asked is None:
        return STABLE[0]
    if asked == UNSTABLE or asked in STABLE:
        return asked
    return STABLE[0] if _QUARTER.fullmatch(asked) and asked < STABLE[0] else None
