"""The application's record is replaced the wrong way: deleted, and made anew a moment later.

In between the name does not exist. Whoever asks then is told so, and may remember it for as long as the zone's negative
TTL says, which is much longer than the moment was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import DropRecord
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import PROVIDER_API
from harness.faults.provider_outage import providers
from harness.measurement.canary import Rate
from harness.names import DIGITALOCEAN, RECORD


@dataclass(frozen=True)
class RecordReplaced(Fault):
    """The record is deleted through the API of the provider `target`; healing makes it anew."""

    kind: ClassVar[str] = "record-replaced"
    modes: ClassVar[tuple[str, ...]] = ("deleted",)
    target_is: ClassVar[str] = "provider"
    needs: ClassVar[tuple[str, ...]] = (PROVIDER_API,)

    target: str = DIGITALOCEAN
    mode: str = "deleted"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        # An intermediary that looks after its record puts it back before we do: what was gone need not stay gone.
        return self.planned([DropRecord(self.target)], watched, Rate(0.0, 1.0))

    @property
    def aimed_at(self) -> str:
        return "a provider with an API"

    def hits(self, link: Link) -> bool:
        """The canary that asks whether the name is answered; no link is touched."""
        return link.from_canary and link.target == self.target and link.service == RECORD

    def targets(self, links: Iterable[Link]) -> set[str]:
        return providers(links)
