"""Run Cloudflare's process by hand: `python -m harness.parts.steering.cloudflare --config FILE_OR_JSON`.

Prints where it listens as one line of JSON, then serves until Ctrl-C. See docs/CLOUDFLARE.md for the configuration.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from harness.kit.command_line import command_line
from harness.parts.steering.cloudflare.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 after a signal, 3 when the configuration or an address is wrong."""
    return command_line(serve, "harness.parts.steering.cloudflare", "Cloudflare", arguments)


if __name__ == "__main__":
    sys.exit(main())
