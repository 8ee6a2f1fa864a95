"""The server process: the API and the proxies on one event loop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aiohttp import web

from harness.errors import InputError, WorldError
from harness.parts.links.toxiproxy.api import Api
from harness.parts.links.toxiproxy.collection import ProxyCollection
from harness.parts.links.toxiproxy.model import Address, ApiError, parse_listen

_LOG = logging.getLogger(__name__)
_KEYS = {"api", "seed", "proxies"}
_PROXY_KEYS = {"name", "listen", "upstream", "enabled"}
_FILES = 65_536
DEFAULT_API = ["127.0.0.1", 8474]
"""Toxiproxy's own default."""


def serve(config: Mapping[str, Any], ready: Callable[[Mapping[str, Any]], None]) -> None:
    """Run until SIGTERM or SIGINT.

    config: `api` [host, port] (default 127.0.0.1:8474; port 0 = any), `seed` (default 0) and `proxies` (a list of
    name, listen [host, port], upstream [host, port], enabled). ready gets `api` and `proxies`, name -> real listen
    address. Raises InputError for a wrong config, WorldError when an address is not to be had.
    """
    _check(config)
    if sys.platform == "win32":
        asyncio.run(_serve(config, ready))
    else:
        import uvloop

        _raise_file_limit()
        uvloop.run(_serve(config, ready))


def _raise_file_limit() -> None:
    """Each connection takes two descriptors, and the usual soft limit of 1024 is soon reached behind a black hole."""
    import resource

    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    if usual != resource.RLIM_INFINITY and usual < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


async def _serve(config: Mapping[str, Any], ready: Callable[[Mapping[str, Any]], None]) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    collection = ProxyCollection(loop, config.get("seed", 0))
    runner = web.AppRunner(Api(collection).application(), access_log=None, shutdown_timeout=1.0)
    try:
        _populate(collection, config.get("proxies", []))
        await runner.setup()
        host, port = config.get("api", DEFAULT_API)
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise WorldError(f"toxiproxy: cannot listen on {host}:{port}: {error}") from error
        ready(_ready(runner, collection))
        await stopped.wait()
    finally:
        collection.close()
        await runner.cleanup()
        await asyncio.sleep(0)  # transports that were aborted close their sockets in the next turn


def _ready(runner: web.AppRunner, collection: ProxyCollection) -> dict[str, Any]:
    proxies = {}
    for name, proxy in collection.proxies.items():
        host, _, port = proxy.listen.rpartition(":")
        proxies[name] = [host.strip("[]"), int(port)]
    return {"api": list(runner.addresses[0][:2]), "proxies": proxies}


def _populate(collection: ProxyCollection, proxies: list[Mapping[str, Any]]) -> None:
    bodies = [
        {**proxy, "listen": str(Address(*proxy["listen"])), "upstream": str(Address(*proxy["upstream"]))}
        for proxy in proxies
    ]
    _, failed = collection.populate(bodies)
    if failed is not None:
        raise WorldError(f"toxiproxy: {failed}") from failed


def _check(config: Mapping[str, Any]) -> None:
    problems = [f"toxiproxy: unknown key {key!r}; known: {', '.join(sorted(_KEYS))}" for key in config.keys() - _KEYS]
    problems += _api_problems(config.get("api", DEFAULT_API))
    if type(config.get("seed", 0)) is not int:
        problems.append("toxiproxy: seed must be a whole number")
    proxies = config.get("proxies", [])
    if not isinstance(proxies, list):
        problems.append("toxiproxy: proxies must be a list")
    else:
        problems += [text for number, proxy in enumerate(proxies, 1) for text in _proxy_problems(number, proxy)]
    if problems:
        raise InputError(*problems)


def _api_problems(api: object) -> Iterator[str]:
    if not isinstance(api, list | tuple) or not _is_address(api):
        yield "toxiproxy: api must be [host, port]"
        return
    try:
        parse_listen(str(Address(*api)))
    except ApiError as error:
        yield f"toxiproxy: api: {error.text}"


def _proxy_problems(number: int, proxy: object) -> Iterator[str]:
    where = f"toxiproxy: proxy {number}"
    if not isinstance(proxy, Mapping):
        yield f"{where} must be an object"
        return
    for key in proxy.keys() - _PROXY_KEYS:
        yield f"{where}: unknown key {key!r}; known: {', '.join(sorted(_PROXY_KEYS))}"
    if not isinstance(proxy.get("name"), str) or not proxy["name"]:
        yield f"{where}: name must be a text"
    for key in ("listen", "upstream"):
        if not _is_address(proxy.get(key)):
            yield f"{where}: {key} must be [host, port]"
    if not isinstance(proxy.get("enabled", True), bool):
        yield f"{where}: enabled must be true or false"


def _is_address(value: object) -> bool:
    match value:
        case [str(), int()]:
            return True
        case _:
            return False
