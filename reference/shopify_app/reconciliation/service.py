"""Asks the shop what was missed: things by when they were changed, from the position that was reached; and whether the
webhooks that are wanted are still subscribed to. Every call blocks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from reference.dynamo import CallFailed
from reference.log import say
from reference.settings import Settings
from reference.shopify_app import things
from reference.shopify_app.admin_api.client import AdminApi, AdminFailed
from reference.shopify_app.reconciliation import nodes, positions, queries, subscriptions
from reference.shopify_app.settings import RECONCILE_CLAIM_S, RECONCILE_OVERLAP_S, TOPICS, ShopSettings
from reference.shopify_app.store import Store
from reference.shopify_app.things import Learned

WRITERS = 8
US_PER_S = 1_000_000


@dataclass(slots=True)
class Report:
    """What came of it. seen: things that the shop told of, by kind; news: what of it was not known, or not done."""

    seen: dict[str, int] = field(default_factory=dict)
    news: int = 0
    subscribed: tuple[str, ...] = ()
    moved: int = 0
    skipped: bool = False


class Reconciliation:
    """Of one region."""

    def __init__(self, settings: Settings, shop: ShopSettings, store: Store, api: AdminApi) -> None:
        self._settings = settings
        self._shop = shop
        self._store = store
        self._api = api
        self._writers = ThreadPoolExecutor(WRITERS, "reconcile")

    def run(self) -> Report:
        """All of it; skipped: another region is at it. Raises AdminFailed, CallFailed."""
        report = Report()
        if not self._claim():
            report.skipped = True
            return report
        try:
            self.subscribe(report)
            for kind in queries.KINDS:
                report.seen[kind] = 0
                self._kind(kind, report)
        finally:
            self._release()  # a region that fails, and tries again and again, must not keep the other from asking
        return report

    def _release(self) -> None:
        with suppress(CallFailed):  # it runs out by itself
            self._store.write(positions.release(self._shop.shop_table, self._settings.region))

    def _claim(self) -> bool:
        now_ms = time.time_ns() // 1_000_000
        until_ms = now_ms + round(self._settings.scaled_s(RECONCILE_CLAIM_S) * 1000)
        return self._store.write(positions.claim(self._shop.shop_table, self._settings.region, now_ms, until_ms))

    # -- things --------------------------------------------------------------------------------------------------
    def _kind(self, kind: str, report: Report) -> None:
        position = positions.position_of(self._store.read(positions.position_name(kind)))
        overlap_us = round(self._settings.scaled_s(RECONCILE_OVERLAP_S) * US_PER_S)
        since = "" if position is None else things.moment_of(position - overlap_us)
        after, newest, first = None, position, queries.PAGE
        while True:
            variables: dict[str, object] = {"first": first, "after": after, "query": queries.since(since) or None}
            if kind == "orders":
                variables["listed"] = queries.LISTED
            try:
                page = self._api.query(queries.PAGES[kind], variables)[kind]
            except AdminFailed as failure:
                if not failure.too_costly or first == 1:
                    raise
                first //= 2
                continue
            found = page["nodes"]
            report.seen[kind] += len(found)
            report.news += self._learn(kind, found)
            newest = max((version for node in found if (version := _version(node)) is not None), default=newest)
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
            self._claim()
        if newest is not None and newest != position:
            self._store.write(positions.move(self._shop.shop_table, kind, newest))

    def _learn(self, kind: str, found: Sequence[Mapping[str, Any]]) -> int:
        told = []
        for node in found:
            whole = self._whole(node) if kind == "orders" else node
            try:
                told.append(nodes.learned(kind, whole))
            except things.Unreadable as error:
                say("not reconciled", level="alert", kind=kind, id=node.get("id"), why=str(error))
        news = self._store.unknown(nodes.merged(told))
        keys = {(one.kind, one.key) for one in news.things}, {one.key for one in news.effects}
        parts = [_only(one, *keys) for one in told]
        apply = [part for part in parts if part.things or part.effects]
        return sum(self._writers.map(lambda part: self._store.apply(part, "reconciled", looked=True), apply))

    def _whole(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        if not nodes.is_cut(order, queries.LISTED):
            return order
        asked = {"id": order["id"], "listed": queries.LISTED_MAX}
        found: Mapping[str, Any] | None = self._api.query(queries.ORDER, asked)["order"]
        return order if found is None else found

    # -- subscriptions -------------------------------------------------------------------------------------------
    def listed(self) -> list[Mapping[str, Any]]:
        """The webhooks that are subscribed to. Raises AdminFailed."""
        found: list[Mapping[str, Any]] = []
        after = None
        while True:
            page = self._api.query(queries.SUBSCRIPTIONS, {"after": after})["webhookSubscriptions"]
            found += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    def subscribe(self, report: Report) -> None:
        """Subscribe to what is missing, at this application's address, and to nothing at another one. Raises
        AdminFailed."""
        plan = subscriptions.plan(self.listed(), TOPICS, self._shop.webhook_url)
        if plan.right:
            return
        for topic in plan.missing:
            about = {"uri": self._shop.webhook_url, "format": "JSON"}
            made = self._api.query(queries.SUBSCRIBE, {"topic": topic, "about": about})["webhookSubscriptionCreate"]
            errors = made.get("userErrors") or []
            if errors and not subscriptions.is_taken(errors):
                raise AdminFailed(f"no subscription to {topic}: {errors}")
        for key in plan.astray or ():
            self._api.query(queries.UNSUBSCRIBE, {"id": key})
        report.subscribed, report.moved = plan.missing, len(plan.astray or ())
        say("webhooks subscribed", level="warning", missing=list(plan.missing), led_elsewhere=report.moved)

    def close(self) -> None:
        """Give up the threads."""
        self._writers.shutdown(wait=False, cancel_futures=True)


def _version(node: Mapping[str, Any]) -> int | None:
    try:
        return nodes.version(node)
    except things.Unreadable:
        return None


def _only(told: Learned, known_things: set[tuple[str, str]], effects: set[str]) -> Learned:
    """What of it is to be written."""
    return Learned(
        tuple(one for one in told.things if (one.kind, one.key) in known_things),
        tuple(one for one in told.effects if one.key in effects),
    )
