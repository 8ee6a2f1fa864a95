"""An authoritative server of ours on a small zone, and resolvers of other people in front of it."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest
from free_ports import free_port

from harness.engines.dns.lookup import Answer, drawing, lookup
from harness.engines.dns.selection import Health
from harness.engines.dns.server import DnsServer, Responder
from harness.engines.dns.zone import Configuration, RecordSet, Zone
from harness.kit.address import Address

ZONE, APP, GONE = "example.com", "app.example.com", "later.example.com"
EAST, WEST, LATER = "127.0.1.10", "127.0.2.10", "127.0.3.10"
TTL_S, NEGATIVE_S = 2, 2
PATIENCE_S = 10.0
BESIDE_PATH = ":/usr/sbin:/usr/local/sbin:/usr/lib/systemd:/lib/systemd"
TRIES = 5


def _pair(name: str, ttl_s: int) -> list[RecordSet]:
    return [
        RecordSet(name, "A", ttl_s=ttl_s, values=(EAST,), failover="PRIMARY", health_check_id="c", set_identifier="a"),
        RecordSet(name, "A", ttl_s=ttl_s, values=(WEST,), failover="SECONDARY", set_identifier="b"),
    ]


RECORDS = [
    RecordSet(ZONE, "SOA", ttl_s=900, values=(f"ns-1.{ZONE}. hostmaster.{ZONE}. 1 7200 900 1209600 {NEGATIVE_S}",)),
    RecordSet(ZONE, "NS", ttl_s=3600, values=(f"ns-1.{ZONE}.",)),
    RecordSet(f"ns-1.{ZONE}", "A", ttl_s=3600, values=("127.0.0.1",)),
    *_pair(APP, TTL_S),
    *_pair(f"long.{ZONE}", 300),
    RecordSet(f"c1.{ZONE}", "CNAME", ttl_s=30, values=(f"c2.{ZONE}.",)),
    RecordSet(f"c2.{ZONE}", "CNAME", ttl_s=20, values=(f"long.{ZONE}.",)),
    RecordSet(f"*.wild.{ZONE}", "A", ttl_s=60, values=("192.0.2.7",)),
    RecordSet(f"many.{ZONE}", "A", ttl_s=60, values=tuple(f"192.0.2.{n}" for n in range(1, 120))),
    RecordSet(f"more.{ZONE}", "A", ttl_s=60, values=tuple(f"192.0.2.{n}" for n in range(1, 51))),
    RecordSet(f"six.{ZONE}", "AAAA", ttl_s=60, values=("2001:db8::1",)),
    RecordSet(f"six.{ZONE}", "A", ttl_s=60, values=("192.0.2.6",)),
    RecordSet(f"sub.{ZONE}", "NS", ttl_s=300, values=(f"ns.sub.{ZONE}.",)),
    RecordSet(f"ns.sub.{ZONE}", "A", ttl_s=30, values=("192.0.2.53",)),
    RecordSet(f"odd.{ZONE}", "CAA", ttl_s=60, values=('0 issue "ca.example.net"',)),
]


class Authority(Responder):
    """Our server's answers. asked: questions by name and type in lower case; over_tcp: of those, over TCP; spelled: the
    names as they were asked; with_edns: of those, with an OPT record."""

    def __init__(self) -> None:
        super().__init__(self)
        self.generation, self.draws, self.scale = 0, 0, 1.0
        self.asked: Counter[tuple[str, str]] = Counter()
        self.over_tcp: Counter[tuple[str, str]] = Counter()
        self.spelled: set[str] = set()
        self.with_edns: set[str] = set()
        self.address: Address = ("", 0)
        self._healthy, self._records = True, list(RECORDS)
        self._random = random.Random(1)

    def respond(self, wire: bytes, limit: int) -> bytes | None:
        try:
            message = dns.message.from_wire(wire)
            question = message.question[0]
            self.spelled.add(str(question.name).rstrip("."))
            if message.edns >= 0:
                self.with_edns.add(str(question.name).lower().rstrip("."))
            key = str(question.name).lower().rstrip("."), dns.rdatatype.to_text(question.rdtype)
            (self.over_tcp if limit else self.asked)[key] += 1
        except (dns.exception.DNSException, IndexError):
            pass
        return super().respond(wire, limit)

    def answer(self, name: str, record_type: str) -> Answer:
        config = Configuration((Zone.of("Z", ZONE, self._records),))
        return lookup(config, Health({"c": self._healthy}), name, record_type, drawing(self._random.random))

    def healthy(self, *, primary: bool) -> None:
        """From now on."""
        self._healthy, self.generation = primary, self.generation + 1

    def add(self, name: str, address: str) -> None:
        """A name, or a type of it, that did not exist."""
        kind = "AAAA" if ":" in address else "A"
        self._records = [*self._records, RecordSet(name, kind, ttl_s=TTL_S, values=(address,))]
        self.generation += 1


@contextmanager
def authority() -> Iterator[Authority]:
    """Our server, in a thread of its own."""
    found = Authority()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    ready = threading.Event()

    async def serve() -> None:
        server = DnsServer(found)
        found.address = await server.start("127.0.0.1", 0)
        ready.set()
        await stop.wait()
        await server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE_S)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE_S)
        loop.close()


def required(program: str, package: str) -> Path:
    """A program of this machine; the test is skipped where it is missing."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + BESIDE_PATH)
    if found is None:
        pytest.skip(f"{program} is not installed ({package})")
    return Path(found)


