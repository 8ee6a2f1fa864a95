"""Pods as processes: started, probed, restarted, rolled out; a load balancer's targets come and go with them."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from free_ports import free_port

from harness.history.codec import read
from harness.history.events import PodEvent
from harness.parts.platform.kubernetes import plan
from harness.parts.platform.kubernetes.machines.container import RestartPolicy
from harness.processes.forkserver import ForkServer
from harness.units import NS_PER_S
from harness.wire.admin_client import AdminClient
from harness.wire.ask import ask_status

pytestmark = [pytest.mark.live, pytest.mark.beside]

APP = textwrap.dedent(
    """
    import http.server, os, sys, pathlib
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            sick = pathlib.Path(sys.argv[1]).exists()
            self.send_response(503 if sick and self.path == "/ready" else 200)
            self.end_headers()
            self.wfile.write(os.environ["HOSTNAME"].encode())
        def log_message(self, *_): pass
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
    """
)
LONG_NS = 100 * NS_PER_S


class Rig:
    """A cluster of one place, and a load balancer."""

    def __init__(self, folder: Path, servers: ForkServer) -> None:
        self.sick = folder / "sick"
        self.events = folder / "events.jsonl"
        balancer = servers.spawn(
            "lb",
            "harness.parts.edge.load_balancer.server",
            {"region": "nyc3", "listen": ["127.0.0.1", 0], "admin": ["127.0.0.1", 0], "interval_s": 0.2,
             "timeout_s": 1, "healthy_threshold": 2, "unhealthy_threshold": 2},
        )  # fmt: skip
        cluster = servers.spawn(
            "cluster",
            "harness.parts.platform.kubernetes.server",
            {"admin": ["127.0.0.1", 0], "logs": str(folder / "logs"), "events": str(self.events)},
        )
        told = balancer.ready(30)
        self.listen = (str(told["listen"][0]), int(told["listen"][1]))
        self.balancer = AdminClient("lb", told["admin"])
        self.cluster = AdminClient("cluster", cluster.ready(30)["admin"])
        self.folder = folder

    def apply(self, *, liveness: str = "/live", replicas: int = 2) -> None:
        def probe(path: str, threshold: int) -> plan.Probe:
            return plan.Probe(
                handler=plan.Handler(kind="http", port=8080, path=path), initial_delay_ns=0, period_ns=NS_PER_S // 10,
                timeout_ns=NS_PER_S, success_threshold=1, failure_threshold=threshold,
            )  # fmt: skip

        container = plan.Container(
            name="app", image="app", argv=(sys.executable, "-c", APP, str(self.sick)), ports=(8080,),
            startup=probe("/live", 100), liveness=probe(liveness, 3), readiness=probe("/ready", 2),
        )  # fmt: skip
        workload = plan.Workload(
            place="nyc3", name="app", namespace="default", component="app", replicas=replicas, keeps=True,
            containers=(container,), labels={}, annotations={}, account="default", policy=RestartPolicy.ALWAYS,
            grace_ns=NS_PER_S, surge=1, unavailable=0, progress_ns=LONG_NS, entrance=8080, before={}, world={},
            cwd=str(self.folder),
        )  # fmt: skip
        links = [(port, ("127.0.0.1", port)) for port in (free_port() for _ in range(2 * replicas + 1))]
        balancer = plan.Balancer(admin=self.balancer.address, health_path="/ready", links=tuple(links))
        whole = plan.Plan(
            workloads=(workload,), balancers={"nyc3": balancer}, second_ns=NS_PER_S // 10, least_ns=NS_PER_S,
            first_ns=NS_PER_S, cap_ns=30 * NS_PER_S,
        )  # fmt: skip
        self.cluster.post("/apply", whole.model_dump(mode="json"))

    def pods(self) -> list[dict[str, Any]]:
        return list(self.cluster.get("/pods")["pods"])

    def ready(self) -> list[str]:
        return [pod["instance"] for pod in self.pods() if pod["ready"]]

    def targets(self) -> list[str]:
        return [target["id"] for target in self.balancer.get("/targets")["targets"]]

    def told(self) -> list[PodEvent]:
        return [event for event in read(self.events) if isinstance(event, PodEvent)]


def eventually(condition: Callable[[], object], timeout_s: float = 60) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with ForkServer(["harness.parts.platform.kubernetes.server"], tmp_path / "logs") as servers:
        yield Rig(tmp_path, servers)


def test_pods_become_ready_and_then_targets(rig: Rig) -> None:
    rig.apply()
    eventually(lambda: len(rig.ready()) == 2)
    eventually(lambda: rig.targets() == ["app-1-1", "app-1-2"])
    eventually(lambda: ask_status(rig.listen, "/", timeout_s=5) == 200)


def test_a_killed_pod_is_started_again_and_keeps_its_name(rig: Rig) -> None:
    rig.apply()
    eventually(lambda: len(rig.ready()) == 2)
    before = {pod["instance"]: pod["pid"] for pod in rig.pods()}
    rig.cluster.post("/act", {"what": "kill", "pod": "app-1-1.nyc3"})
    eventually(lambda: len(rig.ready()) == 2 and rig.pods()[0]["restarts"] == 1)
    after = {pod["instance"]: pod["pid"] for pod in rig.pods()}
    assert after.keys() == before.keys()
    assert after["app-1-1.nyc3"] != before["app-1-1.nyc3"]
    assert rig.cluster.get("/sentences") == [], "what a fault did is no news"


def test_a_deleted_pod_is_replaced_by_another(rig: Rig) -> None:
    rig.apply()
    eventually(lambda: len(rig.ready()) == 2)
    rig.cluster.post("/act", {"what": "delete", "pod": "app-1-1.nyc3"})
    eventually(lambda: rig.ready() == ["app-1-2.nyc3", "app-1-3.nyc3"])
    eventually(lambda: rig.targets() == ["app-1-2", "app-1-3"])


def test_pods_that_are_not_ready_are_no_targets_and_are_not_restarted(rig: Rig) -> None:
    rig.apply()
    eventually(lambda: len(rig.targets()) == 2)
    rig.sick.touch()
    eventually(lambda: rig.targets() == [])
    assert ask_status(rig.listen, "/", timeout_s=5) == 503
    rig.sick.unlink()
    eventually(lambda: len(rig.targets()) == 2)
    assert [pod["restarts"] for pod in rig.pods()] == [0, 0]


def test_liveness_on_what_readiness_asks_restarts_every_pod(rig: Rig) -> None:
    rig.apply(liveness="/ready")
    eventually(lambda: len(rig.ready()) == 2)
    rig.sick.touch()
    eventually(lambda: all(pod["restarts"] >= 2 for pod in rig.pods()))
    rig.sick.unlink()
    eventually(lambda: len(rig.ready()) == 2)
    assert any("liveness probe failed 3 times: status 503" in sentence for sentence in rig.cluster.get("/sentences"))
    assert {"started", "ready", "killing", "exited", "backoff"} <= {event.what for event in rig.told()}


def test_a_frozen_pod_leaves_the_targets_and_is_restarted_by_its_liveness_probe(rig: Rig) -> None:
    rig.apply()
    eventually(lambda: len(rig.targets()) == 2)
    rig.cluster.post("/act", {"what": "freeze", "pod": "app-1-1.nyc3"})
    eventually(lambda: rig.targets() == ["app-1-2"])
    eventually(lambda: rig.pods()[0]["restarts"] == 1, 30)


def test_a_bad_deploy_stands_still_and_is_rolled_back(rig: Rig) -> None:
    rig.apply()
    eventually(lambda: len(rig.targets()) == 2)
    rig.cluster.post("/rollout", {"place": "nyc3", "change": "never-ready"})
    eventually(lambda: len(rig.pods()) == 3)
    time.sleep(0.5)
    assert rig.ready() == ["app-1-1.nyc3", "app-1-2.nyc3"]
    assert rig.cluster.get("/pods")["rollouts"] == {"app.nyc3": False}
    rig.cluster.post("/rollout", {"place": "nyc3", "change": ""})
    eventually(lambda: rig.cluster.get("/pods")["rollouts"] == {"app.nyc3": True}, 30)
    assert rig.ready() == ["app-1-1.nyc3", "app-1-2.nyc3"], "what runs of the earlier version stays"


def test_after_the_end_nothing_runs(rig: Rig) -> None:
    rig.apply()
    eventually(lambda: len(rig.ready()) == 2)
    rig.cluster.post("/down")
    assert rig.pods() == []
    eventually(lambda: rig.targets() == [])
