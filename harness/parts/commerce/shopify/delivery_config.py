"""What delivery is told: who is told of what, how names are resolved, and the durations of the world's profile."""

from __future__ import annotations

from pydantic import Field

from harness import scaling
from harness.kit.address import BoundLoopbackAddress, LoopbackAddress
from harness.kit.config import Count, Strict, Text
from harness.parts.commerce.shopify.delivery import CONNECT_NS, RETRIES, RETRY_WINDOW_NS, TOTAL_NS, Rules
from harness.parts.commerce.shopify.signing import ROTATION_NS
from harness.units import NS_PER_S

IDLE_NS = 60 * NS_PER_S
"""How long a connection is kept that nothing is sent on. That they are reused is documented, and no limit of it."""
_KEPT = 64
_AT_ONCE = 256
"""Connections to one host at a time. Shopify documents none; a host that answers nobody holds one for each attempt."""


class Way(Strict):
    """Where an answered address is really dialled: a link that faults can hit. place: the one that it leads to."""

    place: Text
    address: BoundLoopbackAddress


class DeliveryConfig(Strict):
    """history: the file of BusinessChange and BusinessTold lines. dns: the world's name server. ways: by answered
    address; one that is not here, and no loopback address, is dialled by nobody.

    shop: its domain. secret: the app's client secret. effects: by topic, templates of the keys of what the application
    must do once: {"orders/create": ["erp:{id}"]}, filled in from the body. connect_ns, total_ns, retry_window_ns,
    rotation_ns, idle_ns: durations as they are in this world, see `durations`. kept: idle connections to a host.
    at_once: attempts to a host that are under way at a time; further ones wait. ca_file: certificates that are
    believed where an address is https; None: those that this machine believes.
    """

    history: Text
    dns: LoopbackAddress
    ways: dict[str, Way] = Field(default_factory=dict)
    shop: Text
    api_version: Text
    secret: Text
    system: Text = "shop"
    effects: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    connect_ns: Count = CONNECT_NS
    total_ns: Count = TOTAL_NS
    retry_window_ns: Count = RETRY_WINDOW_NS
    retries: Count = RETRIES
    rotation_ns: Count = ROTATION_NS
    idle_ns: Count = IDLE_NS
    kept: Count = _KEPT
    at_once: Count = _AT_ONCE
    ca_file: str | None = None
    seed: int = 0

    @property
    def rules(self) -> Rules:
        """When a message is sent again."""
        return Rules(self.retry_window_ns, self.retries)


def durations(scale: float, retry_window_s: float | None = None) -> dict[str, int]:
    """The durations in a profile, as keys of the configuration. scale: the profile's.

    retry_window_s: the window as it is to be here, not scaled any more; None: four hours, scaled.
    """
    window_ns = scaling.interval_ns(RETRY_WINDOW_NS, scale) if retry_window_s is None else round(retry_window_s * 1e9)
    return {
        "connect_ns": scaling.timeout_ns(CONNECT_NS, scale),
        "total_ns": scaling.timeout_ns(TOTAL_NS, scale),
        "retry_window_ns": window_ns,
        "rotation_ns": scaling.interval_ns(ROTATION_NS, scale),
        "idle_ns": scaling.interval_ns(IDLE_NS, scale),
    }
