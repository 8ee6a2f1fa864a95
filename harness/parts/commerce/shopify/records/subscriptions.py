"""Webhook subscriptions: who is to be told of which topic, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.things import Subscription
from harness.parts.commerce.shopify.records.values import Refused

_URI = ("webhookSubscription", "uri")
_URI_MAX = 2048
_ELSEWHERE = ("pubsub://", "arn:aws:events:")


class Subscriptions:
    """The shop's webhook subscriptions. allow_http: a world without certificates; Shopify itself wants https."""

    def __init__(self, registers: Registers, api_version: str, *, allow_http: bool = True) -> None:
        self._registers = registers
        self._api_version = api_version
        self._allow_http = allow_http

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self._registers.subscriptions)

    def of_topic(self, topic: str) -> list[Subscription]:
        """Those for `orders/create`, oldest first."""
        return [one for one in self._registers.subscriptions if one.topic == topic]

    def get(self, number: int) -> Subscription | None:
        """The one of that number, None when it is gone."""
        return self._registers.subscriptions.get(number)

    def create(self, topic: str, uri: str, *, by_api: bool = True, **more: Any) -> Subscription:
        """One more. by_api: False for one that the app's own configuration file made. Refused where it exists."""
        self._usable(topic, uri, None)
        at = self._registers.ledger.stamp()
        return self._registers.subscriptions.add(
            Subscription(
                id=self._registers.ledger.new_id(), created_at_us=at, updated_at_us=at, topic=topic, uri=uri,
                api_version=self._api_version, by_api=by_api, **more,
            )
        )  # fmt: skip

    def update(self, number: int, changes: Mapping[str, Any]) -> Subscription:
        """Change fields of one. Messages that are being retried keep their address: it stands in them."""
        before = self._registers.subscriptions.require(number)
        after = replace(before, **changes)
        self._usable(after.topic, after.uri, number)
        for name in changes:
            setattr(before, name, getattr(after, name))
        self._registers.subscriptions.touch(before, self._registers.ledger.stamp())
        return before

    def delete(self, number: int) -> None:
        """Take one away."""
        self._registers.subscriptions.remove(self._registers.subscriptions.require(number))

    def delete_all(self) -> Sequence[int]:
        """Take all away, as if each had failed too often; their numbers."""
        numbers = [one.id for one in self._registers.subscriptions]
        for number in numbers:
            self.delete(number)
        return numbers

    def _usable(self, topic: str, uri: str, number: int | None) -> None:
        if len(uri) > _URI_MAX:
            raise Refused("Address is too long (maximum is 2048 characters)", _URI)
        if not uri.startswith(_ELSEWHERE):
            self._is_url(uri)
        if any(one.topic == topic and one.uri == uri and one.id != number for one in self._registers.subscriptions):
            raise Refused("Address for this topic has already been taken", _URI)

    def _is_url(self, uri: str) -> None:
        try:
            parts = urlsplit(uri)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise Refused("Address is invalid", _URI) from None
        if parts.scheme not in ("http", "https") or not host or port == 0 or any(sign.isspace() for sign in uri):
            raise Refused("Address is invalid", _URI)
        if parts.scheme == "http" and not self._allow_http:
            raise Refused("Address protocol http:// is not supported", _URI)
