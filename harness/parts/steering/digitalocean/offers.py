"""What every account can see: itself, the regions, and the sizes that droplets come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.engines.provider.values import Json
from harness.parts.steering.digitalocean.calls import Call
from harness.parts.steering.digitalocean.values import Account, Reply, unprocessable, uuid_of

_REGIONS: Mapping[str, str] = {
    "nyc1": "New York 1", "nyc2": "New York 2", "nyc3": "New York 3", "sfo2": "San Francisco 2",
    "sfo3": "San Francisco 3", "ams3": "Amsterdam 3", "fra1": "Frankfurt 1", "lon1": "London 1", "sgp1": "Singapore 1",
    "tor1": "Toronto 1", "blr1": "Bangalore 1", "syd1": "Sydney 1",
}  # fmt: skip
_SIZES: tuple[tuple[str, int, int, int, float], ...] = (
    ("s-1vcpu-1gb", 1024, 1, 25, 6.0),
    ("s-1vcpu-2gb", 2048, 1, 50, 12.0),
    ("s-2vcpu-2gb", 2048, 2, 60, 18.0),
    ("s-2vcpu-4gb", 4096, 2, 80, 24.0),
    ("s-4vcpu-8gb", 8192, 4, 160, 48.0),
)
"""Slug, memory, CPUs, disk, dollars a month."""
_FEATURES = ("backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer")
_HOURS = 672


def is_region(slug: str) -> bool:
    """Whether there is a region of this name."""
    return slug in _REGIONS


def region(slug: str) -> Json:
    """A region as the API tells it. Raises Refusal for one that there is not."""
    if slug not in _REGIONS:
        raise unprocessable(f"Region is not available: {slug}")
    sizes = [size[0] for size in _SIZES]
    return {"name": _REGIONS[slug], "slug": slug, "features": list(_FEATURES), "available": True, "sizes": sizes}


def size(slug: str) -> Json:
    """A size as the API tells it. Raises Refusal for one that there is not."""
    for name, memory, vcpus, disk, monthly in _SIZES:
        if name == slug:
            return {
                "slug": name, "memory": memory, "vcpus": vcpus, "disk": disk, "transfer": float(vcpus),
                "price_monthly": monthly, "price_hourly": round(monthly / _HOURS, 5), "regions": list(_REGIONS),
                "available": True, "description": "Basic",
            }  # fmt: skip
    raise unprocessable(f"You specified an invalid size for Droplet creation: {slug}")


def list_regions(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/regions"""
    return account, call.listed("regions", _REGIONS, region)


def list_sizes(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/sizes"""
    return account, call.listed("sizes", (one[0] for one in _SIZES), size)


def get_account(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/account"""
    told: dict[str, Any] = {
        "droplet_limit": 25, "floating_ip_limit": 5, "email": "drill@example.com", "name": "drill",
        "uuid": uuid_of(call.rules.seed, -1), "email_verified": True, "status": "active", "status_message": "",
        "team": {"uuid": uuid_of(call.rules.seed, -2), "name": "drill"},
    }  # fmt: skip
    return account, Reply(200, {"account": told})
