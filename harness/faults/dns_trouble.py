"""Name servers or resolvers are there, and their answers are not what they should be: lost, late, cut short, or false.

The dearest is the shortest: whoever is told that a name does not exist remembers it for as long as the zone's SOA says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.dns_actions import TroubleDns
from harness.faults.model import Link, Plan, ProcessRef
from harness.faults.of_dns import NAME_SERVERS, RESOLVERS, OfDns, name_servers_in, resolvers_in
from harness.measurement.canary import Expectation, Fails, Rate, Slow
from harness.names import DNS

_AWAY = 0.1
"""The canary draws for itself, and in short faults not often: so far may its share be from the fault's."""
_SLOW, _SLOW_SEEN = "slow", 0.8


@dataclass(frozen=True)
class DnsTrouble(OfDns):
    """Answers of `target` are wrong: name-servers, resolvers, or one of either by its name.

    lost: no answer comes. slow: it comes delay_ms later. truncated: over UDP it says no more than that TCP will tell.
    nxdomain: there is no such name, with the zone's own SOA. servfail: the server could not find out. wrong-address:
    the address is nobody's. rate: the share of questions, above 0 and up to 1.
    """

    kind: ClassVar[str] = "dns-trouble"
    modes: ClassVar[tuple[str, ...]] = ("lost", "slow", "truncated", "nxdomain", "servfail", "wrong-address")
    target_is: ClassVar[str] = "servers"

    target: str = NAME_SERVERS
    mode: str = "lost"
    rate: float = 1.0
    delay_ms: int = 400

    def __post_init__(self) -> None:
        super().__post_init__()
        self.share("rate", self.rate)
        if self.delay_ms < 1:
            raise InputError(f"{self.kind}: delay_ms is 1 or more, not {self.delay_ms}")

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        name, delay_ms = f"{self.kind}.{self.target}.{self.mode}", self.delay_ms if self.mode == _SLOW else 0
        actions = [TroubleDns(link.name, name, self.mode, self.rate, delay_ms) for link in hit]
        return self.planned(actions, hit, self._seen())

    def _seen(self) -> Expectation:
        if self.mode == _SLOW:
            return Slow(self.delay_ms * _SLOW_SEEN)
        if self.rate == 1:
            return Fails()
        return Rate(max(0.0, self.rate - _AWAY), min(1.0, self.rate + _AWAY))

    @property
    def aimed_at(self) -> str:
        return f"{NAME_SERVERS}, {RESOLVERS}, or one of either by its name"

    def hits(self, link: Link) -> bool:
        return link.service == DNS and self.target in _called(link)

    def targets(self, links: Iterable[Link]) -> set[str]:
        found = list(links)
        resolvers, servers = resolvers_in(found), name_servers_in(found)
        return {*resolvers, *servers, *([RESOLVERS] if resolvers else ()), *([NAME_SERVERS] if servers else ())}


def _called(link: Link) -> tuple[str, str]:
    """The names of what a link leads to."""
    return link.target, RESOLVERS if link.target.startswith("resolver-") else NAME_SERVERS
