"""Run the way to DNS by hand: `python -m harness.parts.dns.relay --config '{"upstream": ["127.0.0.1", 5300]}'`.

Prints where each link and the admin port listen as one line of JSON, then serves until Ctrl-C. See docs/DNS.md for the
configuration.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from harness.kit.command_line import command_line
from harness.parts.dns.relay.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 after a signal, 3 when the configuration or an address is wrong."""
    return command_line(serve, "harness.parts.dns.relay", "resolvers and links of DNS", arguments)


if __name__ == "__main__":
    sys.exit(main())
