"""The configuration of Akamai's process: checked once, with every problem reported at the same time."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from harness.engines.provider.config import ProviderConfig
from harness.kit.address import ANY_ADDRESS, Address, LoopbackAddress
from harness.kit.config import Strict, Text
from harness.parts.steering.akamai.liveness import AGENTS
from harness.parts.steering.akamai.scoring import HALF_LIFE_TESTS


class CredentialConfig(Strict):
    """Of one API client. by: under which name its calls are told; "": they are not."""

    client_token: Text
    client_secret: Text
    access_token: Text
    by: str = ""


class AliasConfig(Strict):
    """A name in a zone of the customer's that leads to a property by a CNAME."""

    name: Text
    zone: Text
    target: Text
    ttl_s: Annotated[int, Field(ge=0, le=86_400)] = 300
    negative_ttl_s: Annotated[int, Field(ge=0, le=86_400)] = 60


class AkamaiConfig(ProviderConfig):
    """Addresses are [host, port], port 0 = any free one.

    credentials: of whoever may call the API. aliases: names of the customer's. watch: names whose answer is logged when
    it changes. address_book: a server's address -> where agents dial for it; edges: place -> its server's address.
    agents: that test each server. scale: multiplies TTLs, intervals, delays and activation_s, how long it takes until
    all name servers answer by a change. half_life_tests: see scoring.py. events: JSON-lines file.
    """

    called = "akamai"

    credentials: Annotated[tuple[CredentialConfig, ...], Field(min_length=1)]
    api: LoopbackAddress = ANY_ADDRESS
    aliases: tuple[AliasConfig, ...] = ()
    address_book: dict[str, Address] = Field(default_factory=dict)
    edges: dict[str, str] = Field(default_factory=dict)
    agents: Annotated[int, Field(ge=1, le=64)] = AGENTS
    activation_s: Annotated[float, Field(ge=0, le=86_400)] = 300
    half_life_tests: Annotated[float, Field(gt=0, le=100)] = HALF_LIFE_TESTS

    @field_validator("credentials")
    @classmethod
    def _distinct(cls, credentials: tuple[CredentialConfig, ...]) -> tuple[CredentialConfig, ...]:
        if len({one.client_token for one in credentials}) < len(credentials):
            raise ValueError("two API clients have the same client_token")
        return credentials
