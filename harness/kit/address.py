"""Addresses of the processes on this machine: `(host, port)`, checked where a configuration is read."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator


def is_loopback(host: str) -> bool:
    """Whether `host` is a literal loopback address. Names are not: what they mean is decided elsewhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_here(host: str) -> bool:
    """Whether `host` is this machine, said as a loopback address or as `localhost`."""
    return host == "localhost" or is_loopback(host)


def _pair(value: object) -> object:
    match value:
        case [str(), int(port)] if not isinstance(port, bool) and 0 <= port <= 65_535:
            return value
    raise ValueError("an address is [host, port], with a port from 0 (any) to 65535")


def _bound(address: tuple[str, int]) -> tuple[str, int]:
    if not address[1]:
        raise ValueError("an address that can be reached has a port from 1 to 65535")
    return address


def _loopback(address: tuple[str, int]) -> tuple[str, int]:
    if not is_loopback(address[0]):
        raise ValueError(f"{address[0]} is not a loopback address; a drill stays on this machine")
    return address


Address = Annotated[tuple[str, int], BeforeValidator(_pair)]
"""A host and a port; port 0 means any free one."""

LoopbackAddress = Annotated[Address, AfterValidator(_loopback)]
"""One of this machine."""

BoundAddress = Annotated[Address, AfterValidator(_bound)]
"""One that something listens on already: its port is known."""

BoundLoopbackAddress = Annotated[LoopbackAddress, AfterValidator(_bound)]
"""One of this machine that something listens on already."""

ANY_ADDRESS: Address = ("127.0.0.1", 0)
"""Any free port of this machine."""


def join_address(address: Address) -> str:
    """host:port, with brackets around IPv6."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_address(text: str) -> Address:
    """The inverse of `join_address`."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
