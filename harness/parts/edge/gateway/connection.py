"""One client connection of the gateway: requests go to the region they are signed for, faults pass as they are."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from xml.sax.saxutils import escape

from harness.engines.http.answer import Answer
from harness.engines.http.relay import ClientConnection
from harness.engines.http.upstream import Destination, Failure, Upstream, reset
from harness.parts.edge.gateway.config import ListenerConfig
from harness.parts.edge.gateway.model import Scope, Signature, no_route_message, route, scope_of
from harness.wire.framing import Part, RequestHead

LOG = logging.getLogger(__name__)

MAX_POOLED = 16
"""Idle upstream connections kept per client connection: more than regions times services of any drill."""


@dataclass
class Caller:
    """One component instance as the gateway knows it. counts: what happened to its connections and requests."""

    config: ListenerConfig
    counts: Counter[str] = field(default_factory=Counter)
    routed: Counter[str] = field(default_factory=Counter)
    connections: set[GatewayConnection] = field(default_factory=set)
    logged: set[str] = field(default_factory=set)

    def log_once(self, key: str, text: str) -> None:
        """One line for the first of many alike."""
        if key not in self.logged and len(self.logged) < 100:
            self.logged.add(key)
            LOG.info("%s: %s (further ones are only counted)", self.config.instance, text)


class GatewayConnection(ClientConnection):
    """See the module. Having accepted, it cannot pass on a refusal as one: the client sees a reset instead."""

    def __init__(self, caller: Caller) -> None:
        super().__init__()
        self._caller = caller
        self._pool: dict[object, Upstream] = {}
        caller.connections.add(self)
        caller.counts["connections"] += 1

    def choose(self, request: RequestHead) -> Destination | Answer:
        caller = self._caller
        scope = scope_of(request)
        caller.counts["requests"] += 1
        if scope.signature is not Signature.SIGV4:
            caller.counts[scope.signature.value] += 1
            self._log_fallback(scope)
        found = route(caller.config.routes, scope, caller.config.region)
        if found is None:
            message = no_route_message(scope, caller.config.region)
            caller.counts["no_route"] += 1
            caller.log_once(message, message)
            return error_answer(request, "NoRouteInDrill", message)
        caller.routed["/".join(found.key)] += 1
        return Destination((found.key, found.address), found.address)

    def _log_fallback(self, scope: Scope) -> None:
        kind = scope.signature.value
        region = self._caller.config.region
        self._caller.log_once(kind, f"a {kind} call names no region and goes to the caller's own, {region}")

    def take_pooled(self, destination: Destination) -> Upstream | None:
        upstream = self._pool.pop(destination.key, None)
        if upstream is None or upstream.alive:
            return upstream
        self._caller.counts["stale_connections"] += 1
        upstream.abort()
        return None

    def give_back(self, upstream: Upstream) -> None:
        self._pool[upstream.destination.key] = upstream
        if len(self._pool) > MAX_POOLED:
            self._pool.pop(next(iter(self._pool))).abort()

    def on_failure(self, failure: Failure, detail: str) -> None:
        self._caller.counts[f"upstream_{failure.value}"] += 1
        if failure is Failure.CLOSED:
            self._end_exchange()
            if self.transport is not None:
                self.transport.close()
        else:
            self.reset_client()

    def on_garbage(self, part: Part) -> None:
        # The client shall see what the upstream sent. No more requests here: their answers could not be told apart.
        if not self._passing:
            self._caller.counts["upstream_garbage"] += 1
            self._passing = True
        self._send([part.body])

    def on_bad_request(self, detail: str) -> Answer:
        self._caller.counts["bad_requests"] += 1
        self._caller.log_once("bad request", f"a request that cannot be framed: {detail}")
        return Answer(HTTPStatus.BAD_REQUEST, f"The drill's gateway cannot frame this request: {detail}\n".encode())

    def on_client_lost(self) -> None:
        self._caller.connections.discard(self)
        for upstream in self._pool.values():
            upstream.abort()
        self._pool.clear()

    def on_exchange_end(self) -> None:
        if self.lost and self.request is not None:
            self._caller.counts["client_gone"] += 1

    def drop(self) -> None:
        """Reset the client, because its listener goes away or changes its routes."""
        if self.transport is not None:
            reset(self.transport)


def error_answer(request: RequestHead, code: str, message: str) -> Answer:
    """An error as the AWS protocols shape it: JSON for the JSON protocols (they send X-Amz-Target), else XML."""
    content_type = request.get(b"content-type") or b""
    if request.get(b"x-amz-target") is not None or b"json" in content_type:
        body = json.dumps({"__type": f"drill#{code}", "message": message}).encode()
        fields = (("x-amzn-ErrorType", code),)
        return Answer(HTTPStatus.BAD_REQUEST, body, "application/x-amz-json-1.0", fields)
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>drill-gateway</RequestId></ErrorResponse>"
    )
    return Answer(HTTPStatus.BAD_REQUEST, xml.encode(), "text/xml")
