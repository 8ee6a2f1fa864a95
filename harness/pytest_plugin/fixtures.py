"""The fixtures behind the steps: one world per session, one drill per scenario."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.drill.facade import Drill
from harness.processes.interruption import held
from harness.pytest_plugin.session import DrillSession, session_of


@pytest.fixture(scope="session")
def drill_session(request: pytest.FixtureRequest) -> Iterator[DrillSession]:
    """This session's world; it is started by the first drill, and shared by all of them."""
    session = session_of(request.config)
    session.pytest_session = request.session
    try:
        yield session
    finally:
        session.end_world()


@pytest.fixture
def drill(request: pytest.FixtureRequest, drill_session: DrillSession) -> Iterator[Drill]:
    """One drill, for the steps of one scenario."""
    current = drill_session.begin(request.node)
    try:
        yield current
    finally:
        with held():
            current.abandon()
        if not current.finished:
            drill_session.close_world()  # skipped or interrupted half way: no further drill may run on what is left
