"""Which handler answers which call: the paths of the OpenAPI description."""

from __future__ import annotations

import re
from functools import cache

from harness.parts.steering.digitalocean import records
from harness.parts.steering.digitalocean.calls import Handler
from harness.parts.steering.digitalocean.values import Refusal, not_found

_TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v2/domains", records.list_domains),
    ("POST", "/v2/domains", records.create_domain),
    ("GET", "/v2/domains/{}", records.get_domain),
    ("DELETE", "/v2/domains/{}", records.delete_domain),
    ("GET", "/v2/domains/{}/records", records.list_records),
    ("POST", "/v2/domains/{}/records", records.create_record),
    ("GET", "/v2/domains/{}/records/{}", records.get_record),
    ("PUT", "/v2/domains/{}/records/{}", records.update_record),
    ("PATCH", "/v2/domains/{}/records/{}", records.update_record),
    ("DELETE", "/v2/domains/{}/records/{}", records.delete_record),
)


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], dict[str, Handler]], ...]:
    by_path: dict[str, dict[str, Handler]] = {}
    for method, path, handler in _TABLE:
        by_path.setdefault(path, {})[method] = handler
    # Fixed words win over names that are filled in: `actions` is no droplet.
    ordered = sorted(by_path, key=lambda path: (path.count("/"), path.count("{}"), path))
    return tuple((re.compile(re.escape(path).replace(r"\{\}", "([^/]+)")), by_path[path]) for path in ordered)


def route(method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
    """The handler of a call, and what its path names. Raises Refusal."""
    for pattern, handlers in _compiled():
        found = pattern.fullmatch(path.rstrip("/"))
        if found is not None and method in handlers:
            return handlers[method], found.groups()
        if found is not None:
            raise Refusal(405, "method_not_allowed", "The method is not allowed for this resource.")
    raise not_found()


def served() -> frozenset[tuple[str, str]]:
    """Every method with its path, `{}` for what is filled in."""
    return frozenset((method, path) for method, path, _ in _TABLE)
