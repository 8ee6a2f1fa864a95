"""A shop's Admin API and a third party, each as small as the reference's Shopify application needs them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DOMAIN, SECRET = "drill-shop.myshopify.com", "hush"


class Double(ThreadingHTTPServer):
    """Serves in a thread until it is closed."""

    daemon_threads = True
    request_queue_size = 128  # with the usual 5, a burst of callers waits seconds for the kernel's next attempt

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, path: str, headers: dict[str, str], said: Any) -> tuple[int, Any]:
        raise NotImplementedError

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)


class Handler(BaseHTTPRequestHandler):
    server: Double

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.lock:
            status, said = self.server.answer(self.command, self.path, headers, json.loads(raw) if raw else None)
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _serve

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


class Shop(Double):
    """nodes: by kind, what it knows, oldest first. throttled, expired: answers of that sort that come next."""

    def __init__(self) -> None:
        self.nodes: dict[str, list[dict[str, Any]]] = {"orders": [], "products": [], "customers": []}
        self.subscriptions: dict[str, dict[str, str]] = {}
        self.tokens, self.throttled, self.expired = 0, 0, 0
        self.asked: list[dict[str, Any]] = []
        super().__init__()

    def answer(self, method: str, path: str, headers: dict[str, str], said: Any) -> tuple[int, Any]:
        if path == "/admin/oauth/access_token":
            if said["client_secret"] != SECRET:
                return 400, {"error": "invalid_client"}
            self.tokens += 1
            return 200, {"access_token": f"t{self.tokens}", "scope": "read_orders", "expires_in": 3600}
        if self.expired or headers.get("x-shopify-access-token") != f"t{self.tokens}":
            self.expired = max(0, self.expired - 1)
            return 401, {"errors": "Invalid API key or access token"}
        cost = {"requestedQueryCost": 10, "throttleStatus": {
            "maximumAvailable": 100.0, "currentlyAvailable": 90.0, "restoreRate": 1000.0,
        }}  # fmt: skip
        if self.throttled:
            self.throttled -= 1
            return 200, {"errors": [{"extensions": {"code": "THROTTLED"}}], "extensions": {"cost": cost}}
        return 200, {"data": self._data(said["query"], said["variables"]), "extensions": {"cost": cost}}

    def _data(self, query: str, given: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(given)
        if query.startswith("mutation Subscribe"):
            key = f"gid://shopify/WebhookSubscription/{len(self.asked)}"
            self.subscriptions[key] = {"id": key, "topic": given["topic"], "uri": given["about"]["uri"]}
            return {"webhookSubscriptionCreate": {"webhookSubscription": {"id": key}, "userErrors": []}}
        if query.startswith("mutation Unsubscribe"):
            del self.subscriptions[given["id"]]
            return {"webhookSubscriptionDelete": {"deletedWebhookSubscriptionId": given["id"], "userErrors": []}}
        if "webhookSubscriptions" in query:
            return {"webhookSubscriptions": _page(list(self.subscriptions.values()), 50, None)}
        if "currentAppInstallation" in query:
            scopes = ("read_orders", "read_products", "read_customers", "read_fulfillments")
            return {"currentAppInstallation": {"accessScopes": [{"handle": one} for one in scopes]}}
        if query.startswith("query One"):
            return {"order": next(one for one in self.nodes["orders"] if one["id"] == given["id"])}
        kind = next(kind for kind in self.nodes if f"  {kind}(" in query)
        since = (given["query"] or "").removeprefix("updated_at:>=").strip("'")
        found = sorted((one for one in self.nodes[kind] if one["updatedAt"] >= since), key=lambda one: one["updatedAt"])
        return {kind: _page(found, given["first"], given["after"])}


def _page(found: list[dict[str, Any]], first: int, after: str | None) -> dict[str, Any]:
    start = int(after or 0)
    more = start + first < len(found)
    return {
        "nodes": found[start : start + first],
        "pageInfo": {"hasNextPage": more, "endCursor": str(start + first) if more else None},
    }


class Party(Double):
    """down: answers 503; lying: takes everything, and keeps nothing."""

    def __init__(self) -> None:
        self.records: dict[str, Any] = {}
        self.taken: list[str] = []
        self.down = self.lying = False
        super().__init__()

    def answer(self, method: str, path: str, headers: dict[str, str], said: Any) -> tuple[int, Any]:
        key = path.removeprefix("/v1/records/").replace("%3A", ":")
        if self.down:
            return 503, {"error": "maintenance"}
        if method == "GET":
            return (200, self.records[key]) if key in self.records else (404, {"error": "no such record"})
        assert headers["idempotency-key"] == key
        self.taken.append(key)
        known = key in self.records
        if not self.lying:
            self.records[key] = said
        return (200 if known else 201), {"id": key, "stored": True}
