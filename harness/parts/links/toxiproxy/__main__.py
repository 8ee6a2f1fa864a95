"""Runs the server by hand: python -m harness.parts.links.toxiproxy [--host H] [--port P] [--seed N] [--config FILE]."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from harness.kit.command_line import CONFIG_HELP, load_config, serve_by_hand
from harness.parts.links.toxiproxy.server import DEFAULT_API, serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the ready payload as one line of JSON and serve. Returns the exit code: 3 when it could not start."""
    host, port = DEFAULT_API
    parser = argparse.ArgumentParser(prog="python -m harness.parts.links.toxiproxy", description=__doc__)
    parser.add_argument("--host", default=host, help="address of the HTTP API (loopback)")
    parser.add_argument("--port", default=port, type=int, help="port of the HTTP API; 0: any free one")
    parser.add_argument("--seed", default=0, type=int, help="of all random draws")
    parser.add_argument("--config", help=f"{CONFIG_HELP}; see harness.parts.links.toxiproxy.server.ServerConfig")
    options = parser.parse_args(arguments)
    flags = {"api": [options.host, options.port], "seed": options.seed}
    return serve_by_hand(serve, lambda: flags | (load_config(options.config) if options.config is not None else {}))


if __name__ == "__main__":
    sys.exit(main())
