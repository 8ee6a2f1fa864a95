"""Which handler answers which call: the paths of the OpenAPI description."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import unquote

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


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], dict[str, Handler]], ...]:
    by_path: dict[str, dict[str, Handler]] = {}
    for method, path, handler in _TABLE:
        by_path.setdefault(path, {})[method] = handler
    # Fixed words win over names that are filled in.
    ordered = sorted(by_path, key=lambda path: (path.count("/"), path.count("{}"), path))
    return tuple((re.compile(ROOT + re.escape(path).replace(r"\{\}", "([^/]+)")), by_path[path]) for path in ordered)


def route(method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
    """The handler of a call, and what its path names. Raises Refusal."""
    for pattern, handlers in _compiled():
        found = pattern.fullmatch(path.rstrip("/"))
        if found is not None and method in handlers:
            return handlers[method], tuple(map(unquote, found.groups()))
        if found is not None:
            allow = {"Allow": ", ".join(sorted(handlers))}  # RFC 9110 section 15.5.6
            text = f"Request method '{method}' not supported"
            raise Refusal(405, "config-gtm/v1/methodNotAllowed", "Method Not Allowed", text, headers=allow)
    raise not_found(f'"{path}"')


def served() -> frozenset[tuple[str, str]]:
    """Every method with its path, `{}` for what is filled in."""
    return frozenset((method, f"/domains{path}") for method, path, _ in _TABLE)
