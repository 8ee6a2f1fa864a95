"""Structured log lines on standard output: one JSON object a line, for machines first."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime


def say(event: str, *, level: str = "info", **fields: object) -> None:
    """Print one line. `level` is info, warning or alert (a person is wanted); `fields` must be JSON-able."""
    line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "event": event, **fields}
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()
