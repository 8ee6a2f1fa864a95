"""What the timeline is told of Cloudflare: what a name says from when on, and where a proxied one leads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from cloudflare_account import APP, TOKEN

from harness.history.events import Happening
from harness.parts.steering.cloudflare.config import CloudflareConfig
from harness.parts.steering.cloudflare.plane import Plane
from harness.parts.steering.cloudflare.routes import BASE
from harness.parts.steering.cloudflare.values import Request, identifier
from harness.reporting import glossary

EAST, WEST = "192.0.2.1", "192.0.2.2"
OWN, ZONE = f"/accounts/{identifier(0, 'account')}/load_balancers", f"/zones/{identifier(0, 'zone')}/load_balancers"


def told(proxied: bool) -> list[Happening]:
    """Of two pools without a monitor, the first one is switched off, and then the other one."""
    events: list[Any] = []

    async def happen() -> None:
        anycast = {"127.0.250.10": ["127.0.0.1", 1]} if proxied else {}
        plane = Plane(
            CloudflareConfig.parse(
                {"token": TOKEN, "watch": [APP], "anycast": anycast, "places": {EAST: "us-east-1", WEST: "us-west-2"}}
            ),
            events.append,
        )

        def call(method: str, path: str, body: Any) -> Any:
            reply = plane.call(Request(method, f"{BASE}{path}", {}, body, f"Bearer {TOKEN}"))
            assert reply.status == 200, reply
            return reply.body["result"]

        def pool(name: str, address: str) -> str:
            body = {"name": name, "origins": [{"name": name, "address": address}]}
            return str(call("POST", f"{OWN}/pools", body)["id"])

        pools = [pool("us-east-1", EAST), pool("us-west-2", WEST)]
        body = {"name": APP, "default_pools": pools, "fallback_pool": pools[1], "proxied": proxied}
        call("POST", ZONE, body)
        for one in pools:
            call("PATCH", f"{OWN}/pools/{one}", {"enabled": False})

    asyncio.run(happen())
    return [event for event in events if isinstance(event, Happening)]


def rows(found: list[Happening], kind: str) -> list[tuple[str, str, bool | None]]:
    return [(event.before, event.what, event.good) for event in found if (event.kind, event.thing) == (kind, APP)]


def test_what_a_name_says_is_told_by_the_names_of_places() -> None:
    found = told(proxied=False)
    assert rows(found, "record") == [
        ("no such name", "us-east-1", None), ("us-east-1", "us-west-2", None), ("us-west-2", "no such name", False),
    ]  # fmt: skip
    assert rows(found, "led") == []


def test_of_a_proxied_name_it_is_told_where_it_leads_since_its_answer_never_says() -> None:
    found = told(proxied=True)
    assert rows(found, "led") == [
        ("", "us-east-1", None), ("us-east-1", "us-west-2", None), ("us-west-2", "nobody", False),
    ]  # fmt: skip
    assert len(rows(found, "record")) == 1, "the addresses of the proxy, once and for all"


@pytest.mark.parametrize("kind", ["record", "led"])
def test_both_rows_have_a_title(kind: str) -> None:
    assert glossary.things(kind) != kind.capitalize()
