"""What the environment file says of a Shopify shop: `shop: {kind: shopify, ...}`."""

from __future__ import annotations

from harness.topology.environment import Name, Seconds, Spec


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
