"""Runs the proxy by hand: `python -m harness.parts.edge.browser_proxy --config FILE_OR_JSON`."""

import sys

from harness.kit.command_line import command_line
from harness.parts.edge.browser_proxy.server import serve

if __name__ == "__main__":
    sys.exit(command_line(serve, "harness.parts.edge.browser_proxy", "A forward proxy that sees what clients see."))
