"""What the environment file says of the links' server."""

from __future__ import annotations

from harness.topology.environment import Port, Spec


class Toxiproxy(Spec):
    """port: of the embedded server's API; 0: the environment's `toxiproxy_port`, or any free one."""

    port: Port = 0


SPEC = Toxiproxy
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.links.toxiproxy.server"),)
