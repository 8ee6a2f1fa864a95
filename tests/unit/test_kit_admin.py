"""Admin interfaces are for programs: what a web page sends is refused, whatever its type."""

from __future__ import annotations

import asyncio
import io
import json
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import make_mocked_request

from harness.engines.moto.http import with_routes
from harness.kit.admin import _explain, answer_json, serve_application

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


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "nonsense"])
def test_a_body_is_what_was_sent_whatever_it_says_of_its_coding(coding: str) -> None:
    async def echoed(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def asked() -> tuple[int, bytes]:
        app = web.Application()
        app.router.add_post("/", echoed)
        async with AsyncExitStack() as stack:
            host, port = await serve_application(stack, "mine", app, ("127.0.0.1", 0))
            session = await stack.enter_async_context(ClientSession(skip_auto_headers=["Accept-Encoding"]))
            sent = {"Content-Encoding": coding}
            async with session.post(f"http://{host}:{port}/", data=b"not compressed", headers=sent) as answer:
                return answer.status, await answer.read()

    assert asyncio.run(asked()) == (200, b"not compressed")


def test_no_server_of_ours_takes_a_body_apart_before_its_handler() -> None:
    """aiohttp answers 500 in a server's own place where a coding is false, and a signature is of what was sent."""
    root = Path(__file__).parents[2]
    made = 0
    for path in [*(root / "harness").rglob("*.py"), *(root / "reference").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"web\.AppRunner\(", text):
            made += 1
            assert "auto_decompress=False" in text[found.end() :][:300], path
    assert made >= 5
