"""Who is told of what: the shop's subscriptions, as far as delivery needs to know them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.things import Subscription
from harness.parts.commerce.shopify.records.values import Body

_OVER_HTTP = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One subscription. removable: it was made by the Admin API, so failures remove it. fields: of the body, the only
    ones that it wants; none: all. name: what its owner calls it. api_version: "" is that of the shop."""

    id: str
    topic: str
    address: str
    removable: bool = True
    fields: tuple[str, ...] = ()
    name: str | None = None
    api_version: str = ""

    def wanted(self, body: Body) -> Body:
        """What it wants of a body. A field within another one (`customer.email`) brings the outer one whole."""
        if not self.fields:
            return body
        outer = {field.partition(".")[0] for field in self.fields}
        return {key: value for key, value in body.items() if key in outer}


class Subscriptions(Protocol):
    """The subscriptions of a shop."""

    def of(self, topic: str) -> Sequence[Subscribed]:
        """Those to a topic (`orders/create`), as they are now."""
        ...

    def every(self) -> Sequence[Subscribed]:
        """All of them."""
        ...

    def remove(self, subscription: str) -> None:
        """It is no more; nothing happens where it was gone already."""
        ...


class ShopSubscriptions:
    """Those in a shop's records. shop: asked each time, so that it may become another one.

    Subscriptions to a message bus of somebody else's (Pub/Sub, EventBridge) are not served, and filters are not read.
    """

    def __init__(self, shop: Callable[[], Shop]) -> None:
        self._shop = shop

    def of(self, topic: str) -> Sequence[Subscribed]:
        """See Subscriptions."""
        return _over_http(self._shop().subscriptions.of_topic(topic))

    def every(self) -> Sequence[Subscribed]:
        """See Subscriptions."""
        return _over_http(self._shop().subscriptions)

    def remove(self, subscription: str) -> None:
        """See Subscriptions."""
        number = int(subscription)
        if self._shop().subscriptions.get(number) is not None:
            self._shop().subscriptions.delete(number)


def _over_http(found: Iterable[Subscription]) -> list[Subscribed]:
    return [
        Subscribed(str(one.id), one.topic, one.uri, one.by_api, one.include_fields, one.name, one.api_version)
        for one in found
        if one.uri.startswith(_OVER_HTTP)
    ]
