"""The witness's admin interface over HTTP: start, stop, rate, attention, rotate, canaries, calibrate, status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from aiohttp import web
from pydantic import Field, StrictInt

from harness.errors import InputError
from harness.kit.admin import answer_json, read_json
from harness.kit.config import Strict, Text, parsed
from harness.witness.models import parse_canaries
from harness.witness.witness import Witness

Number = Annotated[float, Field(strict=True)]


class RateBody(Strict):
    """The body of `POST /rate`. scale: of every rate; 0 pauses. closely: no client looks at more parts of its
    period than so many.
    """

    scale: Number
    closely: Annotated[int, Field(strict=True, ge=1, le=16)] | None = None


class RotateBody(Strict):
    """The body of `POST /rotate`. history: the file that is written from now on."""

    history: Text


class CalibrateBody(Strict):
    """The body of `POST /calibrate`."""

    seconds: Number = 1.0
    concurrency: StrictInt = 8


class Admin:
    """Translates requests to calls of a witness. Mistakes of the caller are InputErrors."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    def routes(self) -> list[web.RouteDef]:
        """What can be asked."""
        return [
            web.post("/start", self._start),
            web.post("/stop", self._stop),
            web.post("/rate", self._rate),
            web.post("/attention", self._attention),
            web.post("/rotate", self._rotate),
            web.post("/canaries", self._canaries),
            web.post("/calibrate", self._calibrate),
            web.get("/status", self._status),
        ]

    async def _status(self, request: web.Request) -> web.Response:
        return answer_json(self._witness.status())

    async def _start(self, request: web.Request) -> web.Response:
        await self._witness.start()
        return await self._status(request)

    async def _stop(self, request: web.Request) -> web.Response:
        await self._witness.stop()
        return await self._status(request)

    async def _rate(self, request: web.Request) -> web.Response:
        body = parsed(RateBody, await read_json(request), "rate")
        self._witness.set_rate(body.scale, body.closely)
        return await self._status(request)

    async def _attention(self, request: web.Request) -> web.Response:
        self._witness.attention()
        return answer_json({"running": self._witness.running})

    async def _rotate(self, request: web.Request) -> web.Response:
        body = parsed(RotateBody, await read_json(request), "rotate")
        try:
            await self._witness.rotate(Path(body.history))
        except OSError as error:
            raise InputError(f"history: {error}") from error
        return await self._status(request)

    async def _canaries(self, request: web.Request) -> web.Response:
        self._witness.set_canaries(parse_canaries(await read_json(request)))
        return await self._status(request)

    async def _calibrate(self, request: web.Request) -> web.Response:
        body = parsed(CalibrateBody, await read_json(request), "calibrate")
        burst = await self._witness.calibrate(body.seconds, body.concurrency)
        return answer_json(burst.as_json())
