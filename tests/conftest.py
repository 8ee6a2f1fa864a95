"""What all tests share: an inner pytest, a world in fast forward for whoever needs whole drills, and signals."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent

pytest_plugins = ["pytester"]

# The simulated backend lies beside the unit tests; plugin tests run whole sessions on it. What is behind the proxies of
# a Toxiproxy lies beside the live tests.
sys.path[:0] = [str(TESTS / "unit"), str(TESTS / "live")]


# How long an example takes, or is in the making, says more of the machine than of what is tested. What fails says how
# to have it again.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("anywhere")

WORLDS = "worlds"
_LONGEST_FIRST = (WORLDS, "tests/conformance/", "tests/plugin/", "tests/live/", "tests/properties/")


class OneWorldAtATime(LoadScopeScheduling):
    """Where tests are spread over processes: two worlds at once would disturb each other's times.

    So all live tests are one after another, but for files that are marked `beside`. Files stay together, for what their
    tests share. Worlds come first, as they take longest, and small files last, so that no process waits for another.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return WORLDS if file.startswith(("tests/live/", "tests/conformance/")) and not _beside(file) else file

    def _assign_work_unit(self, node: Any) -> None:
        for start in _LONGEST_FIRST:
            if found := next((scope for scope in self.workqueue if scope.startswith(start)), None):
                self.workqueue.move_to_end(found, last=False)
                break
        super()._assign_work_unit(node)


@cache
def _beside(file: str) -> bool:
    """Whether a file's own mark says so: what spreads tests knows only their names."""
    return "pytest.mark.beside" in (TESTS.parent / file).read_text(encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneWorldAtATime:
    """What xdist asks for with any `--dist`."""
    return OneWorldAtATime(config, log)


@pytest.fixture(scope="session", autouse=True)
def own_journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a test leaves to be undone is no business of the user's own runs, nor theirs of a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRILL_STATE", str(tmp_path_factory.mktemp("journal")))
        yield


@pytest.fixture(scope="session")
def real_toxiproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Shopify's own server: what TOXIPROXY_URL names, else the program that is on the PATH or that
    `drill install toxiproxy` built."""
    from free_ports import free_port

    from harness.parts.links.toxiproxy import real_server
    from harness.parts.links.toxiproxy.client import ToxiproxyClient

    if url := os.environ.get("TOXIPROXY_URL"):
        yield url
        return
    program = real_server.program()
    if program is None:
        pytest.skip("there is no real Toxiproxy: set TOXIPROXY_URL, or run `drill install toxiproxy` (needs Go)")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (tmp_path_factory.mktemp("toxiproxy") / "log").open("w") as log:
        command = [str(program), "-host", "127.0.0.1", "-port", str(port)]
        with subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                until = time.monotonic() + 20
                while not _answers(ToxiproxyClient(url)):
                    assert process.poll() is None
                    assert time.monotonic() < until
                    time.sleep(0.02)
                yield url
            finally:
                process.terminate()


def _answers(client: Any) -> bool:
    from harness.errors import LinkError

    try:
        return bool(client.version())
    except LinkError:
        return False


def pytest_collection_finish() -> None:
    """Thousands of tests and all that they import stay: no collection of garbage looks through them again and again.

    Each session within a test, and each test that has garbage collected, would otherwise pay for them.
    """
    gc.collect()
    gc.freeze()


def pytest_configure() -> None:
    """Under `nohup`, or as a script's background job, some signals are ignored, and programs that tests start inherit
    that; but tests that send them are about programs that heed them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
