"""Names that more than one part of the house must spell alike."""

from __future__ import annotations

OUTSIDE = "outside"
"""The place of whatever runs in neither region."""

CLIENTS = "clients"
CHECKERS = "checkers"
CANARY = "canary"

DYNAMODB = "dynamodb"
ROUTE53 = "route53"
HTTP = "http"

HEADER_REGION = "X-Region"
HEADER_EPOCH = "X-Epoch"
HEADER_LOAD_BALANCER = "X-Drill-Load-Balancer"
"""Set by our load balancer on answers of its own: no-target | target-refused | target-reset | target-timeout."""

NO_TARGET = "no-target"


def link_name(source: str, target: str, service: str) -> str:
    """The name of a link, and so of its proxy: FROM->TO:SERVICE, e.g. `clients->us-east-1:http`."""
    return f"{source}->{target}:{service}"


def instance_name(component: str, region: str) -> str:
    """The name of one running instance of a component, e.g. `storefront.us-east-1`, `monitor.outside`."""
    return f"{component}.{region}"
