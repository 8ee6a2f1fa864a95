"""Duplicates and disorder on demand: which message comes twice, and which is held up so that others overtake it. Pure.

Shopify promises neither once nor in order; how often that happens it does not say. Here it happens as often as a drill
asks for, and the same seed gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.parts.commerce.shopify.delivery import Delivery, Rules
from harness.parts.commerce.shopify.drawing import share
from harness.units import NS_PER_MS

_AT_ONCE_SHARE = 0.25
_APART_NS = 200 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class Disturbance:
    """duplicates: the share of messages that come twice. disorder_ns: how long one is held up at most."""

    duplicates: float = 0.0
    disorder_ns: int = 0

    def planned(self, seed: int, message: str, now_ns: int, rules: Rules) -> Delivery:
        """A message's delivery, as it begins now.

        A quarter of all duplicates leave together with the first attempt, so that both are handled at once; the others
        come up to the time of the disorder later, or up to a fifth of a second.
        """
        due_ns = now_ns + round(share(seed, "held up", message) * self.disorder_ns)
        copy_ns = None
        if share(seed, "twice", message) < self.duplicates:
            apart = share(seed, "apart", message)
            later = max(0.0, apart - _AT_ONCE_SHARE) / (1 - _AT_ONCE_SHARE)
            copy_ns = due_ns + round(later * max(self.disorder_ns, _APART_NS))
        return Delivery(due_ns, rules, copy_ns)
