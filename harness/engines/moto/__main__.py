"""Runs a region server by hand: `python -m harness.engines.moto --config FILE_OR_JSON`."""

import sys

from harness.engines.moto.server import serve
from harness.kit.command_line import command_line

if __name__ == "__main__":
    sys.exit(command_line(serve, "harness.engines.moto", "One region's AWS services, or the control plane."))
