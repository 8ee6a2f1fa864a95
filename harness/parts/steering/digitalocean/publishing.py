"""The edge, set up by plain calls of the API exactly as one would at DigitalOcean: balancers, domain, record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.errors import WorldError
from harness.kit.address import Address
from harness.parts.steering.digitalocean.offers import is_region
from harness.wire.ask import NoAnswer, ask
from harness.world.part import Blueprint, Edge

_TIMEOUT_S = 10.0
_NODES = 2


class Caller:
    """Calls the API at `api` past every link."""

    def __init__(self, api: Address, token: str) -> None:
        self._api = api
        self._token = token

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Status and JSON of an answer. Raises WorldError when there is none."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            answer = ask(self._api, method, path, timeout_s=_TIMEOUT_S, headers=headers, body=data)
            return answer.status, json.loads(answer.body) if answer.body else None
        except (NoAnswer, ValueError) as error:
            raise WorldError(f"DigitalOcean's API: {method} {path}: {error}") from error


class Publisher:
    """Sets the edge up."""

    def __init__(self, caller: Caller, blueprint: Blueprint, edges: Mapping[str, Edge]) -> None:
        self._caller = caller
        self._blueprint = blueprint
        self._edges = edges

    def publish(self) -> None:
        """A balancer with its droplets in each place, the domain, an A record for the primary. Raises WorldError."""
        environment = self._blueprint.environment
        edge = environment.edge
        for place in environment.places:
            if is_region(place.name):
                self._publish_place(place.name)
        self._post("/v2/domains", {"name": edge.hosted_zone})
        record = {
            "type": "A",
            "name": relative(edge.record, edge.hosted_zone),
            "data": self._edges[environment.primary.name].answered,
            "ttl": int(edge.ttl_s),
        }
        self._post(f"/v2/domains/{edge.hosted_zone}/records", record)

    def _publish_place(self, place: str) -> None:
        """What the account has in a data centre. That is told through the API, and is no part of how clients get on."""
        application = self._blueprint.subject.application
        rule = {"entry_protocol": "http", "entry_port": 80, "target_protocol": "http", "target_port": 80}
        balancer = {
            "name": f"lb-{place}",
            "region": place,
            "forwarding_rules": [rule],
            "health_check": {"path": application.health},
            **self._nodes(f"{application.name}-{place}", place),
        }
        self._post("/v2/load_balancers", balancer)

    def _nodes(self, name: str, place: str) -> Mapping[str, Any]:
        """What a balancer sends requests to: the nodes of a cluster where applications are pods, else a droplet."""
        if self._blueprint.environment.platform.kind == "kubernetes":
            pool = {"name": f"{name}-pool", "size": "s-2vcpu-4gb", "count": _NODES}
            cluster = {"name": name, "region": place, "version": "latest", "node_pools": [pool]}
            made = self._post("/v2/kubernetes/clusters", cluster)["kubernetes_cluster"]
            return {"tag": f"k8s:{made['id']}"}
        droplet = {"name": name, "region": place, "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64", "tags": ["drill"]}
        return {"droplet_ids": [self._post("/v2/droplets", droplet)["droplet"]["id"]]}

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        status, told = self._caller.call("POST", path, body)
        if status >= 300:
            raise WorldError(f"the edge was not published: POST {path}: {status} {told}")
        return told


def relative(name: str, domain: str) -> str:
    """A whole name as the API takes it: relative to the domain, `@` for the domain itself."""
    return "@" if name == domain else name.removesuffix(f".{domain}")
