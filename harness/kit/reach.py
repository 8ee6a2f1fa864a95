"""Which addresses may be dialled: this machine's own, or the hosts that somebody has named, and no others. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from harness.kit.address import is_loopback

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(text: str) -> Network:
    """An address, or a network as 10.0.0.0/16. Raises ValueError, also for one that is everything."""
    try:
        found = ipaddress.ip_network(text, strict=True)
    except ValueError:
        raise ValueError(f"{text}: an address (10.1.2.3) or a network (10.1.0.0/16) is wanted, no name") from None
    if found.prefixlen == 0:
        raise ValueError(f"{text}: that is every address there is: name the hosts of the stack")
    return found


def may_dial(host: str, hosts: Sequence[str]) -> bool:
    """Whether `host` may be dialled. hosts: addresses and networks; none of them: only this machine's own."""
    if not hosts:
        return is_loopback(host)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    networks = map(network, hosts)
    return any(address.version == one.version and address in one for one in networks)


def outside(addresses: Iterable[str], hosts: Sequence[str]) -> tuple[str, ...]:
    """Those that may not be dialled."""
    return tuple(address for address in addresses if not may_dial(address, hosts))
