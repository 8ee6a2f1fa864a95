"""The server process: the API and the proxies on one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, StrictBool, StrictInt

from harness.errors import WorldError
from harness.kit.address import Address, join_address, split_address
from harness.kit.admin import serve_application
from harness.kit.config import Strict, Text, parsed
from harness.kit.process import Ready, run_until_signal
from harness.parts.links.toxiproxy.api import Api
from harness.parts.links.toxiproxy.collection import ProxyCollection
from harness.parts.links.toxiproxy.model import ApiError, parse_listen

_FILES = 65_536
DEFAULT_API: Address = ("127.0.0.1", 8474)
"""Toxiproxy's own default."""


def _listened(address: Address) -> Address:
    try:
        return parse_listen(join_address(address))
    except ApiError as error:
        raise ValueError(error.text) from error


class ProxyConfig(Strict):
    """A proxy that exists from the start. listen: where (port 0: any); upstream: where it leads."""

    name: Text
    listen: Address
    upstream: Address
    enabled: StrictBool = True

    def as_json(self) -> dict[str, Any]:
        """As Toxiproxy's own API takes it."""
        addresses = {"listen": join_address(self.listen), "upstream": join_address(self.upstream)}
        return {"name": self.name, **addresses, "enabled": self.enabled}


class ServerConfig(Strict):
    """api: where the HTTP API listens (port 0: any). seed: of all random draws. proxies: those from the start."""

    api: Annotated[Address, AfterValidator(_listened)] = DEFAULT_API
    seed: StrictInt = 0
    proxies: tuple[ProxyConfig, ...] = ()


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT.

    config: see ServerConfig. ready gets `api` and `proxies`, name -> real listen address.
    Raises InputError for a wrong config, WorldError when an address is not to be had.
    """
    checked = parsed(ServerConfig, config, "toxiproxy")
    _raise_file_limit()
    run_until_signal(lambda stop: _serve(checked, ready, stop))


def _raise_file_limit() -> None:
    """Each connection takes two descriptors, and the usual soft limit of 1024 is soon reached behind a black hole."""
    if sys.platform == "win32":
        return
    import resource

    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    if usual != resource.RLIM_INFINITY and usual < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


async def _serve(config: ServerConfig, ready: Ready, stop: asyncio.Event) -> None:
    async with contextlib.AsyncExitStack() as stack:
        collection = ProxyCollection(asyncio.get_running_loop(), config.seed)
        stack.push_async_callback(asyncio.sleep, 0)  # aborted transports close their sockets in the next turn
        stack.callback(collection.close)
        _populate(collection, config.proxies)
        api = await serve_application(stack, "toxiproxy", Api(collection).application(), config.api)
        proxies = {name: list(split_address(proxy.listen)) for name, proxy in collection.proxies.items()}
        ready({"api": list(api), "proxies": proxies})
        await stop.wait()


def _populate(collection: ProxyCollection, proxies: Sequence[ProxyConfig]) -> None:
    _, failed = collection.populate([proxy.as_json() for proxy in proxies])
    if failed is not None:
        raise WorldError(f"toxiproxy: {failed}") from failed
