"""Runs a load balancer by hand: `python -m harness.emulators.load_balancer --config FILE_OR_JSON`."""

import sys

from harness.emulators.http_process import command_line
from harness.emulators.load_balancer.server import serve

if __name__ == "__main__":
    sys.exit(command_line(serve, "harness.emulators.load_balancer", "Balances requests over targets, as an ALB does."))
