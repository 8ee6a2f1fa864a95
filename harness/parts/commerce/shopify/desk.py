"""The shop at work: its records, its API, its life and its messages, as the control port drives them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.clock import MachineClock
from harness.errors import InputError
from harness.faults.shop_trouble import DISTURBED
from harness.parts.commerce.shopify import theming
from harness.parts.commerce.shopify.admin.api import AdminApi
from harness.parts.commerce.shopify.admin.exchange import AdminReply, AdminRequest
from harness.parts.commerce.shopify.admin.settings import AdminSettings
from harness.parts.commerce.shopify.config import Connected, ShopConfig, Trouble
from harness.parts.commerce.shopify.deliveries import Deliveries
from harness.parts.commerce.shopify.delivery_config import DeliveryConfig, durations
from harness.parts.commerce.shopify.living import Living
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import Changed
from harness.parts.commerce.shopify.subscribed import ShopSubscriptions
from harness.scaling import interval_ns
from harness.units import to_ns, to_s

_UNTOLD = ("waiting", "sending", "retrying", "copies")
_NS_PER_US = 1_000
_SCALED = ("token_s", "offline_s", "refresh_s", "accepts_secret_s", "signs_s")
"""Durations of the API that a profile shortens."""


class ShopDesk:
    """See `control.Desk`. Created in an event loop; `failing` ends with a mistake of ours, and with nothing else."""

    def __init__(self, config: ShopConfig) -> None:
        self._config = config
        self.failing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._troubles: dict[str, Trouble] = {}
        self._calls = 0
        self._deliveries: Deliveries | None = None
        self._open()
        self._living = Living(self._shop, self._tell, config.seed, self._failed)

    def _open(self) -> None:
        """A shop in which nothing has happened, and its API."""
        config = self._config
        self._shop = Shop(
            lambda: time.time_ns() // _NS_PER_US, domain=config.domain, client_id=config.client_id,
            client_secret=config.client_secret, api_version=config.api_version,
        )  # fmt: skip
        theming.dress(self._shop)
        usual = AdminSettings()
        scaled: dict[str, Any] = {
            name: to_s(interval_ns(to_ns(getattr(usual, name)), config.scale)) for name in _SCALED
        }
        self._api = AdminApi(self._shop, MachineClock(), replace(usual, **scaled), self._tell)

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
        self._open()
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
        theming.break_theme(self._shop)

    def theme(self) -> Mapping[str, str]:
        """See Desk."""
        return theming.digests(self._shop)

    # --- troubles ----------------------------------------------------------------------------------------------

    async def trouble(self, asked: Trouble) -> None:
        """See Desk."""
        self._troubles[asked.trouble] = asked
        match asked.trouble:
            case "disturbed":
                self._telling.disturb(asked.share, asked.seconds)
            case "forged":
                await self._telling.forge(asked.count)
            case "subscriptions-removed":
                self._telling.remove_subscriptions()
            case "token-expired":
                self._api.expire_token(asked.place or None)
            case "secret-rotated":
                settings = self._api.settings
                self._shop.installation.rotate_secret(settings.signs_s, settings.accepts_secret_s, asked.secret)
                self._telling.rotate(asked.secret)
            case "theme-broken":
                self.break_theme()
            case "throttled":
                self._api.throttle(asked.count, asked.seconds)

    def relieve(self, trouble: str) -> None:
        """See Desk."""
        if self._troubles.pop(trouble, None) is not None and trouble == DISTURBED:
            self._telling.disturb()

    def troubles(self) -> Sequence[str]:
        """See Desk."""
        return tuple(self._troubles)

    # --- what it tells -----------------------------------------------------------------------------------------

    def subscribed(self) -> Mapping[str, Sequence[str]]:
        """See Desk."""
        found: dict[str, list[str]] = {}
        for one in self._shop.subscriptions:
            found.setdefault(one.topic, []).append(one.uri)
        return found

    def unsettled(self) -> Mapping[str, int]:
        """See Desk."""
        left = {} if self._deliveries is None else self._deliveries.unsettled()
        return {**{name: int(left.get(name, 0)) for name in _UNTOLD}, "deeds": int(self._living.busy)}

    def status(self) -> Mapping[str, int]:
        """See Desk."""
        return {"calls": self._calls, "subscriptions": len(list(self._shop.subscriptions)), **self._living.counts()}

    def lines(self) -> Sequence[Mapping[str, str]]:
        """See Desk."""
        left = ", ".join(f"{count} {what}" for what, count in self.unsettled().items() if count) or "nothing is untold"
        told = self.status()
        held = f"; in trouble: {', '.join(self._troubles)}" if self._troubles else ""
        about = f"{told['subscriptions']} subscriptions, {told['calls']} calls; {left}{held}"
        return ({"what": "shop", "where": self._config.domain, "about": about},)

    def foresee(self, request: AdminRequest) -> str | None:
        """See AdminApi."""
        return self._api.foresee(request)

    def answer(self, request: AdminRequest) -> AdminReply:
        """A request to the API."""
        self._calls += 1
        return self._api.answer(request)
