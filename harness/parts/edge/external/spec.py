"""What the environment file says of the addresses at which an existing stack's places are reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field

from harness.topology.environment import Edge, Environment, Name, Spec
from harness.topology.mistakes import Mistake

SECTION = "load_balancer"
PRELOAD: tuple[tuple[str, str], ...] = ()


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError(f"{text}: an address is wanted (10.1.2.3), no name: it must be what DNS answers") from None


class Secured(Spec):
    """Clients speak TLS. server_name: what they ask for and find in the certificate; left out: `edge.record`. ca_file:
    certificates that they believe, beside this file; left out: those that this machine believes. verify: `false`
    believes any certificate."""

    server_name: Name | None = None
    ca_file: str | None = None
    verify: bool = True


class External(Spec):
    """The places of a stack that runs already. addresses: place -> the address that DNS answers for it, at which the
    application there is reached on the port of `edge.port`; one for each place. tls: that it is spoken there, `{}` as
    browsers do; left out: plain HTTP."""

    addresses: dict[str, Annotated[str, AfterValidator(_address)]] = Field(min_length=1)
    tls: Secured | None = None


SPEC = External


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """A place without an address, an address without a place, two places at one, and what must be said of the edge."""
    given = environment.section(SECTION).settings.get("addresses")
    if isinstance(given, Mapping):
        yield from _of_addresses(environment, given)
    if not environment.edge.port:
        yield Mistake(("edge", "port"), "edge.port: say on which port the application is reached: nothing is started")
    for key in ("hosted_zone", "dns_port"):
        if getattr(environment.edge, key) != Edge.model_fields[key].default:
            text = f"edge.{key}: nobody here serves a zone: `steering: {{kind: external, dns: ...}}` names who is asked"
            yield Mistake(("edge", key), text)


def _of_addresses(environment: Environment, given: Mapping[str, object]) -> Iterator[Mistake]:
    where, places = (SECTION, "addresses"), [place.name for place in environment.places]
    missing, further = [p for p in places if p not in given], [str(p) for p in given if p not in places]
    if missing:
        yield Mistake(where, f"{SECTION}.addresses: no address for {', '.join(missing)}")
    if further:
        yield Mistake(where, f"{SECTION}.addresses: there is no place {', '.join(further)}")
    taken: dict[str, str] = {}
    for place, address in given.items():
        other = taken.setdefault(str(address), place)
        if other != place:
            text = f"{SECTION}.addresses: {other} and {place} have one address: nobody could tell who serves"
            yield Mistake((*where, place), text)
