"""Leaving a process at once, although a thread may still hang in a call."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def leave(code: int = 0) -> NoReturn:
    """End the process now. The interpreter would first wait for threads whose calls have yet to time out."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