def unbound(upstream: Address, port: int, folder: Path) -> list[str]:
    """Unbound, with the letters of its questions in random case, which answers must repeat."""
    program = required("unbound", "apt install unbound")
    config = folder / "unbound.conf"
    config.write_text(f"""\
server:
  interface: 127.0.0.1
  port: {port}
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  do-not-query-localhost: no
  use-caps-for-id: yes
  module-config: "iterator"
  num-threads: 1
  minimal-responses: no
  access-control: 127.0.0.0/8 allow
stub-zone:
  name: "{ZONE}"
  stub-addr: {upstream[0]}@{upstream[1]}
remote-control:
  control-enable: no
""")
    return [str(program), "-d", "-p", "-c", str(config)]


def coredns(upstream: Address, port: int, folder: Path) -> list[str]:
    """CoreDNS: its plugins `cache` and `forward`. What it caches it keeps for 5 s at least, unless told otherwise."""
    program = required("coredns", "go install github.com/coredns/coredns@v1.11.3")
    file = folder / "Corefile"
    cache = "cache 3600 {\n    success 1000 3600 0\n    denial 1000 1800 0\n  }"
    file.write_text(f".:{port} {{\n  bind 127.0.0.1\n  {cache}\n  forward . {upstream[0]}:{upstream[1]}\n}}\n")
    return [str(program), "-conf", str(file)]


