"""Admin interfaces are for programs: what a web page sends is refused, whatever its type."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from harness.engines.moto.http import with_routes
from harness.kit.admin import _explain, answer_json

BROWSERS = [
    {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Content-Type": "text/plain"},
    {"Origin": "http://evil.example", "Content-Type": "text/plain"},
    {"Origin": "null"},
]
PROGRAMS: list[dict[str, str]] = [{}, {"User-Agent": "curl/8.5.0"}, {"User-Agent": "Python/3.11 aiohttp/3.9"}]


async def _done(_: web.Request) -> web.StreamResponse:
    return answer_json({"done": True})


@pytest.mark.parametrize(("headers", "status"), [*((h, 403) for h in BROWSERS), *((h, 200) for h in PROGRAMS)])
def test_an_admin_port_refuses_browsers(headers: dict[str, str], status: int) -> None:
    async def ask() -> web.StreamResponse:
        return await _explain(make_mocked_request("POST", "/targets", headers=headers), _done)

    assert asyncio.run(ask()).status == status


@pytest.mark.parametrize(("headers", "status"), [*((h, 403) for h in BROWSERS), *((h, 200) for h in PROGRAMS)])
def test_the_endpoints_of_a_region_server_refuse_browsers(headers: dict[str, str], status: int) -> None:
    told: list[str] = []
    app: Any = with_routes(lambda *_: (), {("POST", "/drill/reset"): lambda _: (200, {})}, "/drill")
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ |= {"REQUEST_METHOD": "POST", "PATH_INFO": "/drill/reset"}
    body = b"".join(app({**environ, "wsgi.input": io.BytesIO()}, lambda line, _: told.append(line)))
    assert told[0].startswith(str(status))
    assert isinstance(json.loads(body), dict)
