"""Toxiproxy's HTTP API (2.12), and ours beside it under /drill."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from harness.clock import monotonic_ns
from harness.kit.strict_json import strict_json
from harness.parts.links.toxiproxy.collection import ProxyCollection
from harness.parts.links.toxiproxy.listener import can_hold
from harness.parts.links.toxiproxy.model import VERSION, ApiError, bad_body, parse_proxy
from harness.parts.links.toxiproxy.toxics import EXTENSIONS, TOXICS

_BODY_BYTES_MAX = 8 * 1024 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors as Toxiproxy sends them: JSON, labelled as plain text by Go's http.Error."""
    if request.headers.get("User-Agent", "").startswith("Mozilla/"):
        return _plain("User agent not allowed\n", 403)
    try:
        return await handler(request)
    except ApiError as error:
        return _plain(json.dumps(error.as_json(), separators=(",", ":")) + "\n", error.status)
    except web.HTTPNotFound:
        return _plain("404 page not found\n", 404)
    except web.HTTPMethodNotAllowed as error:  # Toxiproxy's own has no Allow, which RFC 9110 section 15.5.6 wants
        return web.Response(status=405, headers={"Allow": error.headers["Allow"]})


def _plain(text: str, status: int) -> web.Response:
    headers = {"X-Content-Type-Options": "nosniff"}
    return web.Response(text=text, status=status, content_type="text/plain", charset="utf-8", headers=headers)


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(
        body=json.dumps(body, separators=(",", ":")).encode(),
        status=status,
        headers={"Content-Type": "application/json"},
    )


def _no_content() -> web.Response:
    return web.Response(status=204)


async def _body(request: web.Request) -> Any:
    text = (await request.read()).decode("utf-8", "replace")
    if not text.strip():
        raise bad_body("EOF")
    try:
        return strict_json(text)
    except ValueError as error:
        raise bad_body(str(error)) from error


class Api:
    """The handlers. Each waits only for its request's body; what it then does to the proxies is done at once."""

    def __init__(self, collection: ProxyCollection) -> None:
        self._proxies = collection

    def application(self) -> web.Application:
        """A new aiohttp application that serves this API."""
        app = web.Application(middlewares=[_errors], client_max_size=_BODY_BYTES_MAX)
        # Any character but a slash, which comes quoted: aiohttp's own pattern leaves braces out.
        proxy = "/proxies/{proxy:[^/]+}"
        toxic = proxy + "/toxics/{toxic:[^/]+}"
        app.add_routes(
            [
                web.get("/version", self.version),
                web.post("/reset", self.reset),
                web.post("/populate", self.populate),
                web.get("/proxies", self.index),
                web.post("/proxies", self.create),
                web.get(proxy, self.show),
                web.post(proxy, self.update),
                web.patch(proxy, self.update),
                web.delete(proxy, self.delete),
                web.get(f"{proxy}/toxics", self.toxics),
                web.post(f"{proxy}/toxics", self.add_toxic),
                web.get(toxic, self.show_toxic),
                web.post(toxic, self.update_toxic),
                web.patch(toxic, self.update_toxic),
                web.delete(toxic, self.remove_toxic),
                web.get("/drill/capabilities", self.capabilities),
                web.post("/drill/apply", self.apply),
                web.post("/drill/cut", self.cut),
            ]
        )
        return app

    async def version(self, request: web.Request) -> web.Response:
        return web.Response(
            body=json.dumps({"version": VERSION}).encode() + b"\n",
            headers={"Content-Type": "application/json;charset=utf-8"},
        )

    async def reset(self, request: web.Request) -> web.Response:
        self._proxies.reset()
        return _no_content()

    async def populate(self, request: web.Request) -> web.Response:
        try:
            bodies = await _body(request)
        except ApiError as error:
            return _json({**error.as_json(), "proxies": None}, error.status)
        done, failed = self._proxies.populate(bodies)
        listed = [proxy.as_json() for proxy in done] or None  # null, as an empty Go slice is
        if failed is None:
            return _json({"proxies": listed}, 201)
        return _json({**failed.as_json(), "proxies": listed}, failed.status)

    async def index(self, request: web.Request) -> web.Response:
        return _json({name: proxy.as_json() for name, proxy in self._proxies.proxies.items()})

    async def create(self, request: web.Request) -> web.Response:
        return _json(self._proxies.create(parse_proxy(await _body(request))).as_json(), 201)

    async def show(self, request: web.Request) -> web.Response:
        return _json(self._proxies.get(request.match_info["proxy"]).as_json())

    async def update(self, request: web.Request) -> web.Response:
        name = request.match_info["proxy"]
        self._proxies.get(name)
        return _json(self._proxies.update(name, parse_proxy(await _body(request))).as_json())

    async def delete(self, request: web.Request) -> web.Response:
        self._proxies.delete(request.match_info["proxy"])
        return _no_content()

    async def toxics(self, request: web.Request) -> web.Response:
        return _json([spec.as_json() for spec in self._proxies.get(request.match_info["proxy"]).toxics])

    async def add_toxic(self, request: web.Request) -> web.Response:
        name = request.match_info["proxy"]
        self._proxies.get(name)
        return _json(self._proxies.add_toxic(name, await _body(request)))

    async def show_toxic(self, request: web.Request) -> web.Response:
        return _json(self._proxies.get(request.match_info["proxy"]).toxic(request.match_info["toxic"]).as_json())

    async def update_toxic(self, request: web.Request) -> web.Response:
        proxy, name = self._proxies.get(request.match_info["proxy"]), request.match_info["toxic"]
        proxy.toxic(name)
        return _json(proxy.update_toxic(name, await _body(request)).as_json())

    async def remove_toxic(self, request: web.Request) -> web.Response:
        self._proxies.remove_toxic(request.match_info["proxy"], request.match_info["toxic"])
        return _no_content()

    async def capabilities(self, request: web.Request) -> web.Response:
        """What this server can do beyond Toxiproxy."""
        return _json(
            {
                "server": "drill-harness",
                "version": VERSION,
                "seed": self._proxies.seed,
                "toxics": sorted(TOXICS),
                "extensions": sorted(EXTENSIONS),
                "black_hole": "accept-queue" if can_hold() else "silence",
                "apply": True,
                "cut": True,
            }
        )

    async def apply(self, request: web.Request) -> web.Response:
        """{"actions": [...]}: all of them within one turn of the loop. 200 even when one failed: see its result."""
        body = await _body(request)
        start_ns = monotonic_ns()
        results = self._proxies.apply(body.get("actions") if isinstance(body, dict) else None)
        return _json({"results": results, "start_ns": start_ns, "until_ns": monotonic_ns()})

    async def cut(self, request: web.Request) -> web.Response:
        """{"proxies": [names]}: reset their connections now."""
        body = await _body(request)
        names = body.get("proxies") if isinstance(body, dict) else None
        if not isinstance(names, list):
            raise bad_body("expected a list of proxies")
        return _json({"cut": self._proxies.cut([str(name) for name in names])})
