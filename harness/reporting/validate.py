"""`python -m harness.reporting.validate RUN_JSON...`: is this evidence? Exit 0 when all are, else 3."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from harness.errors import InputError
from harness.reporting import run_json_reader


def main(arguments: Sequence[str]) -> int:
    """Check each file; print one line per file or problem."""
    if not arguments:
        sys.stderr.write("usage: python -m harness.reporting.validate RUN_JSON...\n")
        return 3
    code = 0
    for name in arguments:
        try:
            run = run_json_reader.load(Path(name))
        except InputError as error:
            sys.stderr.write(f"{error}\n")
            code = 3
        else:
            sys.stdout.write(f"{name}: valid, {len(run.drills)} drill(s), verdict {run.verdict}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
