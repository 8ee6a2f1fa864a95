"""The edge, set up by signed calls of the API exactly as one would at Akamai: domain, data centres, property."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from harness.clock import wall_time
from harness.errors import WorldError
from harness.kit.address import Address, join_address
from harness.parts.steering.akamai.calls import BASE
from harness.parts.steering.akamai.signing import Credential, authorization
from harness.parts.steering.akamai.spec import Akamai
from harness.parts.steering.akamai.values import Request
from harness.topology.environment import Place
from harness.wire.ask import NoAnswer, ask
from harness.world.part import Blueprint, Edge

MEDIA_TYPE = "application/vnd.config-gtm.v1.6+json"
_TIMEOUT_S = 10.0
TEST = "edge"
"""What the liveness test is called."""


class Caller:
    """Calls the API at `api` past every link."""

    def __init__(self, api: Address, credential: Credential) -> None:
        self._api = api
        self._credential = credential

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Status and JSON of an answer. Raises WorldError when there is none."""
        data = b"" if body is None else json.dumps(body).encode()
        target, host = f"{BASE}{path}", join_address(self._api)
        wall_ns = round(wall_time().timestamp() * 1e9)
        request = Request(method, target, {"host": host}, data)
        headers = {
            "Authorization": authorization(request, self._credential, str(uuid.uuid4()), wall_ns),
            "Accept": MEDIA_TYPE,
            "Content-Type": MEDIA_TYPE,
        }
        try:
            answer = ask(self._api, method, target, timeout_s=_TIMEOUT_S, headers=headers, body=data or None)
            return answer.status, json.loads(answer.body) if answer.body else None
        except (NoAnswer, ValueError) as error:
            raise WorldError(f"Akamai's API: {method} {path}: {error}") from error


class Publisher:
    """Sets the edge up."""

    def __init__(self, caller: Caller, blueprint: Blueprint, spec: Akamai, edges: Mapping[str, Edge]) -> None:
        self._caller = caller
        self._blueprint = blueprint
        self._spec = spec
        self._edges = edges

    def publish(self) -> None:
        """A domain with a data centre for each place, and a property that leads to them. Raises WorldError."""
        domain = self._spec.domain
        comment = {"modificationComments": "published by the drill"}
        self._done("POST", "/domains", {"name": domain, "type": "full", **comment})
        numbers = {
            place.name: self._done("POST", f"/domains/{domain}/datacenters", {"nickname": place.name})["resource"][
                "datacenterId"
            ]
            for place in self._places
        }
        name = property_name(self._blueprint.environment.edge.record)
        self._done("PUT", f"/domains/{domain}/properties/{name}", self._property(name, numbers))

    @property
    def _places(self) -> tuple[Place, Place]:
        return self._blueprint.environment.primary, self._blueprint.environment.standby

    def _property(self, name: str, numbers: Mapping[str, int]) -> dict[str, Any]:
        spec, edge = self._spec, self._blueprint.environment.edge
        return {
            "name": name, "type": spec.property_type, "cname": edge.record, "dynamicTTL": int(edge.ttl_s),
            "handoutMode": spec.handout_mode, "scoreAggregationType": "worst", "ipv6": False,
            "handoutLimit": spec.handout_limit if spec.handout_mode in ("normal", "persistent") else None,
            "failoverDelay": spec.failover_delay_s, "failbackDelay": spec.failback_delay_s,
            "backupIp": spec.backup_ip, "backupCName": spec.backup_cname, "livenessTests": [self._test()],
            "trafficTargets": [
                {
                    "datacenterId": numbers[place.name], "enabled": True, "weight": weight, "precedence": precedence,
                    "servers": [self._edges[place.name].answered],
                }
                for place, weight, precedence in zip(self._places, self._weights(), (0, 10), strict=True)
            ],
        }  # fmt: skip

    def _weights(self) -> tuple[float, float]:
        """Of the primary and the standby; a failover property marks its primary by the weight 1."""
        share = self._spec.standby_weight
        return (100 - share, share) if self._spec.property_type == "weighted-round-robin" else (1.0, 0.0)

    def _test(self) -> dict[str, Any]:
        spec, environment = self._spec, self._blueprint.environment
        return {
            "name": TEST, "testObjectProtocol": "HTTP", "testObjectPort": self._edges[environment.primary.name].port,
            "testObject": self._blueprint.subject.application.edge_health_path,
            "httpHeaders": [{"name": "Host", "value": environment.edge.record}],
            "testInterval": spec.test_interval_s, "testTimeout": spec.test_timeout_s,
            "httpError3xx": spec.http_error_3xx, "httpError4xx": spec.http_error_4xx,
            "httpError5xx": spec.http_error_5xx, "errorPenalty": spec.error_penalty,
            "timeoutPenalty": spec.timeout_penalty, "disableNonstandardPortWarning": True,
        }  # fmt: skip

    def _done(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        status, told = self._caller.call(method, path, body)
        if status >= 300:
            raise WorldError(f"the edge was not published: {method} {path}: {status} {told}")
        return told


def property_name(record: str) -> str:
    """How the property is called that an application's name leads to: by the first of its labels."""
    return record.partition(".")[0]
