"""What all tests share: an inner pytest, a world in fast forward for whoever needs whole drills, and signals."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

pytest_plugins = ["pytester"]

# The simulated backend lies beside the unit tests; plugin tests run whole sessions on it.
sys.path.insert(0, str(TESTS / "unit"))


LIVE = {"live", "conformance"}
"""Folders whose tests start worlds, or parts of one."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Where tests are spread over processes, worlds run one at a time: two of them would disturb each other's times.

    All other files stay together, for what their tests share.
    """
    folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
    item.add_marker(pytest.mark.xdist_group("worlds" if folder in LIVE else str(item.path)))


def pytest_configure() -> None:
    """Under `nohup`, or as a script's background job, some signals are ignored, and programs that tests start inherit
    that; but tests that send them are about programs that heed them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
