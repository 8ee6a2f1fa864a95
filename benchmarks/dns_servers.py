"""How many failover answers a second our name server gives on one core, beside PowerDNS and Knot on the same zone.

    python benchmarks/dns_servers.py [--seconds 2] [--runs 5]

Every server answers one name over UDP for a client in a process of its own, which keeps some questions under way: ours
with health checked and a wire cache in front (`ours`), the same with names whose letters are in random case (`ours,
0x20`), with health that changes every 30 ms (`ours, flapping`), and computed anew each time (`ours, uncached`);
PowerDNS with its packet cache, and Knot, which knows no health. Two figures each: answers a second of the wall clock,
which the client and the machine's other work take part in, and answers a second of the server's own processor time,
which is what one core to itself would do. The median of the runs, with their spread. A server that is not installed is
left out, with the reason.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import psutil
from dns_rate import APP, fresh, repeated, server

Address = tuple[str, int]
Question = Callable[[int], bytes]
WINDOW = 32
TRIES = 3
_READY_S = 10.0
_LETTERS = random.Random(7)


def spelled() -> Question:
    """One name, its letters in another case each time."""
    wires = [dns.message.make_query(_anew(APP), "A").to_wire() for _ in range(4096)]
    return lambda number: (number & 0xFFFF).to_bytes(2) + wires[number % len(wires)][2:]


def _anew(name: str) -> str:
    return "".join(c.upper() if _LETTERS.random() < 0.5 else c for c in name)


def asked(address: Address, process: psutil.Process, seconds: float, question: Question) -> tuple[float, float]:
    """Answers a second of the wall clock, and of the server's processor time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address)
        client.settimeout(2)
        for number in range(WINDOW):
            client.send(question(number))
        began, used, answered, number = time.perf_counter(), _used_s(process), 0, WINDOW
        while time.perf_counter() - began < seconds:
            for _ in range(WINDOW):  # the clock is not asked for each
                client.recv(4096)
                client.send(question(number))
                number += 1
            answered += WINDOW
        wall_s, processor_s = time.perf_counter() - began, _used_s(process) - used
        return answered / wall_s, answered / max(processor_s, 1e-3)


def _used_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def printed(name: str, runs: list[tuple[float, float]]) -> None:
    """One line of JSON."""
    figure: dict[str, object] = {"server": name}
    for what, index in (("answers/s of the wall clock", 0), ("answers/s of one core", 1)):
        found = sorted(run[index] for run in runs)
        figure[what] = {"median": round(statistics.median(found)), "min": round(found[0]), "max": round(found[-1])}
    print(json.dumps(figure), flush=True)


@contextmanager
def _program(name: str, package: str, command: Callable[[str, Path, int], list[str]]) -> Iterator[tuple[Address, int]]:
    """Another server, ready to answer. Raises LookupError where it is not installed.

    It must be told a port, and somebody else may take it first: then it is started again with another one.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise LookupError(f"{name} is not installed (apt install {package})")
    for attempt in range(TRIES):
        address = ("127.0.0.1", _free_port())
        with tempfile.TemporaryDirectory(prefix="drill-dns-") as folder:
            _zone(Path(folder) / "zone")
            argv = command(found, Path(folder), address[1])
            with (Path(folder) / "log").open("w+") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
                try:
                    if _answers(address, process):
                        yield address, process.pid
                        return
                finally:
                    process.kill()
            if attempt == TRIES - 1:
                raise LookupError(f"it did not answer: {(Path(folder) / 'log').read_text()[-300:]}")


def _free_port() -> int:
    """One that is free for both protocols, as far as anybody can tell."""
    for _ in range(32):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
        ):
            datagrams.bind(("127.0.0.1", 0))
            try:
                stream.bind(datagrams.getsockname())
            except OSError:
                continue
            return int(datagrams.getsockname()[1])
    raise LookupError("no port is free for UDP and TCP")


def _zone(path: Path) -> None:
    path.write_text(
        "$ORIGIN example.com.\n@ 900 IN SOA ns-1 hostmaster 1 7200 900 1209600 60\n@ 900 IN NS ns-1\n"
        "ns-1 900 IN A 127.0.0.1\napp 60 IN A 127.0.1.10\n"
    )


def _answers(address: Address, process: subprocess.Popen[bytes]) -> bool:
    """Whether it does, soon enough."""
    until = time.monotonic() + _READY_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address)
        client.settimeout(0.1)
        while time.monotonic() < until and process.poll() is None:
            try:
                client.send(repeated()(1))
                if client.recv(512)[7]:  # an answer in it
                    return True
            except OSError:
                time.sleep(0.05)
    return False


def knot(program: str, folder: Path, port: int) -> list[str]:
    """Knot with one thread for UDP."""
    (folder / "knot.conf").write_text(
        f"server:\n  rundir: {folder}\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n  tcp-workers: 1\n"
        f"database:\n  storage: {folder}\n"
        f"zone:\n  - domain: example.com\n    storage: {folder}\n    file: zone\n"
    )
    return [program, "-c", str(folder / "knot.conf")]


def powerdns(program: str, folder: Path, port: int) -> list[str]:
    """PowerDNS with its bind backend, one thread, and its caches as they are."""
    (folder / "named.conf").write_text(f'zone "example.com" {{ type master; file "{folder}/zone"; }};\n')
    settings = {
        "config-dir": folder, "launch": "bind", "bind-config": folder / "named.conf", "local-address": "127.0.0.1",
        "local-port": port, "socket-dir": folder, "guardian": "no", "daemon": "no", "security-poll-suffix": "",
        "receiver-threads": 1, "setuid": "", "setgid": "",
    }  # fmt: skip
    return [program, *(f"--{key}={value}" for key, value in settings.items())]


OTHERS = (("Knot", "knotd", "knot", knot), ("PowerDNS", "pdns_server", "pdns-server pdns-backend-bind", powerdns))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rows: tuple[tuple[str, Question, int], ...] = (
        ("ours", repeated(), 0), ("ours, 0x20", spelled(), 0), ("ours, flapping", repeated(), 10_000),
        ("ours, uncached", fresh(), 0),
    )  # fmt: skip
    for name, question, flips in rows:
        with server(flips) as running:
            process = psutil.Process(running.pid)
            printed(name, [asked(running.address, process, options.seconds, question) for _ in range(options.runs)])
    for name, program, package, command in OTHERS:
        try:
            with _program(program, package, command) as (address, pid):
                process = psutil.Process(pid)
                printed(name, [asked(address, process, options.seconds, repeated()) for _ in range(options.runs)])
        except LookupError as error:
            print(json.dumps({"server": name, "left out": str(error)}), flush=True)


if __name__ == "__main__":
    main()
