"""What the browser proxy makes of a request's first line. Needs no socket."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from harness.parts.edge.browser_proxy.server import BrowserProxy, ProxyConfig

CONFIG = ProxyConfig(dns=("127.0.0.1", 53), zone="example.com", port=80, address_book={})


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("http://[::1/", 400),
        ("http://app.example.com:99999/", 400),
        ("/", 400),
        ("http://elsewhere.org/", 403),
        ("http://app.example.com:81/", 403),
    ],
)
def test_what_leads_nowhere_is_answered(asked: str, status: int) -> None:
    nobody: Any = None
    request: Any = SimpleNamespace(method="GET", raw_path=asked)
    proxy = BrowserProxy(CONFIG, nobody, nobody, nobody)
    assert asyncio.run(proxy.handle(request)).status == status
