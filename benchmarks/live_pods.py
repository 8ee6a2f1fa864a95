"""Twenty live pods in each of two places: whether every probe looks in time, and what that costs.

    python benchmarks/live_pods.py [--pods 20] [--seconds 30] [--scale 0.1]

Each pod is a process of its own that notes when it is asked; liveness every 10 s, readiness every 5 s, times the scale
(0.1 is the fast profile's; 1 the manifests' own seconds). A look is missed where the next one came more than one and a
half periods later. Promised: none is, no pod was ever taken out or ended. Exit code 1 where that was not kept.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import socket
import statistics
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any

from harness.history.codec import read
from harness.history.events import PodEvent
from harness.parts.platform.kubernetes import plan
from harness.parts.platform.kubernetes.machines.container import RestartPolicy
from harness.processes.forkserver import ForkServer
from harness.units import NS_PER_S
from harness.wire.admin_client import AdminClient
from harness.wire.ask import ask

PLACES = ("nyc3", "sfo3")
PERIODS_S = {"/live": 10.0, "/ready": 5.0}
MISSED = 1.5
"""Periods."""
_READY_S = 120.0
APP = textwrap.dedent(
    """
    import asyncio, json, os, time
    looks = {"/live": [], "/ready": []}
    async def serve(reader, writer):
        path = (await reader.readuntil(b"\\r\\n\\r\\n")).split()[1].decode()
        if path in looks:
            looks[path].append(time.monotonic_ns())
        body = json.dumps(looks).encode() if path == "/looks" else b"{}"
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n" % len(body) + body)
        await writer.drain()
        writer.close()
    async def main():
        async with await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"])) as server:
            await server.serve_forever()
    asyncio.run(main())
    """
)


def _ports(count: int) -> list[int]:
    """Free ones of this machine, all different."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return found


def _probe(path: str, period_s: float, failures: int) -> plan.Probe:
    return plan.Probe(
        handler=plan.Handler(kind="http", port=8080, path=path), initial_delay_ns=0,
        period_ns=round(period_s * NS_PER_S), timeout_ns=NS_PER_S, success_threshold=1, failure_threshold=failures,
    )  # fmt: skip


def planned(pods: int, scale: float, balancers: dict[str, Any], folder: Path) -> plan.Plan:
    """The same pods in each place."""
    container = plan.Container(
        name="app", image="app", argv=(sys.executable, "-c", APP), ports=(8080,),
        startup=_probe("/start", scale, 600), liveness=_probe("/live", PERIODS_S["/live"] * scale, 3),
        readiness=_probe("/ready", PERIODS_S["/ready"] * scale, 2),
    )  # fmt: skip
    workloads = tuple(
        plan.Workload(
            place=place, name="app", namespace="default", component="app", replicas=pods, keeps=True,
            containers=(container,), labels={}, annotations={}, account="default", policy=RestartPolicy.ALWAYS,
            grace_ns=NS_PER_S, surge=1, unavailable=0, progress_ns=600 * NS_PER_S, entrance=8080,
            before={"PATH": os.environ["PATH"]}, world={}, cwd=str(folder),
        )
        for place in PLACES
    )  # fmt: skip
    return plan.Plan(
        workloads=workloads, balancers=balancers, second_ns=round(scale * NS_PER_S), least_ns=NS_PER_S,
        first_ns=NS_PER_S, cap_ns=30 * NS_PER_S,
    )  # fmt: skip


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pods", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--scale", type=float, default=0.1)
    arguments = parser.parse_args()
    module = "harness.parts.platform.kubernetes.server"
    with tempfile.TemporaryDirectory() as work, ForkServer([module], Path(work) / "logs") as servers:
        folder = Path(work)
        events = folder / "events.jsonl"
        balancers = {}
        for place in PLACES:
            balancer = servers.spawn(
                f"lb-{place}", "harness.parts.edge.load_balancer.server",
                {"region": place, "listen": ["127.0.0.1", 0], "admin": ["127.0.0.1", 0], "interval_s": 1.0,
                 "timeout_s": 1, "healthy_threshold": 2, "unhealthy_threshold": 2},
            )  # fmt: skip
            host, port = balancer.ready(30)["admin"]
            links = tuple((one, ("127.0.0.1", one)) for one in _ports(2 * arguments.pods + 1))
            balancers[place] = plan.Balancer(admin=(str(host), int(port)), health_path="/checked", links=links)
        cluster = servers.spawn(
            "cluster", module, {"admin": ["127.0.0.1", 0], "logs": str(folder / "pods"), "events": str(events)}
        )
        admin = AdminClient("cluster", cluster.ready(30)["admin"])
        whole = planned(arguments.pods, arguments.scale, balancers, folder)
        admin.post("/apply", whole.model_dump(mode="json"))
        _wait_ready(admin, arguments.pods * len(PLACES))
        began_ns, began_cpu_s = time.monotonic_ns(), _cpu_s(cluster.pid)
        time.sleep(arguments.seconds)
        share = (_cpu_s(cluster.pid) - began_cpu_s) / arguments.seconds
        kept = _told(admin, arguments, began_ns)
        bad = [e for e in read(events) if isinstance(e, PodEvent) and e.what in ("unready", "killing", "exited")]
        print(f"pods taken out or ended: {len(bad)}; the cluster's process took {100 * share:.1f} % of one core")
        admin.post("/down")
    return 0 if kept and not bad else 1


def _wait_ready(admin: AdminClient, wanted: int) -> None:
    until = time.monotonic() + _READY_S
    while sum(bool(pod["ready"]) for pod in admin.get("/pods")["pods"]) < wanted:
        if time.monotonic() >= until:
            raise SystemExit(f"the pods were not ready within {_READY_S:g} s")
        time.sleep(0.2)


def _told(admin: AdminClient, arguments: argparse.Namespace, began_ns: int) -> bool:
    """Print how far apart looks were; whether none was missed."""
    pods = admin.get("/pods")["pods"]
    until_ns = time.monotonic_ns()
    kept = True
    gaps: dict[str, list[float]] = {path: [] for path in PERIODS_S}
    for pod in pods:
        answer = ask(("127.0.0.1", next(iter(pod["ports"].values()))), "GET", "/looks", timeout_s=10)
        for path, looks in json.loads(answer.body).items():
            within = [began_ns, *(one for one in looks if began_ns <= one <= until_ns), until_ns]
            gaps[path] += [(later - one) / NS_PER_S for one, later in itertools.pairwise(within)]
    for path, found in gaps.items():
        period_s = PERIODS_S[path] * arguments.scale
        missed = sum(gap > MISSED * period_s for gap in found)
        kept = kept and not missed
        print(
            f"{path} of {len(pods)} pods, every {period_s:g} s: {missed} of {len(found)} looks missed "
            f"(between two: p50 {statistics.median(found):.3f} s, longest {max(found):.3f} s)"
        )
    return kept


def _cpu_s(pid: int) -> float:
    """Seconds of a core that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
