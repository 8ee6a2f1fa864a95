"""The control port of the shop's process: what a drill asks of it, as JSON over loopback.

POST /connect, /reset, /begin, /pause, /burst, /trouble, /relieve, /break_theme; GET /theme: digests of its files;
GET /subscribed: addresses by topic; GET /unsettled: what is still to happen or to be told, by what it is; GET /status;
GET /lines, for `drill env status`; GET /well for the canary: nobody answers while something troubles it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from aiohttp import web

from harness.kit.admin import answer_json, read_json
from harness.kit.config import parsed
from harness.parts.commerce.shopify.config import Burst, Connected, Rate, Relief, Trouble


class Desk(Protocol):
    """The shop, as its control port drives it."""

    async def connect(self, told: Connected) -> None:
        """Where DNS and the shop's links are: from now on it can tell somebody."""

    async def reset(self) -> None:
        """A shop in which nothing has happened."""

    def begin(self, rate: float) -> None:
        """Sell from now on."""

    def pause(self) -> None:
        """Nothing happens any more."""

    def burst(self, orders: int, over_s: float) -> None:
        """So many orders, beside."""

    async def trouble(self, asked: Trouble) -> None:
        """Be in trouble. Raises InputError."""

    def relieve(self, trouble: str) -> None:
        """Be so no more."""

    def break_theme(self) -> None:
        """A bad deployment of the published theme."""

    def theme(self) -> Mapping[str, str]:
        """By name of a file of the published theme, a digest of what it says."""

    def troubles(self) -> Sequence[str]:
        """Those that hold."""

    def subscribed(self) -> Mapping[str, Sequence[str]]:
        """By topic, the addresses at which somebody wants to be told."""

    def unsettled(self) -> Mapping[str, int]:
        """What is still to happen or to be told."""

    def status(self) -> Mapping[str, int]:
        """Numbers since the reset, `calls` of the API among them."""

    def lines(self) -> Sequence[Mapping[str, str]]:
        """For `drill env status`."""


def routes(desk: Desk) -> list[web.RouteDef]:
    """Of the control port."""

    async def connect(request: web.Request) -> web.Response:
        await desk.connect(parsed(Connected, await read_json(request), "connected"))
        return answer_json({})

    async def reset(_: web.Request) -> web.Response:
        await desk.reset()
        return answer_json({})

    async def begin(request: web.Request) -> web.Response:
        desk.begin(parsed(Rate, await read_json(request), "begin").rate)
        return answer_json({})

    async def pause(_: web.Request) -> web.Response:
        desk.pause()
        return answer_json({})

    async def burst(request: web.Request) -> web.Response:
        asked = parsed(Burst, await read_json(request), "burst")
        desk.burst(asked.orders, asked.over_s)
        return answer_json({})

    async def trouble(request: web.Request) -> web.Response:
        await desk.trouble(parsed(Trouble, await read_json(request), "trouble"))
        return answer_json({})

    async def relieve(request: web.Request) -> web.Response:
        desk.relieve(parsed(Relief, await read_json(request), "relief").trouble)
        return answer_json({})

    async def break_theme(_: web.Request) -> web.Response:
        desk.break_theme()
        return answer_json({})

    async def theme(_: web.Request) -> web.Response:
        return answer_json(dict(desk.theme()))

    async def subscribed(_: web.Request) -> web.Response:
        return answer_json({topic: list(found) for topic, found in desk.subscribed().items()})

    async def unsettled(_: web.Request) -> web.Response:
        return answer_json(dict(desk.unsettled()))

    async def status(_: web.Request) -> web.Response:
        return answer_json(dict(desk.status()))

    async def lines(_: web.Request) -> web.Response:
        return answer_json([dict(line) for line in desk.lines()])

    async def well(request: web.Request) -> web.Response:
        held = desk.troubles()
        if held and request.transport is not None:
            request.transport.abort()  # to a canary any answer is a sign of life
        return answer_json({"troubles": list(held)})

    return [
        web.post("/connect", connect), web.post("/reset", reset), web.post("/begin", begin),
        web.post("/pause", pause), web.post("/burst", burst), web.post("/trouble", trouble),
        web.post("/relieve", relieve), web.post("/break_theme", break_theme),
        web.get("/theme", theme), web.get("/subscribed", subscribed), web.get("/unsettled", unsettled),
        web.get("/status", status), web.get("/lines", lines), web.get("/well", well),
    ]  # fmt: skip
