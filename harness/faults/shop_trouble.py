"""A shop's platform does what it may do, and what applications forget: messages twice, late and out of order, messages
that are not its own, no messages at all, calls that it does not take, secrets and tokens that are no longer valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.commerce_actions import TroubleShop
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import SHOP_OPEN
from harness.names import OUTSIDE, SHOP, SHOP_API, SHOP_TROUBLE

DISTURBED, FORGED, UNSUBSCRIBED = "disturbed", "forged", "subscriptions-removed"
THROTTLED, EXPIRED, ROTATED = "throttled", "token-expired", "secret-rotated"
THEME_BROKEN = "theme-broken"


@dataclass(frozen=True)
class ShopTrouble(Fault):
    """The shop is in one kind of trouble until that heals; what it has brought about by then stays.

    target: the place whose access tokens expire; the shop itself: everybody's. disturbed: `portion` of the messages
    come twice, each up to `over_s` late. forged: `count` messages that the shop did not send, at every place.
    throttled: `count` points are left for calls, and none come back for `over_s`. theme-broken: a bad deployment of it.
    """

    kind: ClassVar[str] = "shop-trouble"
    modes: ClassVar[tuple[str, ...]] = (
        DISTURBED, FORGED, UNSUBSCRIBED, THROTTLED, EXPIRED, ROTATED, THEME_BROKEN,
    )  # fmt: skip
    target_is: ClassVar[str] = "shop"
    needs: ClassVar[tuple[str, ...]] = (SHOP_OPEN,)

    target: str = SHOP
    mode: str = DISTURBED
    portion: float = 0.0
    count: int = 0
    over_s: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.portion <= 1:
            raise InputError(f"{self.kind}: portion is 0 to 1, not {self.portion:g}")
        if self.count < 0 or self.over_s < 0:
            raise InputError(f"{self.kind}: count and over_s are not negative")

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        self._refuse_target(links)
        place = "" if self.target == SHOP else self.target
        return self.planned([TroubleShop(self.mode, place, self.portion, self.count, self.over_s)], watched)

    def _refuse_target(self, links: Iterable[Link]) -> None:
        if self.target != SHOP and self.mode != EXPIRED:
            raise InputError(f"{self.kind}: only tokens expire for one place alone; all else concerns the shop")
        known = sorted(self.targets(links))
        if self.target not in known:
            raise InputError(f"{self.kind} {self.target}: nobody there calls it; one of: {', '.join(known)}")

    @property
    def aimed_at(self) -> str:
        return "the shop, or a place that calls it"

    def hits(self, link: Link) -> bool:
        """The canary that asks whether the shop is as it should be; no link is touched."""
        return link.from_canary and link.service == SHOP_TROUBLE

    def targets(self, links: Iterable[Link]) -> set[str]:
        return {SHOP} | {link.source_place for link in links if link.service == SHOP_API} - {OUTSIDE}
