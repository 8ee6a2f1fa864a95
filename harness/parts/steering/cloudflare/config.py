"""The configuration of Cloudflare's process: checked once, with every problem reported at the same time."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.engines.provider.config import ProviderConfig
from harness.kit.address import ANY_ADDRESS, Address, BoundLoopbackAddress, LoopbackAddress
from harness.kit.config import Text
from harness.kit.forms import Form
from harness.parts.steering.cloudflare.model import BEARER_FORM
from harness.parts.steering.cloudflare.quota import REQUESTS


class CloudflareConfig(ProviderConfig):
    """Addresses are [host, port], port 0 = any free one.

    token: the account's own; callers: other tokens that are let in, and whose they are ("": nobody need hear of their
    calls). zone: the domain of the account. watch: names whose answer is logged when it changes. address_book: an
    origin's address -> where health checks dial for it. places: an origin's address -> whose edge it is.
    anycast: what proxied names are answered with -> where the proxy listens for it. requests: that
    the API answers in five minutes. scale: multiplies intervals, TTLs and the window of the rate limit. seed: of ids
    and of when checks begin. events: JSON-lines file.
    """

    called = "cloudflare"

    token: Annotated[str, Form(BEARER_FORM, "needs 40 or more of A-Z a-z 0-9 - and _, as the service's tokens have")]
    zone: Text = "example.com"
    api: LoopbackAddress = ANY_ADDRESS
    callers: dict[str, str] = Field(default_factory=dict)
    address_book: dict[str, Address] = Field(default_factory=dict)
    places: dict[str, str] = Field(default_factory=dict)
    anycast: dict[str, BoundLoopbackAddress] = Field(default_factory=dict)
    requests: Annotated[int, Field(ge=1, le=100_000_000)] = REQUESTS
