"""Run a third party by hand: `python -m harness.parts.commerce.third_party --config '{"system": "erp", ...}'`.

Prints where it is called and where its admin port listens as one line of JSON, then serves until Ctrl-C. See
docs/THIRD_PARTIES.md for the configuration.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from harness.kit.command_line import command_line
from harness.parts.commerce.third_party.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 after a signal, 3 when the configuration or an address is wrong."""
    return command_line(serve, "harness.parts.commerce.third_party", "the system of a third party", arguments)


if __name__ == "__main__":
    sys.exit(main())
