"""Does the recovery-time bracket contain the truth? Known outages, measured by the witness like any other.

    python benchmarks/rto_truth.py [--outages 100] [--endpoints 20] [--period 0.1] [--closely 4] [--seed 1]
                                   [--json FILE]

Many endpoints run side by side, each switched off for 1.0, 2.7 or 7.3 s at a random moment, in turn by refusing
connections and by a black hole (connections are accepted, then nothing). A witness per endpoint, all in one process
of their own, records what its client sees; with --closely above 1 it is called just before each outage, as before a
drill's fault, and looks so many times as often where it hurts. The truth is what the endpoint logged around its own
switching; each outage's bracket is computed by harness.measurement from the history alone. Exit code 1 when a bracket
misses the truth.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import multiprocessing
import random
import socket
import statistics
import struct
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from harness.clock import monotonic_ns
from harness.history.codec import read
from harness.history.events import Operation
from harness.history.log import pair
from harness.measurement.lateness import padding
from harness.measurement.models import FaultInterval
from harness.measurement.recovery_time import recovery_bracket
from harness.units import to_ns, to_s
from harness.witness import scheduling
from harness.witness.channel import MAX_HEAD_BYTES
from harness.witness.models import parse_config
from harness.witness.witness import Witness

DURATIONS_S = (1.0, 2.7, 7.3)
MODES = ("refuse", "black-hole")
QUIET_S = 1.5
"""Before each outage and after it: steady state to measure the padding in, and W."""
CALL_AHEAD_S = 0.03
"""From the call to the outage: about as long as a drill's fault takes to be applied."""
EDGE = "127.0.1.10"
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{"value": null}'


@dataclass(frozen=True)
class Outage:
    """One outage as the endpoint knows it: each switch lies between two readings of the clock."""

    mode: str
    nominal_s: float
    off_ns: tuple[int, int]
    on_ns: tuple[int, int]

    @property
    def duration_ns(self) -> int:
        """The middle of what is possible; readings are microseconds apart."""
        return (sum(self.on_ns) - sum(self.off_ns)) // 2


