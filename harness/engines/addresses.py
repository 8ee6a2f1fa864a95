"""Loopback addresses and ports: an edge address per region, so that an A record means something."""

from __future__ import annotations

import atexit
import errno
import platform
import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import InputError, WorldError
from harness.kit.address import Address

# Below Linux's default ephemeral range (ip_local_port_range starts at 32768), so that no outgoing connection of
# anybody takes a port between choosing it and listening on it.
_PORTS = range(20_000, 32_000)
_TRIES = 200
# Seconds may pass between choosing a port and listening on it, and no other choice must fall on it meanwhile: neither
# one of ours nor that of a drill beside it. A datagram socket at an address of loopback that nothing else uses holds
# the number; the newest are kept, and they go with the process.
_HELD_AT = "127.255.255.254"
_HELD_MAX = 128
_held: dict[int, socket.socket | None] = {}


@dataclass(frozen=True)
class EdgeAddress:
    """answered: what DNS answers for a region. host: where the clients' link listens for it."""

    answered: str
    host: str


def edge_addresses(regions: Sequence[str]) -> dict[str, EdgeAddress]:
    """Region -> edge address. On Linux the whole of 127.0.0.0/8 is ours, so the answered address is the real one;
    elsewhere documentation addresses (RFC 5737) are answered, and our own clients map them to 127.0.0.1."""
    if platform.system() == "Linux":
        addresses = [f"127.0.{number}.10" for number in range(1, len(regions) + 1)]
        return {region: EdgeAddress(a, a) for region, a in zip(regions, addresses, strict=True)}
    return {region: EdgeAddress(f"192.0.2.{10 * n}", "127.0.0.1") for n, region in enumerate(regions, start=1)}


def front_addresses(port: int) -> dict[str, Address]:
    """Of a proxy in front of all regions: what DNS answers for it -> where it listens. port: of the edges."""
    if platform.system() == "Linux":
        return {answered: (answered, port) for answered in ("127.0.250.10", "127.0.250.11")}
    return {"192.0.2.250": ("127.0.0.1", choose_port(["127.0.0.1"], 0, ""))}


def can_listen(host: str, port: int) -> bool:
    """Whether a TCP listener could be opened there now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
        return True


def choose_port(hosts: Sequence[str], wanted: int, setting: str) -> int:
    """A port that is free on all of `hosts`: `wanted`, or any when that is 0.

    Raises InputError naming `setting` when the wanted port is in use, WorldError when none is free.
    """
    if wanted:
        for host in hosts:
            if not can_listen(host, wanted):
                raise InputError(f"port {wanted} on {host} is in use: choose another {setting}, or 0 for any free one")
        return wanted
    chooser = random.SystemRandom()
    for _ in range(_TRIES):
        port = chooser.choice(_PORTS)
        if all(can_listen(host, port) for host in hosts) and _hold(port):
            return port
    raise WorldError(f"no free port between {_PORTS.start} and {_PORTS.stop} on {', '.join(hosts)}")


def _hold(port: int) -> bool:
    """Whether nobody on this machine has chosen the port lately; from now on we have."""
    if port in _held:
        return False
    holder: socket.socket | None = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    assert holder is not None
    try:
        holder.bind((_HELD_AT, port))
    except OSError as error:
        holder.close()
        if error.errno == errno.EADDRINUSE:
            return False
        holder = None  # there is no such address but on Linux: then it is one of ours at least
    _held[port] = holder
    if len(_held) > _HELD_MAX:
        _let_go(next(iter(_held)))
    return True


def _let_go(port: int) -> None:
    holder = _held.pop(port)
    if holder is not None:
        holder.close()


@atexit.register
def _let_all_go() -> None:
    for port in list(_held):
        _let_go(port)
