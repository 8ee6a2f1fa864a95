"""Real clients of a world that fails over: when each of them has noticed, beside what its profile says.

A world is stood up in a network of its own (see real_clients.py). Each client has a name server of its own there, which
passes questions on to the world's, and notes them; then the primary region is cut off. This file is also what runs
inside.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import dns.exception
import dns.message
import dns.rdatatype
from aiohttp import web
from real_clients import CLIENTS_KNOWN, ROOM, Client

from harness.audience import profile_of
from harness.kit.address import Address
from harness.live.standing import world_file
from harness.live.standing.world_file import StandingWorld
from harness.parts.dns.relay.asking import Upstream, connected
from harness.parts.links.toxiproxy.client import ToxiproxyClient

NAME = "app.example.com"
DRILL = [sys.executable, "-m", "harness.cli.main"]
EVERY_S = 0.5
STARTED_WITHIN_S, FAILED_OVER_WITHIN_S, BESIDE_S = 60.0, 60.0, 20.0
LIMIT_S = 400.0
_PAGE = """<!doctype html><title>lookups</title><script>
setInterval(() => { new WebSocket('ws://%s:%d/') }, %d)</script>"""
"""Each of them needs a connection of its own, and so an address; nobody need answer it."""


@dataclass(frozen=True)
class Moved:
    """One client. kept_s: by its profile, of an answer of that TTL. asked_s: its last question before the answer
    changed, and the first after it, in seconds since the change; said_s: when it first named the new address."""

    client: str
    profile: str
    ttl_s: int
    kept_s: float
    asked_s: tuple[float | None, float | None]
    said_s: float | None

    @property
    def measured_s(self) -> float | None:
        """How long it kept an answer: from the last question of the old one's to the first of the new one's."""
        before_s, after_s = self.asked_s
        return None if before_s is None or after_s is None else after_s - before_s

    @property
    def told(self) -> str:
        """What was measured, for people: how long it kept an answer, and how long after the change it noticed."""
        if self.measured_s is None:
            return "it did not ask"
        kept = f"{self.measured_s:.2f} s" if self.kept_s else "asks always"
        return f"{kept:>9} {self.asked_s[1]:12.2f} s"


def moved(clients: Sequence[str]) -> list[Moved]:
    """All of them in one world."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        argv = [*ROOM, sys.executable, __file__, folder, *clients]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    return [Moved(**{**one, "asked_s": tuple(one["asked_s"])}) for one in told]


# --- inside the room --------------------------------------------------------------------------------------------------


