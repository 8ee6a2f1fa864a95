"""What the environment file says of the DNS that leads clients to an existing stack."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from harness.kit.address import Address, split_address
from harness.topology.environment import Environment, HealthChecks, Seconds, Spec
from harness.topology.mistakes import Mistake

SYSTEM = "system"
RESOLV_CONF = Path("/etc/resolv.conf")
_PORT = 53
PRELOAD: tuple[tuple[str, str], ...] = ()


def server_of(text: str, resolv_conf: str) -> Address:
    """Where questions go. text: `system`, or ADDRESS[:PORT]; resolv_conf: what that file says. Raises ValueError."""
    if text == SYSTEM:
        words = (line.split() for line in resolv_conf.splitlines())
        found = next((word[1] for word in words if len(word) > 1 and word[0] == "nameserver"), None)
        if found is None:
            raise ValueError(f"{SYSTEM}: {RESOLV_CONF} names no name server: name one as ADDRESS:PORT")
        return found.partition("%")[0], _PORT
    try:
        return str(ip_address(text)), _PORT
    except ValueError:
        pass
    try:
        host, port = split_address(text)
        ip_address(host)
    except ValueError:
        raise ValueError(f"{text}: `{SYSTEM}` is wanted, or a name server as ADDRESS or ADDRESS:PORT") from None
    if not 0 < port < 65_536:
        raise ValueError(f"{text}: a port is 1 to 65535")
    return host, port


def _server(text: str) -> str:
    if text != SYSTEM:
        server_of(text, "")
    return text


class External(Spec):
    """Whoever answers for the application's name: nobody here.

    dns: the name server that clients ask, `ADDRESS:PORT`, or `system`, the first one of this machine's
    /etc/resolv.conf. detect_s: how long its health checks take at most until a place that is lost is answered no more.
    accept_s: until one that is back is answered again. Both in production seconds, of your own configuration: how long
    nothing may fail before a recovery counts as lasting follows from them and from `edge.ttl_s`.
    """

    dns: Annotated[str, AfterValidator(_server)] = SYSTEM
    detect_s: Seconds = 90
    accept_s: Seconds = 90


SPEC = External


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """Health checks are nobody's here."""
    if environment.health_checks != HealthChecks():
        text = "health_checks: nobody here checks health; `detect_s` in section `steering` says how long that takes"
        yield Mistake(("health_checks",), text)
