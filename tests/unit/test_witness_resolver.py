"""A client's resolver: an answer without an address is something else than no answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.units import NS_PER_S
from harness.witness.dns_client import DnsFailure, DnsReply, NoAddress
from harness.witness.resolver import Resolver
from harness.witness.resolver_cache import CacheState
from harness.witness.tasks import TaskSet


class Names:
    """A name server that answers one thing, or nothing."""

    def __init__(self, *addresses: str, answers: bool = True) -> None:
        self._addresses, self._answers = addresses, answers

    async def query(self, name: str) -> DnsReply:
        if not self._answers:
            raise DnsFailure("no answer in three tries")
        return DnsReply(self._addresses, NS_PER_S, 0, 0)


def asked(names: Any) -> str:
    async def run() -> str:
        unheard: list[BaseException] = []
        tasks = TaskSet(unheard.append)
        resolver = Resolver("dns-0", "app.example.com", names, CacheState(0), tasks, lambda _: None)
        try:
            return await resolver.address()
        finally:
            await tasks.drain(1)
            assert unheard == []

    return asyncio.run(run())


def test_what_the_name_server_says_of_a_name_is_told_apart() -> None:
    assert asked(Names("127.0.1.10")) == "127.0.1.10"
    with pytest.raises(NoAddress):
        asked(Names())
    with pytest.raises(DnsFailure) as nothing:
        asked(Names(answers=False))
    assert not isinstance(nothing.value, NoAddress)
