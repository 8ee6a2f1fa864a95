"""Which handler answers which call: the paths of the OpenAPI description."""

from __future__ import annotations

from urllib.parse import unquote

from harness.engines.provider.routing import Routes
from harness.parts.steering.akamai import datacenters, domains
from harness.parts.steering.akamai.calls import Handler
from harness.parts.steering.akamai.domains import ROOT
from harness.parts.steering.akamai.values import Refusal, not_found

_TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "", domains.list_all),
    ("POST", "", domains.create),
    ("GET", "/{}", domains.get),
    ("PUT", "/{}", domains.update),
    ("GET", "/{}/history", domains.history),
    ("GET", "/{}/properties", domains.list_properties),
    ("GET", "/{}/properties/{}", domains.get_property),
    ("PUT", "/{}/properties/{}", domains.put_property),
    ("DELETE", "/{}/properties/{}", domains.delete_property),
    ("GET", "/{}/datacenters", datacenters.list_all),
    ("POST", "/{}/datacenters", datacenters.create),
    *(("POST", f"/{{}}/datacenters/{special}", datacenters.create_special) for special in datacenters.SPECIAL),
    ("GET", "/{}/datacenters/{}", datacenters.get),
    ("PUT", "/{}/datacenters/{}", datacenters.update),
    ("DELETE", "/{}/datacenters/{}", datacenters.delete),
    ("GET", "/{}/status/current", domains.current_status),
)


_ROUTES = Routes(_TABLE, ROOT)


def route(method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
    """The handler of a call, and what its path names. Raises Refusal."""
    found = _ROUTES.find(path)
    if found is None:
        raise not_found(f'"{path}"')
    if method not in found.handlers:
        text = f"Request method '{method}' not supported"
        raise Refusal(405, "config-gtm/v1/methodNotAllowed", "Method Not Allowed", text, headers=found.allow)
    return found.handlers[method], tuple(map(unquote, found.ids))


def served() -> frozenset[tuple[str, str]]:
    """Every method with its path, `{}` for what is filled in."""
    return frozenset((method, f"/domains{path}") for method, path in _ROUTES.served())
