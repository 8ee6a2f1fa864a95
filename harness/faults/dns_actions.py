"""What can be done to a DNS link, and how it is taken back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TroubleDns:
    """A DNS link is in trouble. name: unique on it.

    trouble: black-hole, refuse, lost, slow, truncated, nxdomain, servfail or wrong-address. share: of the questions.
    """

    link: str
    name: str
    trouble: str
    share: float = 1.0
    delay_ms: int = 0


@dataclass(frozen=True)
class RelieveDns:
    """Undo `TroubleDns`."""

    link: str
    name: str


DnsAction = TroubleDns | RelieveDns
