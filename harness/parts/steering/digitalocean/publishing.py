"""The edge, set up by plain calls of the API exactly as one would at DigitalOcean: balancers, domain, record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.errors import WorldError
from harness.kit.address import Address
from harness.wire.ask import NoAnswer, ask
from harness.world.part import Blueprint, Edge

_TIMEOUT_S = 10.0


class Publisher:
    """Calls the API at `api` past every link."""

    def __init__(self, api: Address, token: str, blueprint: Blueprint, edges: Mapping[str, Edge]) -> None:
        self._api = api
        self._token = token
        self._blueprint = blueprint
        self._edges = edges

    def publish(self) -> None:
        """The domain, and an A record for the primary's edge. Raises WorldError."""
        environment = self._blueprint.environment
        edge = environment.edge
        self._post("/v2/domains", {"name": edge.hosted_zone})
        record = {
            "type": "A",
            "name": relative(edge.record, edge.hosted_zone),
            "data": self._edges[environment.primary.name].answered,
            "ttl": int(edge.ttl_s),
        }
        self._post(f"/v2/domains/{edge.hosted_zone}/records", record)

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            answer = ask(self._api, "POST", path, timeout_s=_TIMEOUT_S, headers=headers, body=json.dumps(body).encode())
        except NoAnswer as error:
            raise WorldError(f"the edge was not published: POST {path}: {error}") from error
        if answer.status >= 300:
            told = answer.body.decode(errors="replace")[:500]
            raise WorldError(f"the edge was not published: POST {path}: {answer.status} {told}")
        return json.loads(answer.body)


def relative(name: str, domain: str) -> str:
    """A whole name as the API takes it: relative to the domain, `@` for the domain itself."""
    return "@" if name == domain else name.removesuffix(f".{domain}")
