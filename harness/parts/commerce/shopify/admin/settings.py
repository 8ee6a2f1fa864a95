"""The limits and versions of the Admin API; docs/SHOPIFY.md names where each is from."""

from __future__ import annotations

from dataclasses import dataclass

STABLE = ("2026-01", "2026-04", "2026-07", "2026-10")
"""Versions that are supported, oldest first. All are served by the schema of 2026-10."""
UNSTABLE = "unstable"


@dataclass(frozen=True)
class AdminSettings:
    """points: of the GraphQL bucket, by the merchant's plan (standard: 100 a second). rest: requests of the REST one.

    token_s: how long a token from client credentials lives; offline_s: an expiring offline token. accepts_secret_s: how
    long a secret is accepted after its rotation; signs_s: how long it signs webhooks. bulk_s: how long a bulk operation
    takes. base_url: by which the API is reached, for the addresses that it hands out; by the Host header where empty.
    """

    points_per_s: float = 100.0
    points_max: float = 2000.0
    query_points_max: int = 1000
    rest_per_s: float = 2.0
    rest_max: float = 40.0
    token_s: float = 86_399.0
    offline_s: float = 3_600.0
    refresh_s: float = 7_776_000.0
    accepts_secret_s: float = 86_400.0
    signs_s: float = 3_600.0
    bulk_s: float = 0.5
    bulk_concurrent_max: int = 5
    body_bytes_max: int = 1 << 20
    input_array_max: int = 250
    base_url: str = ""
