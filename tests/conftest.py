"""What all tests share: an inner pytest, a world in fast forward for whoever needs whole drills, and signals."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

pytest_plugins = ["pytester"]

# The simulated backend lies beside the unit tests; plugin tests run whole sessions on it.
sys.path.insert(0, str(Path(__file__).parent / "unit"))


def pytest_configure() -> None:
    """Under `nohup`, or as a script's background job, some signals are ignored, and programs that tests start inherit
    that; but tests that send them are about programs that heed them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
