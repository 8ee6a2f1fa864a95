"""What the HTTP API takes and gives, checked: proxies, toxics, addresses, errors. No I/O.

Error texts and statuses are those of Toxiproxy 2.12 (api.go), so that clients cannot tell the difference.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from harness.kit.address import Address, join_address, split_address
from harness.parts.links.toxiproxy.toxics import TOXICS
from harness.parts.links.toxiproxy.toxics.base import Stream, Toxic

_INT64_MAX = 2**63 - 1
"""What attributes of toxics hold in Toxiproxy."""
VERSION = "2.12.0"
"""The Toxiproxy release whose API this is."""


class ApiError(Exception):
    """A request that cannot be served. status: of the HTTP answer."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.text = text
        self.status = status

    def as_json(self) -> dict[str, Any]:
        return {"error": self.text, "status": self.status}


def bad_body(text: str) -> ApiError:
    return ApiError(f"bad request body: {text}", 400)


def missing_field(text: str) -> ApiError:
    return ApiError(f"missing required field: {text}", 400)


def proxy_not_found() -> ApiError:
    return ApiError("proxy not found", 404)


def toxic_not_found() -> ApiError:
    return ApiError("toxic not found", 404)


def parse_address(text: str) -> Address:
    """The address in `host:port`. Raises ApiError (500, as Toxiproxy's listen errors are)."""
    _, separator, port = text.rpartition(":")
    if not separator:
        raise ApiError(f"listen tcp: address {text}: missing port in address", 500)
    if not port.isdecimal() or int(port) > 65535:
        raise ApiError(f"listen tcp: address {text}: invalid port", 500)
    return split_address(text)


def parse_listen(text: str) -> Address:
    """An address to listen on; an empty one is any port of 127.0.0.1. Raises ApiError when it is not a loopback one."""
    given, port = parse_address(text) if text else ("", 0)
    host = {"": "127.0.0.1", "localhost": "127.0.0.1"}.get(given, given)
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise ApiError(f"listen tcp: lookup {host}: only loopback addresses are allowed", 500) from None
    if not loopback:
        raise ApiError(f"listen tcp {join_address((given, port))}: only loopback addresses are allowed", 500)
    return host, port


@dataclass(frozen=True)
class ProxyBody:
    """What a request says of a proxy; None: it says nothing."""

    name: str | None = None
    listen: str | None = None
    upstream: str | None = None
    enabled: bool | None = None


def parse_proxy(body: object) -> ProxyBody:
    """Unknown fields are ignored, as Toxiproxy does. Raises ApiError 400."""
    fields = _object(body)
    return ProxyBody(
        name=_field(fields, "name", str),
        listen=_field(fields, "listen", str),
        upstream=_field(fields, "upstream", str),
        enabled=_field(fields, "enabled", bool),
    )


def require(body: ProxyBody, where: str = "") -> None:
    """Raises ApiError 400 when a new proxy lacks its name or upstream."""
    if not body.name:
        raise missing_field(f"name{where}")
    if not body.upstream:
        raise missing_field(f"upstream{where}")


@dataclass(frozen=True)
class ToxicSpec:
    """A toxic as it is put on a proxy. toxicity: the share of connections that it works on, 0..1."""

    name: str
    stream: Stream
    toxicity: float
    toxic: Toxic[Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "attributes": dataclasses.asdict(self.toxic),
            "name": self.name,
            "type": self.toxic.kind,
            "stream": self.stream,
            "toxicity": self.toxicity,
        }


def parse_toxic(body: object) -> ToxicSpec:
    """A new toxic. Raises ApiError 400."""
    fields = _object(body)
    kind = _field(fields, "type", str) or ""
    given = _field(fields, "stream", str)
    if given is not None and given.lower() not in ("upstream", "downstream"):
        raise ApiError("stream was invalid, can be either upstream or downstream", 400)
    if kind not in TOXICS:
        raise ApiError("invalid toxic type", 400)
    streams = TOXICS[kind].streams
    stream = streams[0] if given is None else _stream(given)
    if stream not in streams:
        raise ApiError(f"stream was invalid, {kind} works on {' and '.join(streams)} only", 400)
    return ToxicSpec(
        name=_field(fields, "name", str) or f"{kind}_{given or stream}",
        stream=stream,
        toxicity=_toxicity(fields, 1.0),
        toxic=_attributes(TOXICS[kind](), fields),
    )


def update_toxic(old: ToxicSpec, body: object) -> ToxicSpec:
    """The toxic with what the request changes: attributes and toxicity, nothing else. Raises ApiError 400."""
    fields = _object(body)
    return dataclasses.replace(old, toxicity=_toxicity(fields, old.toxicity), toxic=_attributes(old.toxic, fields))


def _stream(text: str) -> Stream:
    return "upstream" if text.lower() == "upstream" else "downstream"


def _object(body: object) -> Mapping[str, Any]:
    if body is None:
        return {}
    if not isinstance(body, Mapping):
        raise bad_body(f"cannot unmarshal {type(body).__name__} into an object")
    return body


def _field(fields: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    value = fields.get(name)
    if value is not None and not isinstance(value, kind):
        raise bad_body(f"cannot unmarshal {value!r} into field {name} of type {kind.__name__}")
    return value


def _toxicity(fields: Mapping[str, Any], default: float) -> float:
    value = fields.get("toxicity")
    return default if value is None else _number("toxicity", value)


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > sys.float_info.max:
        raise bad_body(f"cannot unmarshal {value!r} into field {name} of type float")
    return value


def _attributes(toxic: Toxic[Any], fields: Mapping[str, Any]) -> Toxic[Any]:
    given = _object(fields.get("attributes"))
    types = _types(type(toxic))
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(toxic):
        value = given.get(field.name)
        if value is not None:
            changes[field.name] = _attribute(field.name, types[field.name], value)
    changed = dataclasses.replace(toxic, **changes)
    problem = changed.problem()
    if problem:
        raise bad_body(problem)
    return changed


@functools.cache
def _types(toxic: type[Toxic[Any]]) -> dict[str, Any]:
    """Cached, because a region's outage adds a score of toxics in what should be one moment."""
    return get_type_hints(toxic)


def _attribute(name: str, kind: type[Any], value: object) -> Any:
    if kind is float:
        return _number(name, value)
    if not isinstance(value, kind) or (kind is int and (isinstance(value, bool) or abs(value) > _INT64_MAX)):
        raise bad_body(f"cannot unmarshal {value!r} into field attributes.{name} of type {kind.__name__}")
    return value
