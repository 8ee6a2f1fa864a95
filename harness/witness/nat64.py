"""IPv6 addresses that a resolver makes of IPv4 ones (DNS64, RFC 6147), and what a translator makes of them again.

Names of our worlds have A records. In networks of IPv6 alone every such name has both families all the same: the
resolver answers AAAA with 64:ff9b:: and the 32 bits of the IPv4 address behind it (RFC 6052, section 2.1).
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from harness.witness.dns_client import DnsReply

PREFIX = ipaddress.IPv6Network("64:ff9b::/96")


def synthesised(absent: DnsReply, found: DnsReply) -> DnsReply:
    """The answer for AAAA. absent: what was answered for AAAA, found: for A. It is kept no longer than either."""
    addresses = tuple(str(PREFIX[int(ipaddress.IPv4Address(one))]) for one in found.addresses)
    ttl_ns = min(found.ttl_ns, absent.ttl_ns) if absent.ttl_ns else found.ttl_ns
    return replace(found, addresses=addresses, ttl_ns=ttl_ns)


def translated(address: str) -> str:
    """Where a connection to this address ends: at the IPv4 address in it, if there is one."""
    found = ipaddress.ip_address(address)
    if not isinstance(found, ipaddress.IPv6Address) or found not in PREFIX:
        return address
    return str(ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF))


def is_ipv6(address: str) -> bool:
    """Of which family an address is."""
    return ipaddress.ip_address(address).version == 6
