"""A Cloudflare account whose API is called; every answer is checked against the published description.

tests/data/cloudflare has the description with its provenance and licence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from harness.engines.health_checks.checker import Checker, Observation
from harness.parts.steering.cloudflare.calls import Rules
from harness.parts.steering.cloudflare.health import data_centres, endpoints_of
from harness.parts.steering.cloudflare.model import Checked, Cloudflare
from harness.parts.steering.cloudflare.routes import BASE
from harness.parts.steering.cloudflare.values import Reply, Request
from harness.units import NS_PER_S

FILE = Path(__file__).parents[1] / "data" / "cloudflare" / "load-balancing.json"
METHODS = ("get", "post", "put", "patch", "delete")
APP = "app.example.com"
TOKEN = "t" * 40
RULES = Rules(wall_ns=1_790_000_000 * NS_PER_S)
OWN, ZONE = f"/accounts/{RULES.account_id}/load_balancers", f"/zones/{RULES.zone_id}/load_balancers"


class Account:
    """An account of a machine whose clock is moved by hand."""

    def __init__(self, **settings: Any) -> None:
        self.machine = Cloudflare(TOKEN, RULES, (APP,), **settings)
        self.state = self.machine.start()
        self.now_ns = 0
        self.effects: tuple[Any, ...] = ()

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS_PER_S)

    def happened(self, event: Any) -> tuple[Any, ...]:
        self.state, self.effects = self.machine.step(self.state, event, self.now_ns)
        return self.effects

    def call(self, method: str, path: str, body: Any = None, authorization: str | None = None, **query: str) -> Reply:
        given = f"Bearer {TOKEN}" if authorization is None else authorization
        self.happened(Request(method, f"{BASE}{path}", query, body, given or None))
        reply = next(effect for effect in self.effects if isinstance(effect, Reply))
        told = mistakes(method, path, reply.status, reply.body)
        assert told == [], (method, path, reply)
        return reply

    def done(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        reply = self.call(method, path, body, **query)
        assert reply.status == 200, reply
        return reply.body["result"]

    def refused(self, method: str, path: str, body: Any = None, authorization: str | None = None) -> tuple[int, Any]:
        reply = self.call(method, path, body, authorization)
        assert reply.body["success"] is False
        assert reply.body["result"] is None
        error = reply.body["errors"][0]
        return reply.status, (error["code"], error["message"])

    def monitor(self, **fields: Any) -> str:
        return str(self.done("POST", f"{OWN}/monitors", {"expected_codes": "2xx", "path": "/health", **fields})["id"])

    def pool(self, name: str, *addresses: str, **fields: Any) -> str:
        origins = [{"name": f"o{n}", "address": address} for n, address in enumerate(addresses)]
        return str(self.done("POST", f"{OWN}/pools", {"name": name, "origins": origins, **fields})["id"])

    def balancer(self, *pools: str, **fields: Any) -> str:
        body = {"name": APP, "default_pools": list(pools), "fallback_pool": pools[-1], **fields}
        return str(self.done("POST", ZONE, body)["id"])

    def sees(self, **healthy: int) -> tuple[Any, ...]:
        """Of each pool so many data centres, from the first on, find all origins healthy; the others do not."""
        seen = {}
        for pool in self.state.account.pools.values():
            if not pool.get("monitor"):
                continue
            count = len(list(data_centres(pool)))
            for endpoint in endpoints_of(pool):
                seen[endpoint.id] = tuple(one(n < healthy.get(pool["name"], count)) for n in range(count))
        return self.happened(Checked(seen))

    def addresses(self, name: str = APP) -> tuple[str, ...]:
        return self.state.answer(name, "A").values("A")


def one(healthy: bool) -> Checker:
    """A data centre that has looked."""
    text, cause, status = ("No failures", "", 200) if healthy else ("TCP connection failed", "connection", None)
    last = Observation(healthy, text, 5, cause, status, NS_PER_S // 100)  # type: ignore[arg-type]
    return Checker(60 * NS_PER_S, 1, healthy=healthy, last=last)


def operations() -> Iterator[tuple[str, str]]:
    """Every method of the description with its path, `{}` for what is filled in."""
    for path, item in _document()["paths"].items():
        yield from ((method.upper(), re.sub(r"\{[^}]+\}", "{}", path)) for method in METHODS if method in item)


def mistakes(method: str, path: str, status: int, body: Any) -> list[str]:
    """What of an answer is not as described."""
    if path.endswith("/search") and status < 400:
        return []  # a list and an object at once, says the description; the client reads an object
    for described, item in _document()["paths"].items():
        if re.fullmatch(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(described)), path) and method.lower() in item:
            operation = item[method.lower()]
            validator = jsonschema.Draft4Validator(
                _schema(operation, status), format_checker=jsonschema.FormatChecker()
            )
            return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(body)]
    return []


def _schema(operation: Mapping[str, Any], status: int) -> Any:
    if status < 400:
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    else:
        # The description says that a failure is the success and the failure at once, which nothing can be.
        schema = {"$ref": "#/components/schemas/load-balancing_api-response-common-failure"}
    return {**_converted(schema), "components": _components()}


@cache
def _document() -> Any:
    return json.loads(FILE.read_text(encoding="utf-8"))


@cache
def _components() -> Any:
    return _converted(_document()["components"])


def _converted(node: Any) -> Any:
    """OpenAPI 3.0's own words in those of JSON Schema: `nullable` is one more type."""
    if isinstance(node, list):
        return [_converted(one) for one in node]
    if not isinstance(node, dict):
        return node
    converted = {key: _converted(value) for key, value in node.items() if key not in ("nullable", "example")}
    if node.get("nullable") is True:
        return {"anyOf": [converted, {"type": "null"}]}
    return converted