@dataclass
class Endpoint:
    """A listening socket that can refuse, or swallow."""

    address: tuple[str, int] = ("127.0.0.1", 0)
    swallowing: bool = False
    outages: list[Outage] = field(default_factory=list)
    _listener: socket.socket | None = None
    _open: set[socket.socket] = field(default_factory=set)

    def listen(self) -> None:
        """Take connections."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setblocking(False)
        self._listener.bind(self.address)
        self._listener.listen(128)
        self.address = self._listener.getsockname()
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def close(self) -> None:
        """Refuse connections, and reset what is open."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        self._reset_open()

    def _reset_open(self) -> None:
        for sock in tuple(self._open):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._close(sock)

    def _close(self, sock: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(sock)
        self._open.discard(sock)
        sock.close()

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        sock.setblocking(False)
        self._open.add(sock)
        asyncio.get_running_loop().add_reader(sock, self._answer, sock)

    def _answer(self, sock: socket.socket) -> None:
        """One whole request fits one segment here; in the hole it is read and forgotten, and so is a FIN."""
        try:
            data = sock.recv(MAX_HEAD_BYTES)
            if data and self.swallowing:
                return
            if data:
                sock.send(ANSWER)
        except OSError:
            pass  # the client has gone
        if self.swallowing:
            asyncio.get_running_loop().remove_reader(sock)
        else:
            self._close(sock)

    def switch_off(self, mode: str) -> tuple[int, int]:
        """Start an outage; the clock before and after."""
        before_ns = monotonic_ns()
        if mode == "refuse":
            self.close()
        else:
            self.swallowing = True
        return before_ns, monotonic_ns()

    def switch_on(self, mode: str) -> tuple[int, int]:
        """End an outage; connections that lived through a hole are reset."""
        before_ns = monotonic_ns()
        if mode == "refuse":
            self.listen()
        else:
            self.swallowing = False
        after_ns = monotonic_ns()
        if mode == "black-hole":
            self._reset_open()
        return before_ns, after_ns


async def play(
    endpoint: Endpoint, script: list[tuple[str, float]], rng: random.Random, call: Callable[[], None]
) -> None:
    """Let an endpoint go through its outages, one after the other, at random moments. call: says that one begins."""
    for mode, nominal_s in script:
        await asyncio.sleep(QUIET_S + rng.random())
        call()
        await asyncio.sleep(CALL_AHEAD_S)
        off_ns = endpoint.switch_off(mode)
        await asyncio.sleep(nominal_s)
        endpoint.outages.append(Outage(mode, nominal_s, off_ns, endpoint.switch_on(mode)))
    await asyncio.sleep(QUIET_S + 1.0)


def watch(configs: list[dict[str, Any]], control: Connection) -> None:
    """The other process: one witness per endpoint, started and stopped by messages."""

    async def run() -> None:
        witnesses = [Witness(parse_config(config)) for config in configs]
        loop = asyncio.get_running_loop()
        scheduling.tame_garbage_collection()
        for witness in witnesses:
            await witness.open()
            await witness.start()
        control.send("started")
        while (place := await loop.run_in_executor(None, control.recv)) is not None:
            witnesses[place].attention()
        await asyncio.gather(*(witness.close() for witness in witnesses))
        control.send("stopped")

    scheduling.become_punctual()
    asyncio.run(run())


@dataclass(frozen=True)
class Measured:
    """An outage beside its bracket."""

    outage: Outage
    low_ns: int
    high_ns: int | None

    @property
    def contained(self) -> bool:
        return self.high_ns is not None and self.low_ns <= self.outage.duration_ns <= self.high_ns

    def __str__(self) -> str:
        high = "none" if self.high_ns is None else f"{to_s(self.high_ns):.4f}"
        truth = f"{self.outage.mode}, {to_s(self.outage.duration_ns):.4f} s"
        return f"{truth} is not in [{to_s(self.low_ns):.4f}, {high}]"


def measure(outage: Outage, operations: list[Operation]) -> Measured:
    """The bracket of one outage, from the operations around it. Raises ValueError when there are none."""
    from_ns, until_ns = outage.off_ns[0] - to_ns(QUIET_S), outage.on_ns[1] + to_ns(QUIET_S)
    around = [o for o in operations if from_ns <= o.sent_ns < until_ns]
    fault = FaultInterval(*outage.off_ns)
    found = recovery_bracket(around, fault, None, to_ns(1.0), padding(around, from_ns, outage.off_ns[0] - to_ns(0.2)))
    if found is None:
        raise ValueError("no operations around an outage")
    return Measured(outage, found.bracket.low_ns, found.bracket.high_ns)


def scripts(outages: int, endpoints: int, rng: random.Random) -> list[list[tuple[str, float]]]:
    """What each endpoint goes through: durations and modes evenly mixed, in random order."""
    everything = [
        (MODES[i // len(DURATIONS_S) % len(MODES)], DURATIONS_S[i % len(DURATIONS_S)]) for i in range(outages)
    ]
    rng.shuffle(everything)
    return [part for part in (everything[place::endpoints] for place in range(endpoints)) if part]


async def run(options: argparse.Namespace, folder: Path) -> list[Measured]:
    """All endpoints at once; then measure."""
    rng = random.Random(options.seed)
    parts = scripts(options.outages, options.endpoints, rng)
    endpoints = [Endpoint() for _ in parts]
    for endpoint in endpoints:
        endpoint.listen()
    histories = [folder / f"{place}.jsonl" for place in range(len(parts))]
    nowhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    nowhere.bind(("127.0.0.1", 0))
    configs = [
        {
            "history": str(history),
            "dns": nowhere.getsockname(),
            "record": "app.example.com",
            "port": 1,
            "address_book": {EDGE: endpoint.address},
            "edges": {"us-east-1": EDGE},
            "cohorts": {"direct-a": {"clients": 1, "period_s": options.period, "closely": options.closely}},
            "dns_probe_period_s": 3600.0,
        }
        for history, endpoint in zip(histories, endpoints, strict=True)
    ]
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=watch, args=(configs, theirs), daemon=True)
    process.start()
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(None, ours.recv)
        await asyncio.gather(
            *(
                play(endpoint, part, random.Random(rng.random()), functools.partial(ours.send, place))
                for place, (endpoint, part) in enumerate(zip(endpoints, parts, strict=True))
            )
        )
        ours.send(None)
        await loop.run_in_executor(None, ours.recv)
    finally:
        process.terminate()
        process.join()
        nowhere.close()
        for endpoint in endpoints:
            endpoint.close()
    measured = []
    for history, endpoint in zip(histories, endpoints, strict=True):
        operations = pair(read(history))
        measured += [measure(outage, operations) for outage in endpoint.outages]
    return measured


def summary(measured: list[Measured]) -> dict[str, Any]:
    """Contained n of n, widths and errors in seconds, by kind of outage and in all."""
    groups: dict[str, list[Measured]] = defaultdict(list)
    for one in measured:
        groups["all"].append(one)
        groups[f"{one.outage.nominal_s:g} s, {one.outage.mode}"].append(one)
    return {name: _row(groups[name]) for name in sorted(groups)}


def _row(group: list[Measured]) -> dict[str, Any]:
    widths = [to_s(m.high_ns - m.low_ns) for m in group if m.high_ns is not None]
    return {
        "contained": sum(m.contained for m in group),
        "outages": len(group),
        "open": sum(m.high_ns is None for m in group),
        "median_width_s": statistics.median(widths) if widths else None,
        "widest_s": max(widths, default=None),
    }


def table(rows: dict[str, Any]) -> str:
    """What a person reads."""
    lines = [f"{'outage':<20}{'contained':>14}{'median width':>15}{'widest':>10}"]
    for name, row in rows.items():
        widths = [f"{row[key]:.3f} s" if row[key] is not None else "-" for key in ("median_width_s", "widest_s")]
        contained = f"{row['contained']} of {row['outages']}"
        lines.append(f"{name:<20}{contained:>14}{widths[0]:>15}{widths[1]:>10}")
    return "\n".join(lines)


def main() -> int:
    """Exit code 0 when every bracket contains the truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outages", type=int, default=100)
    parser.add_argument("--endpoints", type=int, default=20)
    parser.add_argument("--period", type=float, default=0.1, help="a write and a read per client in each, seconds")
    parser.add_argument("--closely", type=int, default=4, help="how many times as often where it hurts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(run(options, Path(folder)))
    rows = summary(measured)
    print(table(rows))
    for one in measured:
        if not one.contained:
            print(f"missed: {one}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0 if measured and all(one.contained for one in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
