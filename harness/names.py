"""Names that more than one part of the house must spell alike."""

from __future__ import annotations

from enum import StrEnum


class CohortName(StrEnum):
    """The kinds of clients, in the order in which they are shown.

    `-a` and `-b`: clients that stay with the first or the second edge, whatever DNS says.
    """

    DNS = "dns"
    KEEPALIVE = "keepalive"
    TTL_VIOLATING = "ttl-violating"
    PINNED_A = "pinned-a"
    PINNED_B = "pinned-b"
    DIRECT_A = "direct-a"
    DIRECT_B = "direct-b"


AUTHORITATIVE = "authoritative"
"""The observer that asks the name servers every time, so that it sees an answer change without any cache."""

OUTSIDE = "outside"
"""The place of whatever runs in none of the places."""

CLIENTS = "clients"
CHECKERS = "checkers"
CANARY = "canary"
LOAD_BALANCER = "lb"
"""Of a place's load balancer, e.g. `lb.us-east-1`."""
FUNCTIONS = "functions"
"""Of what a region's functions call, e.g. `functions.us-east-1`."""

DYNAMODB = "dynamodb"
DYNAMODB_WRITES, DYNAMODB_READS = "dynamodb-writes", "dynamodb-reads"
"""Of the canaries' links over which one kind of operation is tried."""
CLOUDWATCH = "cloudwatch"
"""Of the links over which health checks look at a region's metrics, e.g. `checkers->us-east-1:cloudwatch`."""
POISON_KEY = "drill-poison"
"""Of a record that no application wrote; further ones have a number behind it."""
SHOP = "shop"
"""Who tells the application of a shop's business, e.g. over `shop->us-east-1:http`, and whom it asks about it."""
SHOP_API, SHOP_TROUBLE = "shop-api", "shop-trouble"
"""Of the links over which its API is called; of the canary's, over which it says whether it is as it should be."""
GLOBAL_TABLES = "global-tables"
"""Of the service that replicates tables, e.g. `global-tables.us-east-1`, who dials another region's."""
CORRUPTED = "drill-corrupted:"
"""What a bad deployment writes before each value that it corrupts, so that everybody can tell whose doing it is."""
ROUTE53 = "route53"
DIGITALOCEAN = "digitalocean"
AKAMAI = "akamai"
CLOUDFLARE = "cloudflare"
RECORD = "record"
"""Of the canary's link over which it is asked whether the application's name is answered."""
PROVIDER = "provider"
"""Whoever steers clients here, whichever that is."""
CONTROL_PLANE, HEALTH_CHECKS = "control-plane", "health-checks"
"""Of the canaries' links over which its API is tried, and over which it is asked whether its health checks see."""
THIRD_PARTY = "third-party"
"""Of the links over which systems of others are called, e.g. `storefront.us-east-1->erp:third-party`."""
HTTP = "http"
DNS = "dns"
"""Of the links over which names are asked for, e.g. `clients->resolver-1:dns`, `resolver-1->ns-1:dns`."""
DNS_RELAY = "dns-relay"

CONTROL_REGION = "us-east-1"
"""Where Route 53's control plane is, whatever places there are ("AWS services by Region": Route 53 is global)."""

EACH = "each"
SOURCES = frozenset((CLIENTS, CHECKERS, CANARY, LOAD_BALANCER, FUNCTIONS, SHOP))
"""Who dials links, beside components: no component may be called so."""

RESERVED = SOURCES | {
    OUTSIDE, EACH, ROUTE53, DIGITALOCEAN, CLOUDFLARE, AKAMAI, "all", "rest", "gateway", "platform", "toxiproxy",
    "witness", CONTROL_PLANE, "browser-proxy", GLOBAL_TABLES, PROVIDER, DNS_RELAY, "resolvers", "name-servers",
}  # fmt: skip
"""Words that links, processes and steps use for something else: no place and no database may be called so."""

HEADER_REGION = "X-Region"
HEADER_EPOCH = "X-Epoch"
HEADER_LOAD_BALANCER = "X-Drill-Load-Balancer"
"""Set by our load balancer on answers of its own: no-target | target-refused | target-reset | target-timeout."""
HEADER_EDGE = "X-Drill-Edge"
"""Set by a proxy in front of all places: the address of the edge that an answer came from, or was wanted of."""
HEADER_WRITER = "X-Drill-Writer"
"""Sent by who answers calls for a region, to reach the region's own server (harness.engines.moto.elsewhere)."""
UNDO = "undo"
"""What that header says where a write puts back what the one before it changed; see harness.history.events.Commit."""

NO_TARGET = "no-target"

CALIBRATION = "cal-"
"""How keys and values begin that are written to find out what the machine carries; they are in no history."""


def link_name(source: str, target: str, service: str) -> str:
    """The name of a link, and so of its proxy: FROM->TO:SERVICE, e.g. `clients->us-east-1:http`."""
    return f"{source}->{target}:{service}"


def link_end(name: str) -> tuple[str, str]:
    """Where the link of a name leads, and over which service; "" for what the name does not say."""
    end, _, service = name.rpartition("->")[2].partition(":")
    return end, service


def instance_name(component: str, region: str) -> str:
    """The name of one running instance of a component, e.g. `storefront.us-east-1`, `monitor.outside`."""
    return f"{component}.{region}"
