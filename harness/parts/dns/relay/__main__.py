"""Run the way to DNS by hand: `python -m harness.parts.dns.relay --config '{"upstream": ["127.0.0.1", 5300]}'`.

Prints where each link and the admin port listen as one line of JSON, then serves until Ctrl-C. See docs/DNS.md for the
configuration.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from harness.kit.command_line import CONFIG_HELP, load_config, serve_by_hand
from harness.parts.dns.relay.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 after a signal, 3 when the configuration or an address is wrong."""
    parser = argparse.ArgumentParser(prog="python -m harness.parts.dns.relay", description="resolvers and links of DNS")
    parser.add_argument("--config", required=True, help=CONFIG_HELP)
    options = parser.parse_args(arguments)
    return serve_by_hand(serve, lambda: load_config(options.config))


if __name__ == "__main__":
    sys.exit(main())
