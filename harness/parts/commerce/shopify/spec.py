"""What the environment file says of a Shopify shop: `shop: {kind: shopify, ...}`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from harness.topology.environment import Name, Seconds, Spec
from harness.topology.mistakes import Mistake
from harness.topology.subject import Subject

TOPICS = (
    "orders/create", "orders/updated", "orders/paid", "orders/fulfilled", "orders/partially_fulfilled",
    "orders/cancelled", "refunds/create", "fulfillments/create", "fulfillments/update", "products/create",
    "products/update", "products/delete", "customers/create", "customers/update", "customers/delete",
    "inventory_levels/update",
)  # fmt: skip
"""What an application may say that it keeps, or must do something about; themes and bulk operations are told, too."""
KINDS = tuple(dict.fromkeys(topic.partition("/")[0] for topic in TOPICS))


class Shopify(Spec):
    """domain: the shop's, in the header of its messages. connect_timeout_s, timeout_s: what a message may take; one
    that is not taken is sent again 8 times within retry_window_s; all in production seconds. fast_retry_window_s: the
    same window in the fast profile, in wall seconds, since a tenth of four hours is too long for a drill.
    """

    domain: Name = "drill-shop.myshopify.com"
    connect_timeout_s: Seconds = 1
    timeout_s: Seconds = 5
    retry_window_s: Seconds = 14_400
    fast_retry_window_s: Seconds = 60


SPEC = Shopify
SECTION = "shop"
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.commerce.shopify.server"),)


def subject_mistakes(subject: Subject) -> Iterator[Mistake]:
    """Kinds of things and topics that this shop does not have: nothing would ever be judged by them."""
    business = subject.business
    for kind in () if business is None else business.keeps:
        if kind not in KINDS:
            text = f"business.keeps: the shop has no `{kind}`; one of: {', '.join(KINDS)}"
            yield Mistake(("business", "keeps", kind), text)
    for topic in () if business is None else business.asks:
        if topic not in TOPICS:
            near = difflib.get_close_matches(topic.lower().replace("_", "/", 1), TOPICS, 3) or TOPICS
            text = f"business.asks: the shop tells nothing by `{topic}`; one of: {', '.join(near)}"
            yield Mistake(("business", "asks", topic), text)
