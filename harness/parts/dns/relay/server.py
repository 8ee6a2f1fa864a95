"""What carries DNS as a process: resolvers, and a link for each way from clients to them and from them to name servers.

Admin: GET /status; POST /upstream [host, port]; POST /reset; POST /links/LINK/troubles {"name", "kind", "share",
"delay_ms"}; POST /links/LINK/troubles/NAME/end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from harness.clock import monotonic_ns
from harness.errors import InputError
from harness.history.events import Happening
from harness.history.log import EventLog
from harness.kit.admin import answer_json, read_json, serve_admin
from harness.kit.process import Ready, run_until_signal, stop_or_failure
from harness.names import CANARY, CLIENTS, DNS, link_name
from harness.parts.dns.relay import model
from harness.parts.dns.relay.carrying import Carrier, trouble_of
from harness.parts.dns.relay.config import RelayConfig
from harness.parts.dns.relay.resolving import Resolver
from harness.witness.tasks import TaskSet

log = logging.getLogger(__name__)

_NAME = "dns-relay"


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT.

    config: the keys of RelayConfig. ready: {"admin": [host, port], "links": {name: [host, port]}}. Raises InputError
    for a wrong configuration, WorldError when an address cannot be bound.
    """
    settings = RelayConfig.parse(config)
    run_until_signal(lambda stop: run(settings, ready, stop))


async def run(config: RelayConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve in this event loop until `stop` is set."""
    async with AsyncExitStack() as stack:
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def fail(error: BaseException) -> None:
            if not failed.done():
                failed.set_exception(error)

        tasks = TaskSet(fail)
        stack.push_async_callback(tasks.drain, 0.0)
        events = stack.enter_context(EventLog(config.events)) if config.events else None

        def noticed(happening: Happening) -> None:
            if events is not None:
                events.append(happening)

        relay = Relay(config, tasks, noticed)
        stack.push_async_callback(relay.close)
        await relay.open()
        if config.upstream is not None:
            await relay.lead_to(config.upstream)
        admin = await serve_admin(stack, _NAME, routes(relay), config.admin)
        ready({"admin": list(admin), "links": {name: list(one.address) for name, one in relay.links.items()}})
        await stop_or_failure(stop, failed)


class Relay:
    """All links and all resolvers of one process. Create inside a running event loop."""

    def __init__(self, config: RelayConfig, tasks: TaskSet, tell: Callable[[Happening], None] = lambda _: None) -> None:
        self._config = config
        self._tell = tell
        self.links = {name: Carrier(name, config.listen, config.seed, tasks) for name in config.links()}
        self.resolvers = {name: Resolver(name, config.listen, tasks, self._noticed) for name in config.resolvers}

    async def open(self) -> None:
        """Open every link and every resolver, each of which asks the name servers over its own links."""
        for link in self.links.values():
            await link.open()
        for name, resolver in self.resolvers.items():
            await resolver.open([self.links[link].address for link in self._config.to_name_servers(name)])
            for source in (CLIENTS, CANARY):
                await self.links[link_name(source, name, DNS)].lead_to(resolver.address)

    async def lead_to(self, upstream: tuple[str, int]) -> None:
        """Where the authoritative server is that answers as every name server."""
        for source in (*self.resolvers, CANARY):
            for link in self._config.to_name_servers(source):
                await self.links[link].lead_to(upstream)

    def _noticed(self, resolver: str, place: int, well: bool) -> None:
        server = self._config.name_servers[place]
        what, before = ("answers", "leaves it alone") if well else ("leaves it alone", "answers")
        self._tell(Happening("resolver", f"{resolver}, {server}", what, monotonic_ns(), good=well, before=before))

    async def reset(self) -> None:
        """No trouble anywhere, and nothing known of any name server."""
        for link in self.links.values():
            await link.happened(model.Reset())
        for resolver in self.resolvers.values():
            resolver.forget()

    def link(self, name: str) -> Carrier:
        """Raises InputError for a link that there is not."""
        found = self.links.get(name)
        if found is None:
            raise InputError(f"no link is called {name!r}; there are: {', '.join(self.links)}")
        return found

    def status(self) -> dict[str, Any]:
        """What GET /status says."""
        return {
            "links": [link.status() for link in self.links.values()],
            "resolvers": [resolver.status() for resolver in self.resolvers.values()],
        }

    async def close(self) -> None:
        """Close everything."""
        for link in self.links.values():
            await link.close()
        for resolver in self.resolvers.values():
            await resolver.close()


def routes(relay: Relay) -> list[web.RouteDef]:
    """The admin interface."""

    async def status(_: web.Request) -> web.Response:
        return answer_json(relay.status())

    async def lines(_: web.Request) -> web.Response:
        return answer_json([
            {"what": "DNS", "where": link.name, "about": ", ".join(link.status()["troubles"].values()) or "well"}
            for link in relay.links.values()
        ])  # fmt: skip

    async def upstream(request: web.Request) -> web.Response:
        match await read_json(request):
            case [str(host), int(port)]:
                await relay.lead_to((host, port))
                return answer_json({})
        raise InputError("upstream must be [host, port]")

    async def reset(_: web.Request) -> web.Response:
        await relay.reset()
        return answer_json(relay.status())

    async def trouble(request: web.Request) -> web.Response:
        link = relay.link(request.match_info["link"])
        await link.happened(trouble_of(await read_json(request)))
        return answer_json(link.status())

    async def relief(request: web.Request) -> web.Response:
        link = relay.link(request.match_info["link"])
        await link.happened(model.Relief(request.match_info["name"]))
        return answer_json(link.status())

    return [
        web.get("/status", status), web.get("/lines", lines), web.post("/upstream", upstream),
        web.post("/reset", reset), web.post("/links/{link}/troubles", trouble),
        web.post("/links/{link}/troubles/{name}/end", relief),
    ]  # fmt: skip
