"""The edge, set up by plain calls of the API exactly as one would at Cloudflare: monitor, pools, load balancer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.errors import WorldError
from harness.kit.address import Address
from harness.parts.steering.cloudflare.routes import BASE
from harness.parts.steering.cloudflare.spec import Cloudflare
from harness.parts.steering.cloudflare.values import identifier
from harness.wire.ask import NoAnswer, ask
from harness.world.part import Blueprint, Edge

ACCOUNT, ZONE = identifier(0, "account"), identifier(0, "zone")
_TIMEOUT_S = 10.0
_NOBODY = "192.0.2.1"
"""Of the disabled pool (RFC 5737): nothing is ever sent there."""


class Caller:
    """Calls the API at `api` past every link."""

    def __init__(self, api: Address, token: str) -> None:
        self._api = api
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What a call made. Raises WorldError when it was refused, or not answered."""
        data = json.dumps(body).encode()
        try:
            answer = ask(self._api, "POST", f"{BASE}{path}", timeout_s=_TIMEOUT_S, headers=self._headers, body=data)
            told = json.loads(answer.body)
        except (NoAnswer, ValueError) as error:
            raise WorldError(f"Cloudflare's API: POST {path}: {error}") from error
        if not told.get("success"):
            raise WorldError(f"the edge was not published: POST {path}: {answer.status} {told.get('errors')}")
        return told["result"]


def publish(caller: Caller, blueprint: Blueprint, spec: Cloudflare, edges: Mapping[str, Edge]) -> None:
    """A monitor, a pool for each place, and the load balancer of the application's name. Raises WorldError."""
    environment = blueprint.environment
    record = environment.edge.record
    own = f"/accounts/{ACCOUNT}/load_balancers"
    monitor = caller.post(f"{own}/monitors", _monitor(blueprint, spec, edges))["id"]
    common = {"monitor": monitor, "minimum_origins": 1, "check_regions": list(spec.check_regions)}
    pools = {}
    for place in (environment.primary, environment.standby):
        origin = {"name": place.name, "address": edges[place.name].answered, "header": {"Host": [record]}}
        body = {"name": place.name.replace(".", "-"), "origins": [origin], **common}
        pools[place.role] = caller.post(f"{own}/pools", body)["id"]
    if spec.fallback == "none":
        nobody = {"name": "nobody", "enabled": False, "origins": [{"name": "nobody", "address": _NOBODY}]}
        pools["none"] = caller.post(f"{own}/pools", nobody)["id"]
    balancer: dict[str, Any] = {
        "name": record,
        "default_pools": [pools["primary"], pools["standby"]],
        "fallback_pool": pools[spec.fallback],
        "steering_policy": "off",
        "proxied": spec.proxied,
        "adaptive_routing": {"failover_across_pools": spec.failover_across_pools},
    }
    if not spec.proxied:
        balancer["ttl"] = int(environment.edge.ttl_s)
    caller.post(f"/zones/{ZONE}/load_balancers", balancer)


def _monitor(blueprint: Blueprint, spec: Cloudflare, edges: Mapping[str, Edge]) -> dict[str, Any]:
    (port,) = {edges[place.name].port for place in blueprint.environment.places[:1]}
    return {
        "type": "http",
        "method": "GET",
        "path": blueprint.subject.application.edge_health_path,
        "port": port,
        "expected_codes": "2xx",
        "interval": spec.interval_s,
        "timeout": spec.timeout_s,
        "retries": spec.retries,
        "consecutive_down": spec.consecutive_down,
        "consecutive_up": spec.consecutive_up,
        "header": {"Host": [blueprint.environment.edge.record]},
    }
