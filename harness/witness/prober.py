"""Watches the authoritative answer itself: a client with TTL 0 that asks on a grid and records only changes."""

from __future__ import annotations

from collections.abc import Callable

from harness.history.events import DnsAnswer
from harness.names import AUTHORITATIVE
from harness.units import NS_PER_S
from harness.witness.dns_client import DnsClient, DnsFailure
from harness.witness.tasks import TaskSet


class DnsProber:
    """Asks for one name. record hears of the first answer, and of each that differs from the one before."""

    def __init__(self, name: str, dns: DnsClient, tasks: TaskSet, record: Callable[[DnsAnswer], None]) -> None:
        self._name = name
        self._dns = dns
        self._tasks = tasks
        self._record = record
        self._last: tuple[str, ...] | None = None
        self._newest_asked_ns = 0
        self.probes = 0
        self.failures = 0

    def probe(self, planned_ns: int) -> None:
        """Ask now; earlier questions may still be under way."""
        self.probes += 1
        self._tasks.spawn(self._ask())

    async def _ask(self) -> None:
        try:
            reply = await self._dns.query(self._name)
        except DnsFailure:  # an unanswered question changes nothing that is known; the status tells how many
            self.failures += 1
            return
        if reply.asked_ns < self._newest_asked_ns:
            return  # overtaken by an answer to a later question
        self._newest_asked_ns = reply.asked_ns
        # A server may shuffle several addresses: their order says nothing.
        addresses = tuple(sorted(reply.addresses))
        if addresses != self._last:
            self._last = addresses
            ttl_s = reply.ttl_ns / NS_PER_S
            self._record(DnsAnswer("witness", AUTHORITATIVE, self._name, addresses, ttl_s, reply.received_ns))
