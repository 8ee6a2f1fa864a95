"""Runs the gateway by hand: `python -m harness.parts.edge.gateway --config FILE_OR_JSON`."""

import sys

from harness.kit.command_line import command_line
from harness.parts.edge.gateway.server import serve

if __name__ == "__main__":
    sys.exit(command_line(serve, "harness.parts.edge.gateway", "Routes AWS calls by the region they are signed for."))
