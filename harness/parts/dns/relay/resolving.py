"""A resolver between clients and name servers: forwards each question by the machine of `choosing.py`.

It keeps no answers. Caches are the clients' own, as if each had a resolver to itself: so their ages are spread evenly,
and what they cost shows client by client.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dns.rcode

from harness.clock import monotonic_ns
from harness.engines.dns.tcp import Answer
from harness.engines.dns.wire_cache import OPT, question_end
from harness.kit.address import Address
from harness.parts.dns.relay import answers, choosing
from harness.parts.dns.relay.asking import Upstream, connected
from harness.parts.dns.relay.port import Port
from harness.units import to_s
from harness.witness.tasks import TaskSet

_PLAIN_UDP_BYTES = 512
_UNUSABLE = (dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED)
_AA, _TC, _RA = 0x04, 0x02, 0x80


Notice = Callable[[str, int, bool], None]
"""Hears that a resolver leaves a name server alone, or asks it again: its name, the server's place, is it well."""


class Resolver:
    """Created inside a running event loop; `open` it with where each name server is, and close it."""

    def __init__(self, name: str, host: str, tasks: TaskSet, noticed: Notice) -> None:
        self.name = name
        self._noticed = noticed
        self._port = Port(host, self)
        self._tasks = tasks
        self._servers: tuple[Upstream, ...] = ()
        self._state = choosing.State(())
        self._number = 0

    @property
    def address(self) -> Address:
        """Where it listens, past every link."""
        return self._port.address

    async def open(self, name_servers: Sequence[Address]) -> None:
        """Take questions. name_servers: where it dials each."""
        self._servers = tuple([await connected(address) for address in name_servers])
        self.forget()
        await self._port.open()

    def forget(self) -> None:
        """Nothing is known of any name server; questions under way are given up."""
        self._state = choosing.State(tuple(choosing.Server() for _ in self._servers))

    def asked(self, question: bytes, *, tcp: bool, answer: Answer) -> None:
        """See Served."""
        self._number += 1
        self._tasks.spawn(self._resolve(self._number, question, tcp, answer))

    async def _resolve(self, number: int, question: bytes, tcp: bool, answer: Answer) -> None:
        event: choosing.Event = choosing.Asked(number)
        found = b""
        while True:
            for effect in self._step(event):
                match effect:
                    case choosing.Noticed(server=server, well=well):
                        self._noticed(self.name, server, well)
                    case choosing.Deliver():
                        answer(_passed_on(found, question, tcp))
                        return
                    case choosing.GiveUp():
                        answer(answers.bare(question, dns.rcode.SERVFAIL))
                        return
                    case choosing.Send(server=server, wait_ns=wait_ns):
                        found, event = await self._ask(number, server, question, to_s(wait_ns))
                        break
            else:
                return  # it was forgotten meanwhile

    async def _ask(self, number: int, server: int, question: bytes, wait_s: float) -> tuple[bytes, choosing.Event]:
        """What came of asking one name server; over TCP as well, where its answer did not fit."""
        upstream = self._servers[server]
        try:
            found = await upstream.ask(question, wait_s)
            if found[2] & _TC:
                found = await upstream.ask(question, wait_s, tcp=True)
        except (TimeoutError, OSError):
            return b"", choosing.Failed(number, server)
        return found, choosing.Answered(number, server, usable=found[3] & 0x0F not in _UNUSABLE)

    def _step(self, event: choosing.Event) -> tuple[choosing.Effect, ...]:
        self._state, effects = choosing.step(self._state, event, monotonic_ns())
        return effects

    def status(self) -> dict[str, Any]:
        """What it knows of each name server."""
        now_ns = monotonic_ns()
        return {
            "resolver": self.name,
            "asked": self._number,
            "rests": [server.rests_until_ns > now_ns for server in self._state.servers],
        }

    async def close(self) -> None:
        """Close every socket."""
        await self._port.close()
        for server in self._servers:
            server.close()


def _passed_on(found: bytes, question: bytes, tcp: bool) -> bytes:
    """The name server's answer as a resolver's: not authoritative, recursion available; cut where it does not fit."""
    if not tcp and len(found) > _limit(question):
        return answers.bare(question, dns.rcode.Rcode(found[3] & 0x0F), truncated=True)
    return found[:2] + bytes((found[2] & ~_AA, found[3] | _RA)) + found[4:]


def _limit(question: bytes) -> int:
    """What a client takes over UDP: the payload size of its OPT record, where there is one."""
    place = question_end(question)
    if not place or question[place : place + 3] != OPT:
        return _PLAIN_UDP_BYTES
    return max(_PLAIN_UDP_BYTES, int.from_bytes(question[place + 3 : place + 5], "big"))
