"""One DNS link: takes questions, and does with each what the machine of `model.py` says."""

from __future__ import annotations

import asyncio
from typing import Any

import dns.rcode

from harness.clock import monotonic_ns
from harness.engines.dns.tcp import Answer
from harness.errors import InputError
from harness.kit.address import Address
from harness.parts.dns.relay import answers, model
from harness.parts.dns.relay.asking import Upstream, connected
from harness.parts.dns.relay.port import Port
from harness.units import to_s
from harness.witness.tasks import TaskSet

PATIENCE_S = 5.0
"""So long is an answer waited for: whoever asked has given up by then."""


class Carrier:
    """Created inside a running event loop; `open` it, say where it leads, and close it."""

    def __init__(self, name: str, host: str, seed: int, tasks: TaskSet) -> None:
        self.name = name
        self.state = model.State(seed)
        self._port = Port(host, self)
        self._tasks = tasks
        self._upstream: Upstream | None = None
        self._turn = asyncio.Lock()

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self._port.address

    async def open(self) -> None:
        """Take questions from now on."""
        await self._port.open()

    async def lead_to(self, server: Address) -> None:
        """Where the questions go."""
        if self._upstream is not None:
            self._upstream.close()
        self._upstream = await connected(server)

    async def happened(self, event: model.Event) -> None:
        """A trouble begins or ends; it holds when this returns."""
        async with self._turn:
            for effect in self._step(event):
                if isinstance(effect, model.Listens):
                    await (self._port.open() if effect.open else self._port.shut())

    def _step(self, event: model.Event) -> tuple[model.Effect, ...]:
        self.state, effects = model.step(self.state, event, monotonic_ns())
        return effects

    def asked(self, question: bytes, *, tcp: bool, answer: Answer) -> None:
        """See Served."""
        for effect in self._step(model.Asked(tcp)):
            if isinstance(effect, model.Fate) and not effect.lost:
                self._tasks.spawn(self._carry(question, effect, tcp, answer))

    async def _carry(self, question: bytes, fate: model.Fate, tcp: bool, answer: Answer) -> None:
        if fate.delay_ns:
            await asyncio.sleep(to_s(fate.delay_ns))
        if self._upstream is None:
            return
        try:
            found = await self._answered(question, fate.given, tcp, self._upstream)
        except (TimeoutError, OSError):  # silence, whoever brought it about
            return
        if found:
            answer(found)

    async def _answered(self, question: bytes, given: model.Given, tcp: bool, upstream: Upstream) -> bytes:
        match given:
            case "truncated":
                return answers.bare(question, dns.rcode.NOERROR, truncated=True)
            case "servfail":
                return answers.bare(question, dns.rcode.SERVFAIL)
            case "nxdomain":
                about_soa = answers.asking_for_soa(question)
                if about_soa is None:
                    return answers.bare(question, dns.rcode.NXDOMAIN)
                return answers.denied(question, await upstream.ask(about_soa, PATIENCE_S, tcp=tcp))
            case "wrong-address":
                return answers.led_astray(await upstream.ask(question, PATIENCE_S, tcp=tcp))
        return await upstream.ask(question, PATIENCE_S, tcp=tcp)

    def status(self) -> dict[str, Any]:
        """What is wrong with it, and how much it has carried."""
        return {
            "link": self.name, "asked": self.state.asked,
            "troubles": {name: trouble.kind for name, trouble in self.state.troubles.items()},
        }  # fmt: skip

    async def close(self) -> None:
        """Close every socket."""
        await self._port.close()
        if self._upstream is not None:
            self._upstream.close()


def trouble_of(body: Any) -> model.Trouble:
    """What POST /troubles says. Raises InputError."""
    said = body if isinstance(body, dict) else {}
    name, kind, share, delay_ms = said.get("name"), said.get("kind"), said.get("share", 1.0), said.get("delay_ms", 0)
    if not isinstance(name, str) or not name or kind not in KINDS:
        raise InputError(f"a trouble has a name, and a kind, one of: {', '.join(KINDS)}")
    if not _number(share) or not 0 < share <= 1:
        raise InputError("share must be above 0 and up to 1")
    if not _number(delay_ms) or delay_ms < 0:
        raise InputError("delay_ms must be a number from 0 on")
    return model.Trouble(name, kind, float(share), round(delay_ms * 1_000_000))


KINDS = ("black-hole", "refuse", "lost", "slow", "truncated", "nxdomain", "servfail", "wrong-address")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
