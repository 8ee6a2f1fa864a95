"""Run Akamai GTM's stand-in by hand: `python -m harness.parts.steering.akamai --config FILE_OR_JSON`.

Prints where its API, its name servers and its admin port listen as one line of JSON, then serves until Ctrl-C. See
docs/AKAMAI.md for the configuration.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from harness.kit.command_line import command_line
from harness.parts.steering.akamai.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 after a signal, 3 when the configuration or an address is wrong."""
    return command_line(serve, "harness.parts.steering.akamai", "Akamai GTM's API, agents and name servers", arguments)


if __name__ == "__main__":
    sys.exit(main())
