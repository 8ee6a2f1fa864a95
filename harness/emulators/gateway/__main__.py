"""Runs the gateway by hand: `python -m harness.emulators.gateway --config FILE_OR_JSON`."""

import sys

from harness.emulators.gateway.server import serve
from harness.emulators.http_process import command_line

if __name__ == "__main__":
    sys.exit(command_line(serve, "harness.emulators.gateway", "Routes AWS calls by the region they are signed for."))