class Names(asyncio.DatagramProtocol):
    """One client's name server: the world's, and when it was asked for the name's addresses."""

    def __init__(self, world: Upstream) -> None:
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked_s: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        question = dns.message.from_wire(data).question[0]
        if question.rdtype == dns.rdatatype.A and question.name.to_text().lower() == f"{NAME}.":
            self.asked_s.append(time.monotonic())
        task = asyncio.get_running_loop().create_task(self._pass_on(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, data: bytes, addr: Address) -> None:
        try:
            answer = await self._world.ask(data, 2.0)
        except (TimeoutError, OSError):
            return
        self._transport.sendto(answer, addr)  # type: ignore[attr-defined]


class Running:
    """A client that has been started. said: what it printed, and when."""

    def __init__(self, name: str, names: Names) -> None:
        self.name, self.names = name, names
        self.said: list[tuple[float, str]] = []
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, folder: Path, server: str) -> None:
        """In a view of the files in which its name server is the only one."""
        known, own = CLIENTS_KNOWN[self.name], folder / self.name.replace(" ", "")
        own.mkdir()
        (own / "resolv.conf").write_text(f"nameserver {server}\noptions timeout:2 attempts:2\n")
        at = f'mount --bind {own}/resolv.conf "$(realpath /etc/resolv.conf)"; exec "$@"'
        with (own / "errors").open("wb") as errors:
            self.process = await asyncio.create_subprocess_exec(
                "unshare", "--mount", "sh", "-ec", at, "sh", *_command(known, own),
                stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append((time.monotonic(), line.decode().strip()))

    async def stop(self) -> None:
        """Kill it."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
        await self._reading

    def moved(self, at_s: float, ttl_s: int, address: str) -> Moved:
        """What it did, now that all is over. at_s: when the answer changed to this address."""
        known = CLIENTS_KNOWN[self.name]
        before = [asked_s - at_s for asked_s in self.names.asked_s if asked_s < at_s]
        after = [asked_s - at_s for asked_s in self.names.asked_s if asked_s >= at_s]
        said = next((said_s - at_s for said_s, line in self.said if line == address and said_s >= at_s), None)
        kept_s = profile_of(known.profile).cache.kept_s(ttl_s)
        return Moved(
            self.name, known.profile, ttl_s, kept_s, (max(before, default=None), min(after, default=None)), said
        )


def _command(known: Client, own: Path) -> list[str]:
    if known.prepared:
        subprocess.run([word.format(folder=own) for word in known.prepared], check=True)
    filled = {"name": NAME, "times": "100000", "every_ms": str(round(EVERY_S * 1000)), "folder": str(own)}
    words = [word.format(**filled) for word in known.command]
    return [*words[:-1], "http://127.0.0.1/"] if known.page else words


async def _until(condition: Callable[[], bool], within_s: float, what: str) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, what
        await asyncio.sleep(0.02)


async def _answer(world: Upstream) -> tuple[str, int]:
    """What the world's name server says now: the address, and its TTL."""
    answer = dns.message.from_wire(await world.ask(dns.message.make_query(NAME, "A").to_wire(), 2.0))
    return answer.answer[0][0].to_text(), int(answer.answer[0].ttl)


async def _page(world: StandingWorld) -> None:
    port = next(int(str(line.where).rsplit(":", 1)[1]) for line in world.status if line.what.startswith("edge "))
    text = _PAGE % (NAME, port, round(EVERY_S * 1000))

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/{any:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 80).start()


async def _watched(world: StandingWorld, clients: Sequence[str], folder: Path) -> list[Moved]:
    await _page(world)
    upstream = await connected(world.dns)
    found: list[Running] = []
    for number, name in enumerate(clients, start=2):
        server = f"127.0.53.{number}"
        _, names = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Names(upstream), local_addr=(server, 53)
        )
        found.append(Running(name, names))
        await found[-1].start(folder, server)
    try:
        for one in found:
            await _until(lambda one=one: bool(one.names.asked_s), STARTED_WITHIN_S, f"{one.name} never asked")  # type: ignore[misc]
        old, ttl_s = await _answer(upstream)
        _cut_off(world)
        until = time.monotonic() + FAILED_OVER_WITHIN_S
        while (await _answer(upstream))[0] == old:
            assert time.monotonic() < until, "the world never failed over"
            await asyncio.sleep(0.02)
        at_s, (new, _) = time.monotonic(), await _answer(upstream)
        for one in found:
            kept_s = profile_of(CLIENTS_KNOWN[one.name].profile).cache.kept_s(ttl_s)
            within_s = at_s + kept_s + BESIDE_S - time.monotonic()
            await _until(lambda one=one: one.names.asked_s[-1] > at_s, within_s, f"{one.name} never asked again")  # type: ignore[misc]
        await asyncio.sleep(2 * EVERY_S)
        return [one.moved(at_s, ttl_s, new) for one in found]
    finally:
        for one in found:
            await one.stop()


def _cut_off(world: StandingWorld) -> None:
    """The primary region, on every link."""
    links, place = ToxiproxyClient(world.links["url"]), world.environment.places[0].name
    for name in links.proxies():
        if place in name:
            links.disable(name)


def _inside(folder: Path, clients: Sequence[str]) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("DRILL_", "PYTEST_"))}
    subprocess.run([*DRILL, "env", "up", "--seed", "5"], cwd=folder, check=True, stdout=sys.stderr, env=ours)
    try:
        world = world_file.running(world_file.path_in(folder))
        assert world is not None
        print(json.dumps([asdict(one) for one in asyncio.run(_watched(world, clients, folder))]), flush=True)
    finally:
        subprocess.run([*DRILL, "env", "down"], cwd=folder, check=True, stdout=sys.stderr, env=ours)


if __name__ == "__main__":
    _inside(Path(sys.argv[1]), sys.argv[2:])
