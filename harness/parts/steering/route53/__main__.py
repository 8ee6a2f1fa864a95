"""Run the Route 53 data plane by hand: `python -m harness.parts.steering.route53 --config FILE_OR_JSON`.

Prints where it listens as one line of JSON, then serves until Ctrl-C. See docs/ROUTE53.md for the configuration.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from harness.kit.command_line import CONFIG_HELP, load_config, serve_by_hand
from harness.parts.steering.route53.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 after a signal, 3 when the configuration or an address is wrong."""
    parser = argparse.ArgumentParser(prog="python -m harness.parts.steering.route53", description="Route 53 data plane")
    parser.add_argument("--config", required=True, help=CONFIG_HELP)
    parser.add_argument("--dns", metavar="HOST:PORT", help="where to answer DNS, instead of the configuration's `dns`")
    options = parser.parse_args(arguments)

    def config() -> Mapping[str, Any]:
        given = load_config(options.config)
        if options.dns:
            host, _, port = options.dns.rpartition(":")
            given["dns"] = [host, int(port) if port.isdigit() else port]
        return given

    return serve_by_hand(serve, config)


if __name__ == "__main__":
    sys.exit(main())
