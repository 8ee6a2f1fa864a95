"""An Akamai account as a machine in virtual time, called through its signed API."""

from __future__ import annotations

import heapq
import json
from collections.abc import Mapping
from typing import Any

from harness.engines.dns.lookup import everyone
from harness.parts.steering.akamai import model
from harness.parts.steering.akamai.agents import checks_of
from harness.parts.steering.akamai.calls import BASE, Rules
from harness.parts.steering.akamai.liveness import LivenessRules, Stood, Tested
from harness.parts.steering.akamai.model import Follow, Gtm, Wake
from harness.parts.steering.akamai.scoring import Result
from harness.parts.steering.akamai.signing import Credential, authorization
from harness.parts.steering.akamai.values import Reply, Request
from harness.parts.steering.akamai.zones import Alias
from harness.units import NS_PER_S, to_ns

CREDENTIAL = Credential("akab-client", "secret", "akab-access", "somebody")
DOMAIN, HOST, APP = "example.akadns.net", "app.example.akadns.net", "app.example.com"
ONE, TWO = "192.0.2.1", "192.0.2.2"
WALL_NS = 1_790_000_000 * NS_PER_S
V16 = "application/vnd.config-gtm.v1.6+json"
GOOD, BAD, LATE = Result("", 0.02), Result("error"), Result("timeout")


def liveness_test(**fields: Any) -> dict[str, Any]:
    """A liveness test that says as little as it may."""
    return {
        "name": "edge", "testObjectProtocol": "HTTP", "testObjectPort": 80, "testObject": "/health",
        "testInterval": 10, "testTimeout": 10, "httpError3xx": True, "httpError4xx": True, "httpError5xx": True,
        **fields,
    }  # fmt: skip


def prop(**fields: Any) -> dict[str, Any]:
    """A failover property over two data centres, the first of them the primary."""
    return {
        "name": "app", "type": "failover", "handoutMode": "normal", "scoreAggregationType": "worst",
        "livenessTests": [liveness_test()],
        "trafficTargets": [
            {"datacenterId": 3131, "enabled": True, "weight": 1, "servers": [ONE]},
            {"datacenterId": 3132, "enabled": True, "weight": 0, "servers": [TWO]},
        ],
        **fields,
    }  # fmt: skip


class Account:
    """Calls, tests and time."""

    def __init__(self, activation_s: float = 300, **testing: Any) -> None:
        self.now_ns = 0
        self.gtm = Gtm(
            {CREDENTIAL.client_token: CREDENTIAL},
            Rules(WALL_NS, activation_ns=to_ns(activation_s)),
            LivenessRules(**testing),
            (Alias(APP, "example.com", HOST, 300),),
            (APP,),
        )
        self.state, effects = self.gtm.start(0)
        self._queue: list[tuple[int, int, Any]] = []
        self._order = self.calls = 0
        self.checks: Mapping[str, Any] = {}
        self.told: list[Any] = []
        self._took(effects)

    def _took(self, effects: tuple[Any, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Wake):
                self._order += 1
                heapq.heappush(self._queue, (effect.until_ns, self._order, effect.event))
            elif isinstance(effect, Follow):
                self.checks = checks_of(effect.properties)
            else:
                self.told.append(effect)

    def happened(self, event: Any) -> None:
        self.state, effects = self.gtm.step(self.state, event, self.now_ns)
        self._took(effects)

    def wait(self, seconds: float) -> None:
        """Let time pass, with all that falls into it."""
        until_ns = self.now_ns + to_ns(seconds)
        while self._queue and self._queue[0][0] <= until_ns:
            self.now_ns, _, event = heapq.heappop(self._queue)
            self.happened(event)
        self.now_ns = until_ns

    def tests(self, server: str, result: Result, *agents: int) -> None:
        """These agents, or all, test a server once."""
        for check in list(self.checks.values()):
            for agent in agents or range(self.gtm.testing.agents):
                if check.server == server:
                    self.happened(Tested(check.host, server, check.test.name, agent, result))

    def rounds(self, count: int, **results: Result) -> None:
        """All agents test all servers, once in ten seconds. one, two: what they find."""
        for _ in range(count):
            for name, server in (("one", ONE), ("two", TWO)):
                self.tests(server, results.get(name, GOOD))
            self.wait(10)

    def stood(self) -> list[tuple[str, bool]]:
        """What has been decided of servers so far: (server, up)."""
        return [(one.server, one.up) for one in self.told if isinstance(one, Stood) and one.up != one.before.up]

    # The API

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Request:
        data = b"" if body is None else json.dumps(body).encode()
        given = {"host": "akamai.test", "accept": V16, "content-type": V16, **headers}
        return Request(method, f"{BASE}{path}", given, data)

    def signed(self, request: Request, **signing: Any) -> Request:
        self.calls += 1
        credential, nonce = signing.get("credential", CREDENTIAL), signing.get("nonce", f"nonce-{self.calls}")
        wall_ns = WALL_NS + self.now_ns + to_ns(signing.get("off_s", 0))
        header = authorization(request, credential, nonce, wall_ns)
        return Request(
            request.method, request.target, {**request.headers, "authorization": header}, request.body, request.scheme
        )

    def sent(self, request: Request) -> Reply:
        before = len(self.told)
        self.happened(request)
        return next(effect for effect in self.told[before:] if isinstance(effect, Reply))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        return self.sent(self.signed(self.request(method, path, body, **headers)))

    def done(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        reply = self.call(method, path, body, **headers)
        assert reply.status < 300, reply
        return reply.body

    def errors(self, method: str, path: str, body: Any = None) -> list[str]:
        """What the API finds wrong."""
        reply = self.call(method, path, body)
        assert reply.status == 400, reply
        return [error["detail"] for error in reply.body["errors"]]

    def domain(self, *datacenters: str) -> None:
        self.done("POST", "/domains", {"name": DOMAIN, "type": "full"})
        for nickname in datacenters or ("Doune", "Snaefellsjokull"):
            self.done("POST", f"/domains/{DOMAIN}/datacenters", {"nickname": nickname})

    def published(self, **fields: Any) -> None:
        """The property, and every change complete."""
        self.domain()
        self.put(**fields)
        self.happened(model.Activate())

    def put(self, **fields: Any) -> None:
        body = prop(**fields)
        self.done("PUT", f"/domains/{DOMAIN}/properties/{body['name']}", body)

    def addresses(self, name: str = APP, kind: str = "A") -> tuple[str, ...]:
        """Everything that may be answered."""
        return tuple(sorted(self.state.answer(name, kind, everyone).values(kind)))