def systemd_resolved(upstream: Address, port: int, folder: Path) -> list[str]:
    """systemd-resolved without systemd and without a bus: in a view of the files of its own, where its configuration
    and its user are ours and nothing of this machine's runs. It need not be set up: `apt-get download systemd-resolved`
    and `dpkg -x` leave the machine's own names alone."""
    program = required("systemd-resolved", "apt-get download systemd-resolved; dpkg -x; lib/systemd in PATH")
    view = ("unshare", "--map-root-user", "--mount")
    if shutil.which("unshare") is None or subprocess.run((*view, "true"), capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody have a view of the files of his own (unshare --mount)")
    (folder / "passwd").write_text("root:x:0:0::/:/bin/sh\nsystemd-resolve:x:0:0::/:/bin/false\n")
    (folder / "group").write_text("root:x:0:\nsystemd-resolve:x:0:\n")
    (folder / "resolved.conf").write_text(f"""\
[Resolve]
DNS={upstream[0]}:{upstream[1]}
FallbackDNS=
Domains=~.
LLMNR=no
MulticastDNS=no
DNSSEC=no
DNSOverTLS=no
Cache=yes
CacheFromLocalhost=yes
DNSStubListener=no
DNSStubListenerExtra=127.0.0.1:{port}
ReadEtcHosts=no
""")
    script = """\
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/resolve
for file in passwd group; do mount --bind "$0/$file" /etc/$file; done
mount -t tmpfs tmpfs /etc/systemd
cp "$0/resolved.conf" /etc/systemd
exec "$1"
"""
    return ["env", "SYSTEMD_LOG_TARGET=console", *view, "sh", "-c", script, str(folder), str(program)]


def knot(_: Address, port: int, folder: Path) -> list[str]:
    """Knot, an authoritative server itself, with some of our zone."""
    program = required("knotd", "apt install knot")
    (folder / "zone").write_text(
        f"$ORIGIN {ZONE}.\n@ 900 SOA ns-1 hostmaster 1 7200 900 1209600 {NEGATIVE_S}\n@ 3600 NS ns-1\n"
        f"ns-1 3600 A 127.0.0.1\napp {TTL_S} A {EAST}\nc1 30 CNAME c2\nc2 20 CNAME app\n*.wild 60 A 192.0.2.7\n"
        "sub 300 NS ns.sub\nns.sub 30 A 192.0.2.53\n"
    )
    (folder / "knot.conf").write_text(f"""\
server:
  rundir: {folder}
  listen: 127.0.0.1@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: {folder}
log:
  - target: stderr
    any: info
zone:
  - domain: {ZONE}
    storage: {folder}
    file: zone
""")
    return [str(program), "-c", str(folder / "knot.conf")]


Start = Callable[[Address, int, Path], list[str]]
RESOLVERS: dict[str, Start] = {"unbound": unbound, "coredns": coredns, "systemd-resolved": systemd_resolved}


@contextmanager
def resolver(start: Start, upstream: Address, folder: Path) -> Iterator[Address]:
    """One of other people's in front of a server; it answers when this returns.

    It must be told a port, and somebody else may take it first: then it is started again with another one.
    """
    for attempt in range(TRIES):
        at: Address = ("127.0.0.1", free_port())
        command: Sequence[str] = start(upstream, at[1], folder)
        with (folder / "resolver.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                if _serves(process, at, folder / "resolver.log", last=attempt == TRIES - 1):
                    yield at
                    return
            finally:
                process.terminate()


def _serves(process: subprocess.Popen[bytes], at: Address, log: Path, *, last: bool) -> bool:
    """Whether it answers. False: its port is somebody else's, and it is not the last try."""
    until = time.monotonic() + PATIENCE_S
    while not _answers(at):
        told = log.read_text()
        if "in use" in told and not last:
            return False
        assert process.poll() is None, told
        assert time.monotonic() < until, told
    return True


def _answers(at: Address) -> bool:
    try:
        return ask(at, f"ns-1.{ZONE}", wait_s=0.3).rcode() == dns.rcode.NOERROR
    except (dns.exception.Timeout, OSError):
        return False


def ask(at: Address, name: str, kind: str = "A", *, wait_s: float = 5.0, edns: bool = False) -> dns.message.Message:
    """As a stub does: over TCP as well, where the answer does not fit."""
    question = dns.message.make_query(name, kind, use_edns=0 if edns else False)
    answer, _ = dns.query.udp_with_fallback(question, at[0], wait_s, at[1])
    return answer


def addresses(answer: dns.message.Message) -> set[str]:
    """Those in an answer."""
    return {data.to_text() for rrset in answer.answer for data in rrset if rrset.rdtype == dns.rdatatype.A}


def until(condition: Callable[[], bool], within_s: float = PATIENCE_S) -> float:
    """How long it took until something held; it is looked at without pause. Fails when it does not."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within_s, "it never held"
        threading.Event().wait(0.02)
    return time.monotonic() - began
