"""A page in headless Chromium: what it asks for, what it complains of, what it says, and a picture of it.

Spoken to by its DevTools protocol. Chromium is not let out of this machine: every other host name resolves to nothing.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
_LIMIT_S = 180.0
_SAYS_S = 60.0
_QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--remote-debugging-port=0",
    "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip


@dataclass
class Seen:
    """What came of a page. asked: every address that it asked for; complaints: errors of the console, of scripts and of
    loading; texts: what it said at the end, and what each script of the caller's gave."""

    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    texts: list[Any] = field(default_factory=list)
    width: int = 0


def look(
    address: str,
    scripts: Sequence[str] = (),
    *,
    size: tuple[int, int] = (1400, 1000),
    picture: Path | None = None,
    wait_for: str = "true",
    until_it_says: str = "",
) -> Seen:
    """Open a page, wait until an expression holds, run scripts one after another, and tell what was seen.

    until_it_says: a text that is waited for at the end; a page that never says it is told as it is after a while.
    """

    async def within_the_limit() -> Any:
        async with asyncio.timeout(_LIMIT_S):
            return await _look(address, scripts, size, picture, wait_for, until_it_says)

    return asyncio.run(within_the_limit())


async def _look(
    address: str, scripts: Sequence[str], size: tuple[int, int], picture: Path | None, wait_for: str, text: str
) -> Seen:
    assert CHROMIUM is not None
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, *_QUIET, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}", "about:blank"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
            try:
                port = await _port(Path(profile) / "DevToolsActivePort")
                return await _seen(port, address, scripts, size, picture, wait_for, text)
            finally:
                browser.kill()


async def _port(file: Path) -> int:
    while not file.exists() or not file.read_text().strip():
        await asyncio.sleep(0.05)
    return int(file.read_text().split()[0])


async def _page(port: int) -> str:
    """Where its page is talked to. A browser listens before it has one."""
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = await answer.json()
            for page in pages:
                if page["type"] == "page":
                    return str(page["webSocketDebuggerUrl"])
            await asyncio.sleep(0.05)


async def _seen(
    port: int, address: str, scripts: Sequence[str], size: tuple[int, int], picture: Path | None, wait_for: str,
    until_it_says: str,
) -> Seen:  # fmt: skip
    seen = Seen()
    where = await _page(port)
    async with aiohttp.ClientSession() as session, session.ws_connect(where, max_msg_size=0) as socket:
        tab = _Tab(socket, seen)
        for domain in ("Network", "Runtime", "Log", "Page"):
            await tab.call(f"{domain}.enable")
        shape = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        await tab.call("Emulation.setDeviceMetricsOverride", **shape)
        await tab.call("Page.navigate", url=address)
        while not await tab.value(f"document.readyState === 'complete' && Boolean({wait_for})"):
            await asyncio.sleep(0.1)
        for script in scripts:
            seen.texts.append(await tab.value(script))
            await asyncio.sleep(0.5)  # for what it asks for then
        limit_s = asyncio.get_running_loop().time() + _SAYS_S
        while until_it_says not in await tab.value("document.body.innerText"):
            if asyncio.get_running_loop().time() > limit_s:
                break  # the caller sees what it says instead
            await asyncio.sleep(0.1)
        seen.texts.append(await tab.value("document.body.innerText"))
        seen.width = await tab.value("document.documentElement.scrollWidth")
        if picture is not None:
            shot = await tab.call("Page.captureScreenshot")
            picture.write_bytes(base64.b64decode(shot["data"]))
    return seen


class _Tab:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse, seen: Seen) -> None:
        self._socket, self._seen, self._number = socket, seen, 0

    async def call(self, method: str, **params: Any) -> Any:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            message = json.loads((await self._socket.receive()).data)
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self._note(message["method"], message["params"])

    async def value(self, expression: str) -> Any:
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def _note(self, method: str, params: Any) -> None:
        match method:
            case "Network.requestWillBeSent":
                self._seen.asked.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                self._seen.complaints.append(str(params["exceptionDetails"])[:500])
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "assert", "warning"):
                self._seen.complaints.append(str(params["args"])[:500])
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self._seen.complaints.append(str(params["entry"])[:500])
