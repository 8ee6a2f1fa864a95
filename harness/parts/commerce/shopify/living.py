"""Lets a shop live: carries deeds out on its records at their time, and tells of what each has changed.

    living = Living(shop, deliveries.tell, seed=7)     # opens the shop: customers, products, goods
    living.begin(rate=5.0)                             # deeds a second, from now on, however the application fares
    living.burst(orders=1000, over_s=10.0)             # beside them
    living.pause(); living.counts(); living.reset(new_shop)

A driver of `life`. Late deeds are made up for, never left out, so that as much happens as was asked for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from harness.clock import monotonic_ns
from harness.errors import InputError
from harness.parts.commerce.shopify import life
from harness.parts.commerce.shopify.doing import Doing
from harness.parts.commerce.shopify.life import Life, Next, Ordered
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import Changed, Refused
from harness.units import to_ns, to_s
from harness.witness.tasks import TaskSet

Tell = Callable[[Sequence[Changed]], object]

CUSTOMERS, PRODUCTS = 20, 12
RATE_MAX = 2000.0
_ORDERS_MAX = 1_000_000


class Living:
    """See the module. Create it inside an event loop. on_error hears of mistakes of our own."""

    def __init__(
        self, shop: Shop, tell: Tell, seed: int, on_error: Callable[[BaseException], None], *,
        customers: int = CUSTOMERS, products: int = PRODUCTS,
    ) -> None:  # fmt: skip
        self._tell = tell
        self._seed = seed
        self._tasks = TaskSet(on_error)
        self._sizes = (customers, products)
        self._rate_ended = self._bursts_ended = asyncio.Event()
        self.reset(shop)

    def reset(self, shop: Shop) -> None:
        """Stand still, and open another shop, in which the same will happen as in the first."""
        self.pause()
        self._doing = Doing(shop, self._seed, *self._sizes)
        self._life = Life(self._seed, *self._sizes)
        self._done: Counter[str] = Counter()

    def begin(self, rate: float) -> None:
        """From now on so many deeds a second; an earlier rate ends, and bursts go on. Raises InputError."""
        if not 0 < rate <= RATE_MAX:
            raise InputError(f"rate: more than 0 and at most {RATE_MAX:.0f} deeds a second are wanted, not {rate}")
        self._rate_ended.set()
        self._rate_ended = asyncio.Event()
        self._tasks.spawn(self._beat(self._rate_ended, Next(), to_ns(1 / rate), None))

    def burst(self, orders: int, over_s: float) -> None:
        """So many orders, spread evenly over so long, beside what happens anyway. Raises InputError."""
        if not 1 <= orders <= _ORDERS_MAX:
            raise InputError(f"orders: 1 to {_ORDERS_MAX} are wanted, not {orders}")
        if not 0 <= over_s <= 3600:
            raise InputError(f"over_s: up to an hour, in seconds, is wanted, not {over_s}")
        self._tasks.spawn(self._beat(self._bursts_ended, Ordered(), to_ns(over_s) // orders, orders))

    def pause(self) -> None:
        """Nothing happens any more; a burst ends, too."""
        self._rate_ended.set()
        self._bursts_ended.set()
        self._bursts_ended = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Whether deeds are under way: it was begun, or a burst has not ended."""
        return bool(len(self._tasks))

    def counts(self) -> dict[str, int]:
        """How many deeds of each kind were done, and how many the shop would not have (`refused`)."""
        return dict(sorted(self._done.items()))

    async def close(self) -> None:
        """End for good."""
        self.pause()
        await self._tasks.drain(0)

    async def _beat(self, ended: asyncio.Event, event: life.Event, period_ns: int, count: int | None) -> None:
        """One deed at each slot of a grid that depends on nothing but its beginning."""
        first_ns, number = monotonic_ns(), 0
        while count is None or number < count:
            await _pause(ended, to_s(first_ns + number * period_ns - monotonic_ns()))
            if ended.is_set():
                return
            self._do(event)
            number += 1

    def _do(self, event: life.Event) -> None:
        self._life, deeds = life.step(self._life, event, monotonic_ns())
        for deed in deeds:
            try:
                changes = self._doing.do(deed)
            except Refused:  # somebody else has changed the same thing by the API
                self._done["refused"] += 1
            else:
                self._done[type(deed).__name__] += 1
                self._tell(changes)


async def _pause(ended: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until it has ended; without any time left, let others have a turn."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ended.wait()
