"""Addresses of region servers that exist already, as an environment file says them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from harness.kit.address import Address
from harness.topology.environment import Environment
from harness.topology.mistakes import Mistake

_SECTION = "region_servers"
_PORT = 80


def address_of(url: str) -> Address:
    """Where a URL leads. Raises ValueError unless it is http://HOST[:PORT]."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        raise ValueError(f"{url}: only http, since links are TCP proxies, behind which TLS meets a wrong name")
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.username:
        raise ValueError(f"{url}: an address is http://HOST:PORT")
    return parts.hostname, parts.port or _PORT


def _url(text: str) -> str:
    address_of(text)
    return text


Url = Annotated[str, AfterValidator(_url)]
TableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]


def endpoint_mistakes(environment: Environment) -> Iterator[Mistake]:
    """A database without an address, an address without a database, and two databases at one address."""
    given = environment.section(_SECTION).settings.get("endpoints")
    if not isinstance(given, Mapping):
        return
    where, databases = (_SECTION, "endpoints"), environment.databases
    missing, further = [d for d in databases if d not in given], [str(r) for r in given if r not in databases]
    if missing:
        yield Mistake(where, f"{_SECTION}.endpoints: no address for the database of {', '.join(missing)}")
    if further:
        yield Mistake(where, f"{_SECTION}.endpoints: no place uses the database of {', '.join(further)}")
    taken: dict[Address, str] = {}
    for region, url in given.items():
        try:
            address = address_of(str(url))
        except ValueError:
            continue  # told by the section's own check
        other = taken.setdefault(address, str(region))
        if other != region:
            text = f"{other} and {region} have one address: they would be lost together, or be one copy of the data"
            yield Mistake((*where, str(region)), f"{_SECTION}.endpoints: {text}")
