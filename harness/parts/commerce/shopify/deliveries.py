"""Telling the application of what happens in the shop, by webhooks: everything of it behind one object.

    deliveries = Deliveries(config, subscriptions, on_error)    # inside a running event loop
    await deliveries.open()
    deliveries.tell(shop.create_order(...))                     # every change of the shop, one call for each action
    deliveries.disturb(duplicates=0.2, disorder_s=2.0)
    await deliveries.forge(7, ["us-east-1", "us-west-2"])       # -> how many were sent, and how many were taken
    deliveries.unsettled()                                      # -> {"settled": false, "waiting": 3, ...}
    await deliveries.reset(); await deliveries.close()

Subscriptions belong to the shop's records: `ShopSubscriptions(lambda: shop)` of `subscribed` brings them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.clock import monotonic_ns
from harness.errors import InputError
from harness.parts.commerce.shopify import standing
from harness.parts.commerce.shopify.delivery import Delivered, GivenUp, Phase
from harness.parts.commerce.shopify.delivery_config import DeliveryConfig, Way
from harness.parts.commerce.shopify.dispatching import Attempted, Dispatcher
from harness.parts.commerce.shopify.disturbing import Disturbance
from harness.parts.commerce.shopify.drawing import identity
from harness.parts.commerce.shopify.forging import Forged, forgeries
from harness.parts.commerce.shopify.message import Message, triggered_at
from harness.parts.commerce.shopify.odd_json import odd, styled, written
from harness.parts.commerce.shopify.posting import Posted, Poster
from harness.parts.commerce.shopify.records.values import Changed
from harness.parts.commerce.shopify.signing import Secrets, signature
from harness.parts.commerce.shopify.standing import Standing
from harness.parts.commerce.shopify.subscribed import Subscribed, Subscriptions
from harness.parts.commerce.shopify.told import Told
from harness.units import to_ns, to_s

_FORGED_TOPIC = "orders/create"
_FORGED_MAX, _FORGED_AT_ONCE = 10_000, 64
_FORGED_GAP_S, _FORGED_WITHIN_S = 0.02, 1.0
"""Between two for one place, and for all of them: how many connections somebody takes at once is not what is asked."""


class Deliveries:
    """See the module. on_error hears of mistakes of our own, never of what the application answers."""

    def __init__(
        self, config: DeliveryConfig, subscriptions: Subscriptions, on_error: Callable[[BaseException], None]
    ) -> None:
        self._config = config
        self._subscriptions = subscriptions
        self._secrets = Secrets(config.secret, lasts_ns=config.rotation_ns)
        self._told = Told(Path(config.history), config.system, config.effects, on_error)
        self._poster = Poster(config, on_error)
        self._dispatcher = Dispatcher(self._poster, config.at_once, self._sign, self._heard, on_error)
        self._standings: dict[str, Standing] = {}
        self._gave_up: Counter[str] = Counter()
        self._disturbance = Disturbance()
        self._genuine: Message | None = None
        self._actions = self._messages = self._forgeries = 0

    async def open(self) -> None:
        """Open the DNS socket."""
        await self._poster.open()

    async def close(self) -> None:
        """Break off what is under way, and close everything."""
        await self._dispatcher.stop()
        await self._poster.close()
        self._told.close()

    # -- the shop -------------------------------------------------------------------------------------------------
    def tell(self, changes: Sequence[Changed]) -> None:
        """What one action has changed: into the ledger, and to everybody who has subscribed to it."""
        if not changes:
            return
        self._actions += 1
        event = identity(self._config.seed, "event", self._actions)
        self._told.changed(changes, event)
        now_ns, at = monotonic_ns(), triggered_at(time.time_ns())
        for change in changes:
            for subscribed in self._subscriptions.of(change.topic):
                self._send(change, subscribed, event, at, now_ns)

    def _send(self, change: Changed, subscribed: Subscribed, event: str, at: str, now_ns: int) -> None:
        config = self._config
        self._messages += 1
        name = identity(config.seed, "webhook", self._messages)
        body = written(odd(subscribed.wanted(change.body), config.seed, name), styled(config.seed, name))
        version = subscribed.api_version or config.api_version
        message = Message(
            name, event, change.topic, subscribed.address, subscribed.id, at, config.shop, version, body,
            subscribed.name,
        )  # fmt: skip
        self._genuine = message
        self._standings.setdefault(subscribed.id, Standing(subscribed.removable))
        self._dispatcher.send(message, self._disturbance.planned(config.seed, name, now_ns, config.rules))

    def rotate(self, secret: str) -> None:
        """The app's client secret is another one; for a while some messages are still signed with the one before."""
        self._secrets = self._secrets.rotated(secret, monotonic_ns())

    # -- what a drill asks for ------------------------------------------------------------------------------------
    def disturb(self, duplicates: float = 0.0, disorder_s: float = 0.0) -> None:
        """From now on that share of messages comes twice, and each is held up for up to so long. Raises InputError."""
        if not 0 <= duplicates <= 1:
            raise InputError(f"duplicates: a share from 0 to 1 is wanted, not {duplicates}")
        if not 0 <= disorder_s <= 3600:
            raise InputError(f"disorder_s: up to an hour, in seconds, is wanted, not {disorder_s}")
        self._disturbance = Disturbance(duplicates, to_ns(disorder_s))

    def remove_subscriptions(self) -> int:
        """All of them are gone, as after failures; how many there were. What is under way goes on."""
        gone = self._subscriptions.every()
        for one in gone:
            self._subscriptions.remove(one.id)
            self._told.seen(one.topic, "", "the subscription was removed", good=False)
        return len(gone)

    async def forge(self, count: int, places: Sequence[str] | None = None) -> dict[str, Any]:
        """Send so many forged messages to the edge of each place, of every kind in turn.

        places: None: all that there are. Returns how many were `sent`, and for those that were `taken` what was wrong
        with them. They go to where the application's subscriptions point, past DNS. Raises InputError.
        """
        if not 1 <= count <= _FORGED_MAX:
            raise InputError(f"count: 1 to {_FORGED_MAX} forged messages are wanted, not {count}")
        genuine = self._genuine or self._made_up()
        if genuine is None:
            raise InputError("nobody has subscribed to anything: there is no address that a forged message could go to")
        ways = {way.place: way for way in self._config.ways.values()}
        wanted = list(ways) if places is None else list(places)
        if unknown := sorted({*wanted} - {*ways}):
            raise InputError(f"no edge of {', '.join(unknown)}; one of: {', '.join(ways)}")
        first = self._forgeries
        self._forgeries += count * len(wanted)
        made = list(forgeries(genuine, self._secrets.secret, self._config.seed, first, count * len(wanted)))
        sent = [(one, ways[wanted[at // count]]) for at, one in enumerate(made)]
        turns, gap_s = asyncio.Semaphore(_FORGED_AT_ONCE), min(_FORGED_GAP_S, _FORGED_WITHIN_S / count)

        async def post(at: int, one: Forged, way: Way) -> Posted:
            await asyncio.sleep(at % count * gap_s)
            async with turns:
                return await self._poster.post(one.message.address, one.headers, one.message.body, way)

        posted = await asyncio.gather(*(post(at, one, way) for at, (one, way) in enumerate(sent)))
        taken = []
        for number, (one, became) in enumerate(zip(made, posted, strict=True), start=first):
            self._told.attempted(one.message, f"forged-{number}", 1, became, forged=True)
            if became.error is None:
                taken.append(self._was_taken(one, became))
        return {"sent": len(made), "taken": taken}

    def _was_taken(self, one: Forged, became: Posted) -> str:
        text = f"{became.reached} took a message {one.kind.value}"
        self._told.seen(one.message.topic, "forged message taken", text, lasts=False, good=False)
        return text

    def _made_up(self) -> Message | None:
        """What a genuine message would look like, while there was none."""
        every = self._subscriptions.every()
        if not every:
            return None
        topic = next((one.topic for one in every if one.topic == _FORGED_TOPIC), every[0].topic)
        address = next(one.address for one in every if one.topic == topic)
        config = self._config
        body = b'{"id":1,"admin_graphql_api_id":"gid://shopify/Order/1"}'
        at = triggered_at(time.time_ns())
        name, event = identity(config.seed, "made up"), identity(config.seed, "made up event")
        return Message(name, event, topic, address, every[0].id, at, config.shop, config.api_version, body)

    def unsettled(self) -> dict[str, Any]:
        """Messages that the application may still be told of, and when the next attempt is due."""
        phases, copies = self._dispatcher.phases(), self._dispatcher.copies
        next_ns = self._dispatcher.next_ns
        return {
            "settled": not phases and not copies,
            "waiting": phases[Phase.WAITING],
            "sending": phases[Phase.SENDING],
            "retrying": phases[Phase.PAUSING],
            "copies": copies,
            "next_s": None if next_ns is None else round(max(0.0, to_s(next_ns - monotonic_ns())), 3),
        }

    def lines(self) -> list[dict[str, str]]:
        """Of each subscription, how it stands: for `drill env status`."""
        return [
            {"what": f"webhook {one.topic}", "where": one.address, "about": self._about(one)}
            for one in self._subscriptions.every()
        ]

    def _about(self, one: Subscribed) -> str:
        state = self._standings.get(one.id)
        if state is None:
            return "nothing was sent yet"
        if not state.failures:
            return "in order"
        return f"{state.failures} attempts in a row failed" + (", its owner was warned" if state.warned else "")

    async def reset(self) -> None:
        """For the next drill: nothing is under way, nothing is disturbed, the secret is the first one again.

        The shop must stand still by then: what is told meanwhile is of the next drill.
        """
        await self._dispatcher.stop()
        self._poster.forget()
        self._standings.clear()
        self._gave_up.clear()
        self._disturbance = Disturbance()
        self._secrets = replace(self._secrets, secret=self._config.secret, old=None, since_ns=0)
        self._genuine = None
        self._told.flush()

    # -- what came of it ------------------------------------------------------------------------------------------
    def _sign(self, message: Message, now_ns: int) -> str:
        return signature(self._secrets.of(self._config.seed, message.webhook_id, now_ns), message.body)

    def _heard(self, attempted: Attempted) -> None:
        message, posted = attempted.message, attempted.posted
        self._told.attempted(message, message.webhook_id, attempted.attempt, posted)
        if posted.error is None:
            self._judge(message, standing.Took(), posted.returned_ns)
        elif attempted.effects and not isinstance(attempted.effects[0], Delivered):  # a copy counts in nothing
            state = attempted.state
            begun_ns = posted.sent_ns if state.begun_ns is None else state.begun_ns
            self._judge(message, standing.Refused(state.failures - 1, begun_ns), posted.returned_ns, posted.error)
        if any(isinstance(effect, GivenUp) for effect in attempted.effects):
            self._gave_up[message.topic] += 1
            if self._gave_up[message.topic] == 1:  # a burst's thousands would hide everything else
                text = f"{message.webhook_id}: no retry is left, {posted.error}; others may follow"
                self._told.seen(message.topic, "message given up", text, lasts=False, good=False)

    def _judge(self, message: Message, event: standing.Event, now_ns: int, why: str = "") -> None:
        before = self._standings.get(message.subscription)
        if before is None:
            return
        self._standings[message.subscription], effects = standing.step(before, event, now_ns)
        for effect in effects:
            match effect:
                case standing.Fails():
                    self._told.seen(message.topic, "failing", why, good=False)
                case standing.Works(failures=failures):
                    gone = self._gave_up.pop(message.topic, 0)
                    text = f"after {failures} failures" + (f"; {gone} messages were given up" if gone else "")
                    self._told.seen(message.topic, "delivered", text, good=True)
                case standing.Warn(failures=failures):
                    text = f"{failures} retries in a row have failed"
                    self._told.seen(message.topic, "mail to its owner", text, lasts=False, good=False)
                case standing.Remove():
                    self._subscriptions.remove(message.subscription)
                    self._told.seen(message.topic, "", "the subscription was removed: it failed too often", good=False)
