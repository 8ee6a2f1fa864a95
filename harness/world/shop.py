"""The seam of shops: a business that goes on elsewhere, whatever becomes of the application that serves its merchant.

A shop sells, tells the application of it, and answers what the application asks. What happened there, and whom it told,
stands in the history (harness.history.business). Its troubles are faults (harness.faults.shop_trouble).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import WorldError
from harness.world.part import Part


@dataclass(frozen=True)
class ShopAccess:
    """How whoever runs the shop reaches its API: a token is had for the client's credentials."""

    url: str
    version: str
    client_id: str
    client_secret: str


class Shop(Part):
    """A shop. Blocking calls, each short; every one raises WorldError. Durations are wall seconds."""

    def begin(self, orders_per_s: float) -> None:
        """Sell from now on: at random moments, whether anybody keeps up or not."""
        raise NotImplementedError

    def pause(self) -> None:
        """Nothing happens any more, bursts included; what is under way goes on being told."""
        raise NotImplementedError

    def burst(self, orders: int, over_s: float) -> None:
        """So many orders within that time, beside what is sold anyhow. Returns at once."""
        raise NotImplementedError

    def break_theme(self) -> None:
        """A bad deployment of the theme."""
        raise NotImplementedError

    def theme(self) -> Mapping[str, str]:
        """By name of a file of the theme that shoppers see, a digest of what it says, however it is written."""
        raise NotImplementedError

    @property
    def access(self) -> ShopAccess:
        """How its API is reached by people."""
        raise NotImplementedError

    def subscribed(self) -> Mapping[str, Sequence[str]]:
        """By topic (`orders/create`), the addresses at which somebody wants to be told."""
        raise NotImplementedError

    def forge(self, count: int) -> None:
        """Send so many messages to each place that are not the shop's. Returns when all were answered, or given up."""
        raise NotImplementedError

    def unsettled(self) -> str:
        """What is still to happen or to be told, in words; "" when nothing is."""
        raise NotImplementedError

    @property
    def told_within_s(self) -> float:
        """After this long it gives a message up, in wall seconds."""
        raise NotImplementedError

    @property
    def told(self) -> str:
        """In which times it tells the application of what happened, and how far they are compressed, in a sentence."""
        raise NotImplementedError


def shop_of(shops: Sequence[Shop]) -> Shop:
    """The one of a world. Raises WorldError where there is none."""
    if not shops:
        raise WorldError("there is no shop in this world")
    return shops[0]
