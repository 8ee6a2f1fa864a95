"""The configuration of the shop's process, and the bodies of its control port: each checked once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from harness.kit.address import BoundLoopbackAddress
from harness.kit.config import Seconds, Strict, Text, parsed
from harness.parts.commerce.shopify.delivery_config import Way

Share = Annotated[float, Field(ge=0, le=1)]


class ShopConfig(Strict):
    """domain: the shop's. api_version: of its API. callers: the places that call its API, each at a port of its own.
    events: JSON-lines file. asks: by topic, templates of keys, see harness.topology.subject.Business. scale: of the
    profile, in whose wall seconds all durations are: what a message may take, and how long it is tried again."""

    domain: Text
    api_version: Text
    client_id: Text
    client_secret: Text
    callers: tuple[Text, ...]
    events: Path
    asks: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    scale: Annotated[float, Field(gt=0, le=10)] = 1.0
    seed: int = 0
    connect_timeout_s: Seconds = 1.0
    timeout_s: Seconds = 5.0
    retry_window_s: Seconds = 14_400.0

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> ShopConfig:
        """The configuration in `config`. Raises InputError."""
        return parsed(cls, config, "shop")


class Connected(Strict):
    """The body of `POST /connect`. dns: the world's name server. edges: by the address that DNS answers for a place."""

    dns: BoundLoopbackAddress
    edges: dict[str, Way]


class Rate(Strict):
    """The body of `POST /begin`: orders per second."""

    rate: Annotated[float, Field(gt=0, le=1000)]


class Burst(Strict):
    """The body of `POST /burst`."""

    orders: Annotated[int, Field(ge=1, le=100_000)]
    over_s: Annotated[float, Field(gt=0, le=86_400)]


class Trouble(Strict):
    """The body of `POST /trouble`; see harness.faults.commerce_actions.TroubleShop. seconds: of wall time. secret: the
    one that messages are signed with in the end."""

    trouble: Literal[
        "disturbed", "forged", "subscriptions-removed", "throttled", "token-expired", "secret-rotated", "theme-broken"
    ]
    place: str = ""
    share: Share = 0.0
    count: Annotated[int, Field(ge=0, le=100_000)] = 0
    seconds: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    secret: str = ""


class Relief(Strict):
    """The body of `POST /relieve`."""

    trouble: Text
