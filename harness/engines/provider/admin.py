"""The admin port of a provider's process: what can be asked of it, and what the world and the adversary do.

| route | of whom |
| --- | --- |
| `GET /status`; `POST /freeze {"name"}`, `/thaw`, `/reset` | everybody |
| `GET /lines` | those with an account that people look at |
| `GET /sight`, `POST /blind {"mode": "unreachable" or "frozen" or null}` | those with health checks |
| `POST /outage {"mode": "silent" or "failing" or null}` | those whose API can be lost |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from aiohttp import web

from harness.engines.dns.answering import Answered
from harness.engines.health_checks.policy import Blindness
from harness.engines.provider.bodies import BlindBody, NameBody, OutageBody
from harness.engines.provider.values import ApiLoss
from harness.kit.admin import Handler, answer_json, read_json
from harness.kit.config import parsed

Describe = Callable[[], Mapping[str, Any]]


class Plane(Protocol):
    """Whoever answers names: they can be frozen, and all be forgotten."""

    def freeze(self, name: str) -> object: ...
    def thaw(self) -> object: ...
    def reset(self) -> object: ...


class Watching(Protocol):
    """Health checks. blindness: None while they see."""

    @property
    def blindness(self) -> Blindness | None: ...


def names(plane: Plane, describe: Describe) -> list[web.RouteDef]:
    """What every provider can be asked. describe: what GET /status says, and every change answers."""

    async def status(_: web.Request) -> web.Response:
        return answer_json(describe())

    async def freeze(request: web.Request) -> web.Response:
        plane.freeze(parsed(NameBody, await read_json(request), "freeze").name)
        return answer_json(describe())

    return [
        web.get("/status", status),
        web.post("/freeze", freeze),
        web.post("/thaw", then(plane.thaw, describe)),
        web.post("/reset", then(plane.reset, describe)),
    ]


def account(lines: Callable[[], Iterable[Mapping[str, str]]]) -> list[web.RouteDef]:
    """The account for people."""

    async def listed(_: web.Request) -> web.Response:
        return answer_json(list(lines()))

    return [web.get("/lines", listed)]


def checks(fleet: Watching, blind: Callable[[Blindness | None], object]) -> list[web.RouteDef]:
    """Whether health checks see, and that they do not."""

    async def sight(_: web.Request) -> web.Response:
        return answer_json({"blind": fleet.blindness})

    async def blinded(request: web.Request) -> web.Response:
        mode = parsed(BlindBody, await read_json(request), "blind").mode
        blind(mode)
        return answer_json({"blind": mode})

    return [web.get("/sight", sight), web.post("/blind", blinded)]


def api(lose: Callable[[ApiLoss | None], object]) -> list[web.RouteDef]:
    """That the API is lost, and is there again."""

    async def outage(request: web.Request) -> web.Response:
        mode = parsed(OutageBody, await read_json(request), "outage").mode
        lose(mode)
        return answer_json({"mode": mode})

    return [web.post("/outage", outage)]


def then(action: Callable[[], object], describe: Describe) -> Handler:
    """A handler that does something, and answers how things are then."""

    async def handler(_: web.Request) -> web.Response:
        action()
        return answer_json(describe())

    return handler


def answers(watch: Iterable[str], possible: Callable[[str], Answered]) -> dict[str, dict[str, Any]]:
    """What each watched name may be answered with, as GET /status tells it."""
    told = {name: possible(name) for name in watch}
    return {name: {"addresses": addresses, "ttl_s": ttl_s} for name, (addresses, ttl_s) in told.items()}
