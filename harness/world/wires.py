"""Arrows: who speaks to whom, about what, and where both ends are. Each becomes a link that faults can hit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.faults.model import Link
from harness.kit.address import Address

ANYWHERE: Address = ("127.0.0.1", 0)


@dataclass(frozen=True)
class Arrow:
    """A link with its two sockets: where its proxy listens (port 0: anywhere), and where it leads.

    probe: how the witness tries it, for a canary's link, as in harness.witness.models:
    kind, and path and host, or region. carries: the calls (region, service) that an instance's gateway sends over it;
    service `*` stands for every other. registered: of a link from a load balancer, whether it leads to one of its
    targets from the start; else whoever brings the link registers what is behind it once it serves. carrier: the part
    that carries it itself, at `listen`, for what no link server can; "" for all others.
    """

    link: Link
    upstream: Address
    listen: Address = ANYWHERE
    probe: Mapping[str, Any] | None = None
    carries: tuple[tuple[str, str], ...] = ()
    registered: bool = True
    carrier: str = ""
