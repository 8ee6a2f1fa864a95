"""Real clients in a network of their own, in which our name server is the only one: what they ask it, and when.

A room is made by `unshare`: a network with a loopback alone, and a view of the files in which `/etc/resolv.conf` names
our server. This file is also what runs inside of it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import dns.message
import dns.rdatatype
from aiohttp import web

from harness.engines.dns.lookup import Answer, RRset
from harness.engines.dns.server import DnsServer, Responder

NAME = "app.example.com"
ADDRESS = "127.0.0.1"
CLIENTS = Path(__file__).parent / "clients"
_PAGE = """<!doctype html><title>lookups</title><script>
setInterval(() => fetch('/again', {cache: 'no-store'}).catch(() => 0), %d)</script>"""
_CHROMIUM = (
    "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions",
)  # fmt: skip


@dataclass(frozen=True)
class Client:
    """One program. needs: what must be installed. command: with {name}, {times}, {every_ms} and {folder}. profile: of
    harness.audience, that stands for it. page: whether it is a browser, which is closed when the time is over."""

    needs: str
    command: Sequence[str]
    profile: str
    prepared: Sequence[str] = ()
    page: bool = False


CLIENTS_KNOWN: Mapping[str, Client] = {
    "jvm": Client(
        "java", ("java", "-XX:TieredStopAtLevel=1", str(CLIENTS / "Lookups.java"), "{name}", "{times}", "{every_ms}"),
        "jvm(30)",
    ),
    "jvm, 1 s": Client(
        "java",
        ("java", "-Dsun.net.inetaddr.ttl=1", str(CLIENTS / "Lookups.java"), "{name}", "{times}", "{every_ms}"),
        "jvm(1)",
    ),
    "node": Client("node", ("node", str(CLIENTS / "lookups.js"), "{name}", "{times}", "{every_ms}"), "uncached"),
    "go": Client(
        "go", ("{folder}/lookups", "{name}", "{times}", "{every_ms}"), "uncached",
        ("go", "build", "-o", "{folder}/lookups", str(CLIENTS / "lookups.go")),
    ),
    "chromium": Client(
        "chromium", (*_CHROMIUM, "--user-data-dir={folder}/profile", "http://{name}/"), "chrome(60)", page=True
    ),
}  # fmt: skip


def lacking(client: str) -> str | None:
    """Why a client cannot be looked at here; None: it can."""
    needs = CLIENTS_KNOWN[client].needs
    if shutil.which(needs) is None:
        return f"{needs} is not installed"
    tried = (*ROOM, "true")
    if shutil.which("unshare") is None or subprocess.run(tried, capture_output=True, check=False).returncode:
        return "this machine lets nobody make a network of his own (unshare --net --mount)"
    return None


ROOM = ("unshare", "--map-root-user", "--net", "--mount", "--kill-child", "--fork")


@dataclass(frozen=True)
class Looked:
    """asked_s: when it asked for the A records, in seconds after its first question; said: what it printed."""

    asked_s: Sequence[float]
    said: Sequence[str]

    @property
    def kept_s(self) -> float:
        """The longest time between two questions: so long an answer was kept. A browser may begin with several."""
        gaps = [later - earlier for earlier, later in zip(self.asked_s, self.asked_s[1:], strict=False)]
        return max(gaps, default=0.0)


def look(client: str, *, ttl_s: int, times: int, every_s: float) -> Looked:
    """Have a client look the name up so many times; its answer has this TTL."""
    known = CLIENTS_KNOWN[client]
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        filled = {"name": NAME, "times": str(times), "every_ms": str(round(every_s * 1000)), "folder": folder}
        if known.prepared:
            subprocess.run([word.format(**filled) for word in known.prepared], check=True)
        command = [word.format(**filled) for word in known.command]
        task = {"command": command, "ttl_s": ttl_s, "for_s": times * every_s if known.page else 0, "every_s": every_s}
        argv = [*ROOM, sys.executable, __file__, folder, json.dumps(task)]
        limit_s = 60 + 3 * times * every_s
        done = subprocess.run(argv, capture_output=True, text=True, timeout=limit_s, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    return Looked(told["asked_s"], told["said"])


# --- inside the room --------------------------------------------------------------------------------------------------


class _Zone:
    """Answers one name."""

    generation, draws, scale = 0, 0, 1.0

    def __init__(self, ttl_s: int) -> None:
        self._ttl_s = ttl_s

    def answer(self, name: str, record_type: str) -> Answer:
        held = (RRset(name, "A", self._ttl_s, (ADDRESS,)),) if name.rstrip(".") == NAME else ()
        return Answer("NOERROR", held if record_type == "A" else (), (), True)


class _Heard(Responder):
    """Notes when the name's A records are asked for."""

    def __init__(self, ttl_s: int) -> None:
        super().__init__(_Zone(ttl_s))
        self.asked_s: list[float] = []

    def respond(self, wire: bytes, limit: int) -> bytes | None:
        question = dns.message.from_wire(wire).question[0]
        if question.rdtype == dns.rdatatype.A and question.name.to_text().rstrip(".") == NAME:
            self.asked_s.append(time.monotonic())
        return super().respond(wire, limit)


async def _inside(folder: Path, command: Sequence[str], ttl_s: int, for_s: float, every_s: float) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    resolv = folder / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    subprocess.run(["mount", "--bind", str(resolv), str(Path("/etc/resolv.conf").resolve())], check=True)
    heard = _Heard(ttl_s)
    server = DnsServer(heard)
    await server.start("127.0.0.1", 53)
    runner = web.AppRunner(_site(every_s))
    await runner.setup()
    await web.TCPSite(runner, ADDRESS, 80).start()
    with (folder / "errors").open("wb") as errors:
        client = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=errors)
        if for_s:
            await asyncio.sleep(for_s)
            client.kill()
        out, _ = await client.communicate()
    first_s = min(heard.asked_s, default=0.0)
    told = {"asked_s": [round(at - first_s, 3) for at in heard.asked_s], "said": out.decode().split()}
    print(json.dumps(told), flush=True)


def _site(every_s: float) -> web.Application:
    async def page(request: web.Request) -> web.Response:
        text = _PAGE % round(every_s * 1000)
        answer = web.Response(text=text, content_type="text/html")
        answer.force_close()  # each request needs a connection, and so an address
        return answer

    app = web.Application()
    app.router.add_get("/{any:.*}", page)
    return app


if __name__ == "__main__":
    asyncio.run(_inside(Path(sys.argv[1]), **json.loads(sys.argv[2])))
