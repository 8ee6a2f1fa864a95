"""Starts the processes of the embedded world, and wires them. What comes out is `Parts`: everything, with addresses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.drill.options import RunOptions
from harness.live.addresses import EdgeAddress, choose_port, edge_addresses
from harness.live.wiring import Address, Sockets, Wire, balancer_name, gateway_routes, wires
from harness.names import CANARY, CHECKERS, HTTP, instance_name, link_name
from harness.parts.links.toxiproxy.client import Proxy, ToxiproxyClient
from harness.parts.links.toxiproxy.prefix import new_prefix
from harness.parts.steering.route53.edge_records import balancer_dns_name, create_edge
from harness.processes.fork_servers import (
    BALANCER,
    GATEWAY,
    REGION_SERVER,
    ROUTE53,
    TOXIPROXY,
    WITNESS,
    ForkServers,
)
from harness.processes.forkserver import ForkServer, ServerProcess, stop_all
from harness.wire.admin_client import AdminClient

READY_TIMEOUT_S = 60.0
_OTHERS = ("keepalive", "pinned-a", "pinned-b", "direct-a", "direct-b")
OTHER_COHORTS = len(_OTHERS) + 1
"""Reported beside the judged one: those, and `ttl-violating`."""


@dataclass
class Parts:
    """A started world without its subject. Keys are region names, unless said otherwise."""

    subject_servers: ForkServer
    processes: Mapping[str, ServerProcess]
    toxiproxy: ToxiproxyClient
    wires: tuple[Wire, ...]
    listening: Mapping[str, Address]
    edges: Mapping[str, EdgeAddress]
    edge_port: int
    application_ports: Mapping[str, int]
    regions: Mapping[str, AdminClient]
    control_plane: AdminClient
    balancers: Mapping[str, AdminClient]
    route53: AdminClient
    dns: Address
    witness: AdminClient
    gateway: Mapping[str, Address]
    folder: Path

    def events_file(self, name: str) -> Path:
        """Where a process of the world writes its events."""
        return self.folder / f"{name}.events.jsonl"

    def commits_file(self, region: str) -> Path:
        """Where a region server writes its commit log."""
        return self.folder / f"{region}.commits.jsonl"


class Starter:
    """Brings the processes up, in the order in which they need each other; the slow imports run side by side."""

    def __init__(self, options: RunOptions, servers: ForkServers, stack: ExitStack) -> None:
        self._options = options
        self._environment = options.environment
        self._timing = options.timing
        self._servers = servers
        self._folder = servers.folder
        self._stack = stack
        self._processes: dict[str, ServerProcess] = {}
        stack.callback(lambda: stop_all(self._processes.values(), grace_s=0.3))

    def start(self) -> Parts:
        """Start everything. Raises InputError for a port in use, ProcessError for a process that does not start."""
        names = [region.name for region in self._environment.regions]
        edges = edge_addresses(names)
        hosts = sorted({edge.host for edge in edges.values()})
        edge_port = choose_port(hosts, self._environment.edge.port, "edge.port")
        ports = {name: choose_port(["127.0.0.1"], 0, "") for name in names}
        url = self._toxiproxy()
        balancers = {name: self._spawn(f"lb.{name}", BALANCER, self._balancer_config(name)) for name in names}
        regions = {name: self._spawn(name, REGION_SERVER, self._region_config(name)) for name in names}
        control = self._spawn("control-plane", REGION_SERVER, self._control_config())
        sockets = Sockets(
            edges={name: _listen(edges[name], names.index(name), edge_port) for name in names},
            load_balancers={name: _ready(p, "listen") for name, p in balancers.items()},
            applications={name: ("127.0.0.1", port) for name, port in ports.items()},
            regions={name: _ready(p, "listen") for name, p in regions.items()},
            control_plane=_ready(control, "listen"),
        )
        wired = wires(self._environment, self._options.subject, sockets)
        prefix = new_prefix() if url else ""  # others may use the user's own server as well
        own = "http://{}:{}"
        toxiproxy = ToxiproxyClient(url or own.format(*_ready(self._processes["toxiproxy"], "api")), prefix=prefix)
        made = toxiproxy.populate([Proxy(w.link.name, w.listen, w.upstream) for w in wired])
        if url:  # a server of the user's own goes on without us, so our proxies must not stay on it
            for name in made:
                self._stack.callback(toxiproxy.delete, name)
        listening = {name: proxy.listen for name, proxy in made.items()}
        admins = {name: AdminClient(f"lb.{name}", p.ready(READY_TIMEOUT_S)["admin"]) for name, p in balancers.items()}
        control_admin = AdminClient("control-plane", sockets.control_plane)
        gateway = self._spawn("gateway", GATEWAY, self._gateway_config(listening))
        route53 = self._spawn("route53", ROUTE53, self._route53_config(edges, listening, admins, control_admin))
        self._set_targets(admins, listening)
        edge_calls(self._options, {name: (e.answered, edge_port) for name, e in edges.items()}, control_admin.address)
        route53_admin = AdminClient("route53", route53.ready(READY_TIMEOUT_S)["admin"])
        control_admin.post("/drill/data-plane", {"admin": list(route53_admin.address)})
        dns = _ready(route53, "dns")
        witness = self._spawn("witness", WITNESS, self._witness_config(edges, edge_port, listening, dns))
        endpoints = gateway.ready(READY_TIMEOUT_S)["listeners"]
        return Parts(
            subject_servers=self._servers.net,
            processes=self._processes,
            toxiproxy=toxiproxy,
            wires=wired,
            listening=listening,
            edges=edges,
            edge_port=edge_port,
            application_ports=ports,
            regions={name: AdminClient(name, address) for name, address in sockets.regions.items()},
            control_plane=control_admin,
            balancers=admins,
            route53=route53_admin,
            dns=dns,
            witness=AdminClient("witness", witness.ready(READY_TIMEOUT_S)["admin"], timeout_s=30.0),
            gateway={name: (str(a[0]), int(a[1])) for name, a in endpoints.items()},
            folder=self._folder,
        )

    def _spawn(self, name: str, module: str, config: Mapping[str, Any]) -> ServerProcess:
        server = self._servers.aws if module == REGION_SERVER else self._servers.net
        self._processes[name] = server.spawn(name, module, config)
        return self._processes[name]

    def _toxiproxy(self) -> str | None:
        """Start the embedded server, unless TOXIPROXY_URL names a real one; its URL then."""
        url = os.environ.get("TOXIPROXY_URL")
        if not url:
            api = ["127.0.0.1", self._environment.toxiproxy_port]
            self._spawn("toxiproxy", TOXIPROXY, {"api": api, "seed": self._options.seed})
        return url

    def _events(self, name: str) -> str:
        return str(self._folder / f"{name}.events.jsonl")

    def _region_config(self, region: str) -> dict[str, Any]:
        commits = str(self._folder / f"{region}.commits.jsonl")
        return {"region": region, "listen": ["127.0.0.1", 0], "commit_log": commits}

    def _control_config(self) -> dict[str, Any]:
        return {"region": self._environment.control_region, "role": "control-plane", "listen": ["127.0.0.1", 0]}

    def _balancer_config(self, region: str) -> dict[str, Any]:
        spec = self._environment.load_balancer
        return {
            "region": region,
            "listen": ["127.0.0.1", 0],
            "admin": ["127.0.0.1", 0],
            "interval_s": self._timing.interval_s(spec.interval_s),
            "timeout_s": self._timing.timeout_s(spec.timeout_s),
            "healthy_threshold": spec.healthy_threshold,
            "unhealthy_threshold": spec.unhealthy_threshold,
            "response_timeout_s": self._timing.timeout_s(spec.response_timeout_s),
            "events": self._events(f"lb.{region}"),
        }

    def _gateway_config(self, listening: Mapping[str, Address]) -> dict[str, Any]:
        instances = self._options.subject.instances(self._environment)
        return {
            "admin": ["127.0.0.1", 0],
            "listeners": [
                {
                    "instance": instance.name,
                    "region": self._environment.primary.name if instance.place == "outside" else instance.place,
                    "listen": ["127.0.0.1", 0],
                    "routes": gateway_routes(self._environment, instance.name, listening),
                }
                for instance in instances
            ],
        }

    def _route53_config(
        self,
        edges: Mapping[str, EdgeAddress],
        listening: Mapping[str, Address],
        balancers: Mapping[str, AdminClient],
        control_plane: AdminClient,
    ) -> dict[str, Any]:
        return {
            "control_plane": list(control_plane.address),
            "dns": ["127.0.0.1", self._environment.edge.dns_port],
            "admin": ["127.0.0.1", 0],
            "address_book": {
                edge.answered: list(listening[link_name(CHECKERS, region, HTTP)]) for region, edge in edges.items()
            },
            "load_balancers": {
                balancer_dns_name(region): {"address": edges[region].answered, "admin": list(admin.address)}
                for region, admin in balancers.items()
            },
            "regions": {edge.answered: region for region, edge in edges.items()},
            "watch": [self._environment.edge.record],
            "checkers": self._environment.health_checks.checkers,
            "scale": self._timing.scale,
            "seed": self._options.seed,
            "events": self._events("route53"),
        }

    def _set_targets(self, balancers: Mapping[str, AdminClient], listening: Mapping[str, Address]) -> None:
        application = self._options.subject.application
        for region, admin in balancers.items():
            name = instance_name(application.name, region)
            address = list(listening[link_name(balancer_name(region), name, HTTP)])
            target = {"id": name, "address": address, "health_path": application.health}
            admin.post("/targets", {"targets": [target]})

    def _witness_config(
        self, edges: Mapping[str, EdgeAddress], edge_port: int, listening: Mapping[str, Address], dns: Address
    ) -> dict[str, Any]:
        workload = self._environment.workload
        other = {"clients": 1, "period_s": workload.other_period_s}
        cohorts: dict[str, dict[str, float]] = {name: dict(other) for name in _OTHERS}
        cohorts["ttl-violating"] = {**other, "min_ttl_s": 5 * self._timing.interval_s(self._environment.edge.ttl_s)}
        period_s = 2 * workload.dns_clients / workload.rate_per_s
        cohorts["dns"] = {"clients": workload.dns_clients, "period_s": period_s}
        mapping = self._options.subject.workload.model_dump(exclude_none=True)
        return {
            "history": str(self._folder / "witness.events.jsonl"),
            "dns": list(dns),
            "record": self._environment.edge.record,
            "port": edge_port,
            "address_book": {
                edge.answered: list(listening[link_name("clients", region, HTTP)]) for region, edge in edges.items()
            },
            "edges": {region: edge.answered for region, edge in edges.items()},
            "cohorts": cohorts,
            "workload": mapping,
            "timeout_s": workload.timeout_s,
            "canaries": canaries(self._options, listening),
            "seed": self._options.seed,
        }


def edge_calls(options: RunOptions, edges: Mapping[str, Address], control_plane: Address) -> None:
    """Zone, health checks and records, by plain Route 53 calls. edges: region -> answered address and port."""
    from harness.engines.aws.clients import RegionClients  # boto3: imported while the region servers warm up

    route53 = RegionClients(options.environment.control_region, control_plane).client("route53")
    create_edge(route53, options.environment, edges, options.subject.application.edge_health_path)
    route53.close()


def canaries(options: RunOptions, listening: Mapping[str, Address]) -> list[dict[str, Any]]:
    """The witness's own probes beside the links that faults hit."""
    path, host = options.subject.application.health, options.environment.edge.record
    found: list[dict[str, Any]] = []
    for name, address in listening.items():
        if name.partition("->")[0].partition(".")[0] != CANARY:
            continue
        probe: dict[str, Any] = {"link": name, "address": list(address)}
        if name.endswith(f":{HTTP}"):
            found.append({**probe, "kind": "http", "path": path, "host": host})
        else:
            found.append({**probe, "kind": "dynamodb"})
    return found


def _listen(edge: EdgeAddress, place: int, port: int) -> Address:
    """Where the clients' link of a region listens; regions that share a host get neighbouring ports."""
    return edge.host, port if edge.host == edge.answered else port + place


def _ready(process: ServerProcess, key: str) -> Address:
    host, port = process.ready(READY_TIMEOUT_S)[key]
    return str(host), int(port)
