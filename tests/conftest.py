"""What all tests share: an inner pytest, a world in fast forward for whoever needs whole drills, and signals."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent

pytest_plugins = ["pytester"]

# The simulated backend lies beside the unit tests; plugin tests run whole sessions on it.
sys.path.insert(0, str(TESTS / "unit"))


class OneWorldAtATime(LoadScopeScheduling):
    """Where tests are spread over processes: two worlds at once would disturb each other's times.

    All other files stay together, for what their tests share.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "worlds" if file.startswith(("tests/live/", "tests/conformance/")) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneWorldAtATime:
    """What xdist asks for with any `--dist`."""
    return OneWorldAtATime(config, log)


def pytest_configure() -> None:
    """Under `nohup`, or as a script's background job, some signals are ignored, and programs that tests start inherit
    that; but tests that send them are about programs that heed them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
