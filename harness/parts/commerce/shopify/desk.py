"""The shop at work: its records, its API, its life and what it tells, each in its place, driven by the control port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from harness.parts.commerce.shopify.config import Connected, ShopConfig, Trouble

Answer = tuple[int, Mapping[str, str], bytes]


class ShopDesk:
    """A double until the records and the deliveries are there: it answers nothing and tells nobody."""

    def __init__(self, config: ShopConfig, record: Callable[..., None]) -> None:
        self._config = config
        self._record = record
        self._held: dict[str, Trouble] = {}
        self._calls = 0
        self.failing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        self.failing.cancel()

    async def connect(self, told: Connected) -> None:
        self._told = told

    async def reset(self) -> None:
        self._held.clear()

    def begin(self, rate: float) -> None: ...
    def pause(self) -> None: ...
    def burst(self, orders: int, over_s: float) -> None: ...

    async def trouble(self, asked: Trouble) -> None:
        self._held[asked.trouble] = asked

    def relieve(self, trouble: str) -> None:
        self._held.pop(trouble, None)

    def break_theme(self) -> None: ...

    def troubles(self) -> Sequence[str]:
        return tuple(self._held)

    def unsettled(self) -> Mapping[str, int]:
        return {}

    def status(self) -> Mapping[str, int]:
        return {"calls": self._calls}

    def lines(self) -> Sequence[Mapping[str, str]]:
        return ()

    def answer(self, place: str, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self._calls += 1
        return 404, {"Content-Type": "application/json"}, b'{"errors":"Not Found"}'
