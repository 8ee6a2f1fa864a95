"""Where LocalStack servers that run already are looked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from harness.errors import InputError
from harness.kit.address import Address, join_address
from harness.parts.regions.localstack.spec import Localstack as Spec
from harness.topology.endpoints import address_of
from harness.world.part import LOOPBACK

VARIABLE = "LOCALSTACK_HOST"
_PORT = 4566
_PORT_MAX = 65_535


def variable_of(region: str) -> str:
    """The variable that says it for one region."""
    return f"{VARIABLE}_{region.upper().replace('-', '_')}"


def addresses(spec: Spec, databases: Sequence[str]) -> Mapping[str, Address]:
    """By region. Raises InputError for a variable that is no address, and for one address of two regions."""
    base = _given(VARIABLE) or (LOOPBACK, _PORT)
    found: dict[str, Address] = {}
    for number, region in enumerate(databases):
        said = spec.endpoints.get(region)
        one = _given(variable_of(region))
        if one is None and said is not None:
            one = address_of(said)
        found[region] = one or _neighbour(base, number)
    taken: dict[Address, str] = {}
    for region, address in found.items():
        other = taken.setdefault(address, region)
        if other != region:
            raise InputError(
                f"region_servers: localstack: {other} and {region} have one address, {join_address(address)}: they "
                f"would be lost together, or be one copy of the data; say another one in {variable_of(region)}"
            )
    return found


def _neighbour(base: Address, number: int) -> Address:
    if base[1] + number > _PORT_MAX:
        raise InputError(f"{VARIABLE}: there is no port {base[1] + number} for a further region")
    return base[0], base[1] + number


def _given(variable: str) -> Address | None:
    """What a variable says, as localstack-client reads it."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    from harness.engines.aws.clients import localstack_endpoint

    try:
        return address_of(localstack_endpoint(text))
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{variable}={text}: an address is HOST or HOST:PORT ({error})") from error
