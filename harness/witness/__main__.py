"""Run the witness by hand: `python -m harness.witness --config FILE_OR_JSON`. Its admin interface starts it."""

import sys

from harness.kit.command_line import command_line
from harness.witness.process import serve

if __name__ == "__main__":
    sys.exit(command_line(serve, "harness.witness", "Clients of the application, and what they saw."))
