"""Worlds in fast forward for whole pytest sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.backends.backend_agg
import matplotlib.backends.backend_svg
import pytest
from own_project import FEATURE
from simulated_backend import SimulatedBackend, Story

import harness.reporting.filing
from harness.live import backend as live_world
from harness.live import ground

# An inner session forgets what was imported during it, which numpy does not survive; so the heavy half comes first.
assert matplotlib.backends.backend_agg
assert matplotlib.backends.backend_svg
assert harness.reporting.filing


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], list[SimulatedBackend]]:
    """Sessions get simulated worlds that follow a story; returns the worlds that were started."""

    def install(story: Story) -> list[SimulatedBackend]:
        started: list[SimulatedBackend] = []

        def start(options: Any, servers: Any) -> SimulatedBackend:
            started.append(SimulatedBackend(story, options))
            return started[-1]

        monkeypatch.setattr(live_world, "LiveWorld", start)
        monkeypatch.setattr(ground, "warm", lambda stack, options: None)
        return started

    return install


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's project; pytester puts modules and the working directory back after it."""
    monkeypatch.setenv("COLUMNS", "200")
    pytester.makefile(".feature", mine=FEATURE)
    return pytester.path
