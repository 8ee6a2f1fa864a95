"""Runs a region server by hand: `python -m harness.parts.regions.moto --config FILE_OR_JSON`."""

import sys

from harness.kit.command_line import command_line
from harness.parts.regions.moto.server import serve

if __name__ == "__main__":
    sys.exit(command_line(serve, "harness.parts.regions.moto", "One region's AWS services, or the control plane."))
