"""The toxics, one per file. `TOXICS` maps the HTTP API's `type` to its class."""

from __future__ import annotations

from typing import Any

from harness.parts.links.toxiproxy.toxics.bandwidth import Bandwidth
from harness.parts.links.toxiproxy.toxics.base import Toxic
from harness.parts.links.toxiproxy.toxics.black_hole import BlackHole
from harness.parts.links.toxiproxy.toxics.latency import Latency
from harness.parts.links.toxiproxy.toxics.limit_data import LimitData
from harness.parts.links.toxiproxy.toxics.request_failure import RequestFailure
from harness.parts.links.toxiproxy.toxics.reset_peer import ResetPeer
from harness.parts.links.toxiproxy.toxics.slicer import Slicer
from harness.parts.links.toxiproxy.toxics.slow_close import SlowClose
from harness.parts.links.toxiproxy.toxics.timeout import Timeout

TOXICS: dict[str, type[Toxic[Any]]] = {
    toxic.kind: toxic
    for toxic in (Bandwidth, Latency, LimitData, ResetPeer, Slicer, SlowClose, Timeout, BlackHole, RequestFailure)
}
EXTENSIONS = (BlackHole.kind, RequestFailure.kind)
"""Toxic types that Toxiproxy itself does not have."""
