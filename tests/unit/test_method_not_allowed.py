"""Every 405 of ours says what is allowed instead (RFC 9110 section 15.5.6: "MUST generate an Allow header field")."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from harness.engines.moto.http import with_routes
from harness.kit.admin import answer_json, serve_admin, serve_application
from harness.parts.links.toxiproxy.api import Api as ToxiproxyApi
from harness.parts.steering.digitalocean import routes
from harness.parts.steering.digitalocean.values import Refusal

HARNESS = Path(__file__).parents[2] / "harness"
Serve = Callable[[AsyncExitStack], Any]


async def _well(_: web.Request) -> web.Response:
    return answer_json({})


async def admin(stack: AsyncExitStack) -> tuple[str, int]:
    return await serve_admin(stack, "mine", [web.get("/pods", _well), web.put("/pods", _well)], ("127.0.0.1", 0))


async def toxiproxy(stack: AsyncExitStack) -> tuple[str, int]:
    made: Any = None
    return await serve_application(stack, "toxiproxy", ToxiproxyApi(made).application(), ("127.0.0.1", 0))


@pytest.mark.parametrize(
    ("serve", "path", "allowed"),
    [(admin, "/pods", {"GET", "HEAD", "PUT"}), (toxiproxy, "/proxies", {"GET", "HEAD", "POST"}),
     (toxiproxy, "/proxies/a", {"GET", "HEAD", "POST", "PATCH", "DELETE"})],
)  # fmt: skip
def test_servers_say_what_is_allowed(serve: Serve, path: str, allowed: set[str]) -> None:
    async def asked() -> tuple[int, Mapping[str, str]]:
        async with AsyncExitStack() as stack:
            host, port = await serve(stack)
            session = await stack.enter_async_context(aiohttp.ClientSession())
            async with session.request("TRACE", f"http://{host}:{port}{path}") as answer:
                return answer.status, dict(answer.headers)

    status, headers = asyncio.run(asked())
    assert status == 405
    assert set(headers["Allow"].replace(" ", "").split(",")) == allowed


def test_the_endpoints_of_a_region_server_do() -> None:
    told: list[Any] = []
    routes_: Any = {(method, "/drill/x"): lambda _: (200, {}) for method in ("POST", "GET")}
    app: Any = with_routes(lambda *_: (), routes_ | {("GET", "/drill/y"): routes_["GET", "/drill/x"]}, "/drill")
    environ = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/drill/x", "wsgi.input": io.BytesIO()}
    b"".join(app(environ, lambda *given: told.append(given)))
    ((status, headers),) = told
    assert (status, dict(headers)["Allow"]) == ("405 Method Not Allowed", "GET, POST")


def test_the_providers_api_does() -> None:
    with pytest.raises(Refusal) as refusal:
        routes.route("PATCH", "/v2/domains")
    assert (refusal.value.status, dict(refusal.value.headers)) == (405, {"Allow": "GET, POST"})


def test_whoever_answers_405_knows_of_it() -> None:
    answers = re.compile(r"(status=|Refusal\(|_Refused\(|return \()405\b")
    files = [path for path in HARNESS.rglob("*.py") if answers.search(path.read_text(encoding="utf-8"))]
    assert files != []
    says = re.compile(r'"Allow"|allow=|\bfound\.allow\b')
    assert [str(path) for path in files if not says.search(path.read_text(encoding="utf-8"))] == []
