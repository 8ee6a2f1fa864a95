"""The application's rows in this region's database. Every call blocks, and raises CallFailed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from reference.dynamo import CallFailed, Client
from reference.settings import Settings
from reference.shopify_app import rows
from reference.shopify_app.intake import Webhook
from reference.shopify_app.rows import Queued, Received
from reference.shopify_app.settings import ShopSettings
from reference.shopify_app.things import Effect, Learned, Thing

CONNECTIONS = 64
REMEMBERED = 50_000
KEYS_A_CALL = 100
"""BatchGetItem takes no more (DynamoDB API Reference)."""


class Store:
    """Safe to use from several threads. asked: told of each effect that is asked for the first time; doubted: told that
    a row may have been written by a call that was not answered so, and that this process does not know of."""

    def __init__(
        self, settings: Settings, shop: ShopSettings, asked: Callable[[Queued], None] = lambda _queued: None,
        doubted: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._shop = shop
        self._asked, self._doubted = asked, doubted
        self._known_effects: dict[str, None] = {}
        self._client = Client(settings.region, timeout_s=settings.request_timeout_s, connections=CONNECTIONS)

    # -- the inbox -----------------------------------------------------------------------------------------------
    def take(self, webhook: Webhook, patience_s: float) -> bool:
        """Whether a webhook is new. It is in the inbox now, either way."""
        arguments = rows.inbox_put(self._shop.inbox_table, webhook, self._settings.region, _now_us())
        return self._if_allowed(arguments, patience_s)

    def settle_webhook(self, key: str, state: str, why: str = "") -> None:
        """A webhook is done, or parked."""
        self._client.insist("update_item", **rows.settle(self._shop.inbox_table, key, state, why))

    def waiting_webhooks(self) -> Iterator[Received]:
        """Those that nobody has done, of all regions."""
        yield from map(rows.received, self._scan(self._shop.inbox_table, rows.NEW))

    def beat(self) -> None:
        """Show that this region lives, and that its inbox can be written."""
        self._client.call("update_item", **rows.beat(self._shop.inbox_table, self._settings.region))

    def touch(self) -> None:
        """Whether the inbox can be written, and no more."""
        self._client.insist("update_item", **rows.touch(self._shop.inbox_table, self._settings.region))

    def beats_of(self, region: str) -> int:
        """How often a region has beaten; -1: never."""
        key = {"id": {"S": f"beat:{region}"}}
        reply = self._client.call("get_item", TableName=self._shop.inbox_table, Key=key)
        return int(reply.get("Item", {}).get("beats", {}).get("N", "-1"))

    # -- what is known and done ----------------------------------------------------------------------------------
    def apply(self, known: Learned, source: str, *, looked: bool = False) -> int:
        """Keep what was learned, and have done what is to be done. How much of it was news. looked: it is known of the
        table itself that it is news; else what this process has asked for once is not asked for again."""
        asked = [effect for effect in known.effects if looked or effect.key not in self._known_effects]
        news = sum(self.ask_for(effect) for effect in asked)
        return news + sum(self.keep(thing, source) for thing in known.things)

    def keep(self, thing: Thing, source: str) -> bool:
        """Whether a thing's version was newer than what was known."""
        return self._if_allowed(rows.thing_put(thing, source))

    def ask_for(self, effect: Effect) -> bool:
        """Whether nobody had asked for an effect before."""
        arguments = rows.effect_put(self._shop.effects_table, effect, self._settings.region, _now_us())
        asked = self._if_allowed(arguments)
        if len(self._known_effects) >= REMEMBERED:
            self._known_effects.clear()
        self._known_effects[effect.key] = None
        if asked:
            self._asked(rows.queued(arguments["Item"]))
        return asked

    def unknown(self, found: Learned) -> Learned:
        """What of it is news, by a look that may be a little old: what is not in here need not be written."""
        keys = [(thing.kind, thing.key) for thing in found.things]
        keys += [(self._shop.effects_table, effect.key) for effect in found.effects]
        known = self._versions(list(dict.fromkeys(keys)))
        return Learned(
            tuple(one for one in found.things if known.get((one.kind, one.key), -1) < one.version),
            tuple(one for one in found.effects if (self._shop.effects_table, one.key) not in known),
        )

    def _versions(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for start in range(0, len(keys), KEYS_A_CALL):
            asked: dict[str, Any] = {}
            for table, key in keys[start : start + KEYS_A_CALL]:
                asked.setdefault(table, {"Keys": []})["Keys"].append({"id": {"S": key}})
            reply = self._client.insist("batch_get_item", RequestItems=asked)
            for table, items in reply.get("Responses", {}).items():
                for item in items:
                    found[table, item["id"]["S"]] = int(item.get("version", {}).get("N", "0"))
        return found

    # -- the queue to third parties ------------------------------------------------------------------------------
    def waiting_effects(self) -> Iterator[Queued]:
        """Those that were not sent yet, of all regions."""
        yield from map(rows.queued, self._scan(self._shop.effects_table, rows.QUEUED))

    def settle_effect(self, key: str, state: str, why: str = "") -> None:
        """An effect was sent, or never will be."""
        self._client.insist("update_item", **rows.settle(self._shop.effects_table, key, state, why))

    # -- both ----------------------------------------------------------------------------------------------------
    def adopt(self, row: Received | Queued) -> bool:
        """Whether a row of a lost region is this region's from now on."""
        table = self._shop.inbox_table if isinstance(row, Received) else self._shop.effects_table
        key = row.id if isinstance(row, Received) else row.key
        arguments = rows.adopt(table, key, row.region, self._settings.region)
        return self._if_allowed(arguments, operation="update_item")

    def _scan(self, table: str, state: str) -> Iterator[Mapping[str, Any]]:
        start: Mapping[str, Any] | None = None
        while True:
            page = self._client.insist("scan", **rows.waiting(table, state, start))
            yield from page.get("Items", [])
            start = page.get("LastEvaluatedKey")
            if not start:
                return

    # -- the row of a job ----------------------------------------------------------------------------------------
    def read(self, name: str) -> Mapping[str, Any]:
        """A row of the shop's table; {} without it."""
        reply = self._client.insist(
            "get_item", TableName=self._shop.shop_table, Key={"id": {"S": name}}, ConsistentRead=True
        )
        item: Mapping[str, Any] = reply.get("Item", {})
        return item

    def write(self, arguments: Mapping[str, Any]) -> bool:
        """Whether a conditional UpdateItem was allowed."""
        return self._if_allowed(arguments, operation="update_item")

    def _if_allowed(
        self, arguments: Mapping[str, Any], patience_s: float | None = None, operation: str = "put_item"
    ) -> bool:
        patience_s = self._settings.request_timeout_s if patience_s is None else patience_s
        try:
            self._client.insist(operation, patience_s=patience_s, **arguments)
        except CallFailed as failure:
            if not failure.condition_failed or failure.attempts > 1:
                self._doubted()
            if failure.condition_failed:
                return False
            raise
        return True

    def close(self) -> None:
        """Give up the connections."""
        self._client.close()


def _now_us() -> int:
    return time.time_ns() // 1000
