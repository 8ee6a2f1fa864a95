"""What the environment file says of the links' server."""

from __future__ import annotations

from typing import Literal

from harness.topology.environment import Port, Spec


class Toxiproxy(Spec):
    """Who serves the links. A server that TOXIPROXY_URL names is used in any case.

    server: `embedded`, the one of this package; `real`, Shopify's program, started by the harness: the one on the PATH
    (`toxiproxy-server`), or what `drill install toxiproxy` built.
    port: of its API; 0: the environment's `toxiproxy_port`, or any free one.
    """

    server: Literal["embedded", "real"] = "embedded"
    port: Port = 0


SPEC = Toxiproxy
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.links.toxiproxy.server"),)
