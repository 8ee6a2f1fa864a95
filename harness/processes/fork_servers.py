"""The two warmed parents of a world: one holds moto, one everything that speaks on the network."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.processes.forkserver import ForkServer

REGION_SERVER = "harness.parts.regions.moto.server"
TOXIPROXY = "harness.parts.links.toxiproxy.server"
GATEWAY = "harness.parts.edge.gateway.server"
BALANCER = "harness.parts.edge.load_balancer.server"
ROUTE53 = "harness.parts.steering.route53.server"
WITNESS = "harness.witness.process"
BROWSER_PROXY = "harness.parts.edge.browser_proxy.server"

FOLDER_PREFIX = "drill-world-"


@dataclass(frozen=True)
class ForkServers:
    """aws: forks region servers and the control plane. net: forks the rest, and starts the subject's commands.

    folder: the world's own files, gone with it.
    """

    aws: ForkServer
    net: ForkServer
    folder: Path


def start_fork_servers(stack: ExitStack) -> ForkServers:
    """Start both; returns at once, while they import side by side. Leaving the stack takes everything down."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX)))
    logs = folder / "logs"
    aws = stack.enter_context(ForkServer([REGION_SERVER], logs))
    net = stack.enter_context(ForkServer([TOXIPROXY, GATEWAY, BALANCER, ROUTE53, WITNESS], logs))
    return ForkServers(aws, net, folder)
