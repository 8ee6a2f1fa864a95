"""The shop at work: its records, its API, its life and its messages, as the control port drives them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from harness.errors import InputError
from harness.faults.shop_trouble import DISTURBED, EXPIRED, FORGED, ROTATED, THROTTLED, UNSUBSCRIBED
from harness.parts.commerce.shopify.admin_double import DoubleApi
from harness.parts.commerce.shopify.config import Connected, ShopConfig, Trouble
from harness.parts.commerce.shopify.deliveries import Deliveries
from harness.parts.commerce.shopify.delivery_config import DeliveryConfig, durations
from harness.parts.commerce.shopify.living import Living
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import Changed
from harness.parts.commerce.shopify.subscribed import ShopSubscriptions
from harness.scaling import interval_ns
from harness.units import to_ns, to_s

Answer = tuple[int, Mapping[str, str], bytes]
_UNTOLD = ("waiting", "sending", "retrying", "copies")
_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_US_PER_NS = 1000


class ShopDesk:
    """See `control.Desk`. Created in an event loop; `failing` ends with a mistake of ours, and with nothing else."""

    def __init__(self, config: ShopConfig) -> None:
        self._config = config
        self.failing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._troubles: dict[str, Trouble] = {}
        self._calls = self._forging = 0
        self._deliveries: Deliveries | None = None
        self._shop = self._opened()
        self._api = DoubleApi(self._shop)
        self._living = Living(self._shop, self._tell, config.seed, self._failed)

    def _opened(self) -> Shop:
        """A shop in which nothing has happened."""
        config = self._config
        return Shop(
            lambda: time.time_ns() // _US_PER_NS, domain=config.domain, client_id=config.client_id,
            client_secret=config.client_secret, api_version=config.api_version,
        )  # fmt: skip

    async def connect(self, told: Connected) -> None:
        """See Desk."""
        if self._deliveries is not None:
            raise InputError("the links are up already")
        config = self._config
        wanted = DeliveryConfig(
            history=str(config.events), dns=told.dns, ways=told.edges, shop=config.domain,
            api_version=config.api_version, secret=config.client_secret, effects=config.asks, seed=config.seed,
            **self._durations(),
        )  # fmt: skip
        self._deliveries = Deliveries(wanted, ShopSubscriptions(lambda: self._shop), self._failed)
        await self._deliveries.open()

    def _durations(self) -> dict[str, int]:
        config = self._config
        own = {"connect_ns": to_ns(config.connect_timeout_s), "total_ns": to_ns(config.timeout_s)}
        return durations(config.scale, config.retry_window_s) | own

    async def close(self) -> None:
        """End it all."""
        await self._living.close()
        if self._deliveries is not None:
            await self._deliveries.close()
        self.failing.cancel()

    async def reset(self) -> None:
        """See Desk."""
        self._troubles.clear()
        if self._deliveries is not None:
            await self._deliveries.reset()
        self._shop = self._opened()
        self._api = DoubleApi(self._shop)
        self._living.reset(self._shop)
        self._calls = 0

    def _failed(self, error: BaseException) -> None:
        if not self.failing.done():
            self.failing.set_exception(error)

    def _tell(self, changes: Sequence[Changed]) -> None:
        if self._deliveries is not None:
            self._deliveries.tell(changes)

    @property
    def _telling(self) -> Deliveries:
        if self._deliveries is None:
            raise InputError("the links are not up yet")
        return self._deliveries

    # --- life --------------------------------------------------------------------------------------------------

    def begin(self, rate: float) -> None:
        """See Desk."""
        self._living.begin(rate)

    def pause(self) -> None:
        """See Desk."""
        self._living.pause()

    def burst(self, orders: int, over_s: float) -> None:
        """See Desk."""
        self._living.burst(orders, over_s)

    def break_theme(self) -> None:
        """See Desk."""
        raise InputError("nobody knows how to break a theme")

    # --- troubles ----------------------------------------------------------------------------------------------

    async def trouble(self, asked: Trouble) -> None:
        """See Desk."""
        match asked.trouble:
            case str() as name if name == DISTURBED:
                self._telling.disturb(asked.share, asked.seconds)
            case str() as name if name == FORGED:
                await self._telling.forge(asked.count)
            case str() as name if name == UNSUBSCRIBED:
                self._telling.remove_subscriptions()
            case str() as name if name == EXPIRED:
                self._shop.installation.expire(asked.place or None)
            case str() as name if name == ROTATED:
                self._rotate(asked.secret)
            case str() as name if name == THROTTLED:
                pass
        self._troubles[asked.trouble] = asked

    def _rotate(self, secret: str) -> None:
        hour_s = to_s(interval_ns(to_ns(_HOUR_S), self._config.scale))
        day_s = to_s(interval_ns(to_ns(_DAY_S), self._config.scale))
        self._shop.installation.rotate_secret(hour_s, day_s)
        self._shop.installation.client_secret = secret
        self._telling.rotate(secret)

    def relieve(self, trouble: str) -> None:
        """See Desk."""
        if self._troubles.pop(trouble, None) is not None and trouble == DISTURBED:
            self._telling.disturb()

    def troubles(self) -> Sequence[str]:
        """See Desk."""
        return tuple(self._troubles)

    # --- what it tells -----------------------------------------------------------------------------------------

    def unsettled(self) -> Mapping[str, int]:
        """See Desk."""
        left = {} if self._deliveries is None else self._deliveries.unsettled()
        return {**{name: int(left.get(name, 0)) for name in _UNTOLD}, "deeds": int(self._living.busy)}

    def status(self) -> Mapping[str, int]:
        """See Desk."""
        return {"calls": self._calls, **self._living.counts()}

    def lines(self) -> Sequence[Mapping[str, str]]:
        """See Desk."""
        return ()

    def answer(self, place: str, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """A request of the API."""
        self._calls += 1
        return self._api.answer(place, method, target, headers, body)
