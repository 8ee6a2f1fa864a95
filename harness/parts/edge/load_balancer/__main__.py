"""Runs a load balancer by hand: `python -m harness.parts.edge.load_balancer --config FILE_OR_JSON`."""

import sys

from harness.kit.command_line import command_line
from harness.parts.edge.load_balancer.server import serve

if __name__ == "__main__":
    sys.exit(command_line(serve, "harness.parts.edge.load_balancer", "Balances requests over targets, as an ALB does."))
