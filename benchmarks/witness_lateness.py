"""How punctually the witness sends: open loop against an echo service, beside a bare timer on the same machine.

    python benchmarks/witness_lateness.py [--seconds 20] [--rate 200] [--keys shared] [--normal] [--json FILE]

The witness and the echo service (with its DNS server) run as processes of their own. The bare timer is a third process
that only sleeps to the same grid, in the normal scheduling class: what it is late by is the machine's doing, as is
the steal time of /proc/stat. Within a drill the world competes for the CPU; here nothing does, unless you see to it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.clock import monotonic_ns
from harness.history.codec import read
from harness.history.events import Invoke
from harness.units import NS_PER_MS, NS_PER_S
from harness.witness.grid import Grid, due
from harness.witness.lateness import Durations

CLIENTS = 10
NAME = "app.example.com"
EDGE = "127.0.1.10"


async def echo() -> None:
    """Serve items from memory, and one A record, until stdin closes; prints the two addresses."""
    items: dict[str, bytes] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, path, _ = head.split(" ", 2)
            length = next((int(x[15:]) for x in head.split("\r\n") if x.lower().startswith("content-length:")), 0)
            body = await reader.readexactly(length)
            if method == "PUT":
                items[path] = body
            answer = items.pop(path, b"{}") if method == "DELETE" else items.get(path, b'{"value": null}')
            writer.write(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer)
            )
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.close()

    class Names(asyncio.DatagramProtocol):
        """Answers any question with the edge's address and a TTL of one second."""

        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04" + bytes(map(int, EDGE.split(".")))
            header = data[:2] + b"\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00"
            self.transport.sendto(header + data[12:] + record, addr)

    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512)
    transport, _ = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    addresses = [server.sockets[0].getsockname(), transport.get_extra_info("sockname")]
    print(json.dumps(addresses), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    transport.close()


def bare_timer(seconds: float, rate: float) -> None:
    """Sleep to a grid; print by how much each waking was late."""
    late_ns: list[int] = []
    grid, slot = Grid(monotonic_ns() + NS_PER_MS, round(NS_PER_S / rate)), 0
    end_ns = monotonic_ns() + round(seconds * NS_PER_S)
    while (now_ns := monotonic_ns()) < end_ns:
        ready = due(grid, slot, now_ns, NS_PER_S)
        for planned_ns in ready.planned_ns:
            late_ns.append(now_ns - planned_ns)
        slot = ready.next_slot
        time.sleep(max(0, grid.planned_ns(slot) - monotonic_ns()) / NS_PER_S)
    print(json.dumps(summary(late_ns)), flush=True)


def summary(late_ns: Sequence[int]) -> dict[str, float]:
    """Percentiles in milliseconds, and shares within 5 and 10 ms."""
    durations = Durations(late_ns)
    values = {f"{name}_ms": ns / NS_PER_MS for name, ns in durations.summary().items() if name != "count"}
    shares = {f"within_{ms}_ms": sum(ns <= ms * NS_PER_MS for ns in late_ns) / max(1, len(late_ns)) for ms in (5, 10)}
    return {"count": durations.count, **values, **shares}


def steal_and_total() -> tuple[int, int]:
    """Ticks that the host took away, and all ticks, of all CPUs since boot; zeros where /proc is missing."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0, 0
    ticks = [int(field) for field in stat.read_text(encoding="ascii").splitlines()[0].split()[1:]]
    return ticks[7], sum(ticks[:8])


def call(admin: list[Any], path: str) -> Any:
    """POST to the witness's admin interface."""
    request = urllib.request.Request(f"http://{admin[0]}:{admin[1]}{path}", data=b"", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def start(*arguments: str) -> subprocess.Popen[str]:
    """A Python child whose stdin and stdout are ours."""
    return subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(child: subprocess.Popen[str]) -> Any:
    """The JSON of a child's first line."""
    assert child.stdout is not None
    return json.loads(child.stdout.readline())


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used; 0 where /proc is missing."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(seconds: float, rate: float, keys: str, *, realtime: bool, folder: Path) -> dict[str, Any]:
    """Run all three processes at once and gather what they saw."""
    service = start(__file__, "--echo")
    application, names = first_line(service)
    config = {
        "history": str(folder / "history.jsonl"),
        "dns": names,
        "record": NAME,
        "port": 1,
        "address_book": {EDGE: application},
        "cohorts": {"dns": {"clients": CLIENTS, "period_s": 2 * CLIENTS / rate}},
        "keys": keys,
        "realtime": realtime,
    }
    witness = start("-m", "harness.witness", "--config", json.dumps(config))
    try:
        ready = first_line(witness)
        timer = start(__file__, "--bare-timer", str(seconds), "--rate", str(rate))
        stolen, total = steal_and_total()
        call(ready["admin"], "/start")
        used_s = cpu_s(witness.pid)
        time.sleep(seconds)
        used_s = cpu_s(witness.pid) - used_s
        status = call(ready["admin"], "/stop")
        stolen, total = (after - before for after, before in zip(steal_and_total(), (stolen, total), strict=True))
        baseline = json.loads(timer.communicate(timeout=10)[0])
    finally:
        witness.terminate()
        witness.communicate(timeout=10)
        service.communicate(timeout=10)
    late = [e.mono_ns - e.planned_ns for e in read(folder / "history.jsonl") if isinstance(e, Invoke)]
    return {
        "rate_per_s": len(late) / seconds,
        "scheduling": ready["scheduling"],
        "loop": ready["loop"],
        "witness": summary(late),
        "bare_timer": baseline,
        "outcomes": status["cohorts"]["dns"],
        "skipped": status["skipped"],
        "latency_p999_ms": status["latency_ns"]["p999"] / NS_PER_MS,
        "witness_cpu_share": used_s / seconds,
        "steal_share": stolen / total if total else 0.0,
        "load_1min": os.getloadavg()[0],
    }


def table(result: dict[str, Any]) -> str:
    """What a person reads."""
    lines = [f"{'lateness':<12}{'p50':>9}{'p99':>9}{'p99.9':>9}{'max':>9}   within 5 ms   within 10 ms"]
    for who in ("witness", "bare_timer"):
        row = result[who]
        times = "".join(f"{row[f'{name}_ms']:>6.2f} ms" for name in ("p50", "p99", "p999", "max"))
        lines.append(f"{who:<12}{times}   {row['within_5_ms']:>10.2%}   {row['within_10_ms']:>11.2%}")
    lines.append(
        f"{result['rate_per_s']:.1f} operations/s, {result['outcomes']}, skipped {result['skipped']}; class "
        f"{result['scheduling']}, {result['loop']}; witness CPU {result['witness_cpu_share']:.0%} of a core; "
        f"steal {result['steal_share']:.2%}, load {result['load_1min']:.1f}"
    )
    return "\n".join(lines)


def main() -> None:
    """Parse the command line; two of its forms are for the children."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=200.0, help="operations per second in all")
    parser.add_argument("--keys", choices=("own", "shared"), default="shared", help="whose keys clients use")
    parser.add_argument("--normal", action="store_true", help="leave the witness in the normal scheduling class")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    parser.add_argument("--echo", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--bare-timer", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.echo:
        asyncio.run(echo())
    elif options.bare_timer is not None:
        bare_timer(options.bare_timer, options.rate)
    else:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            result = measure(options.seconds, options.rate, options.keys, realtime=not options.normal, folder=place)
        print(table(result))
        if options.json:
            options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
