"""Runs a drill's test again where it ended INVALID: a test of its own for each attempt, with fresh fixtures.

To pytest an attempt that is followed by another one has the outcome `rerun`: it is no failure, and it is shown.
"""

from __future__ import annotations

from typing import Any

import pytest
from _pytest.runner import call_and_report  # what `pytest_runtest_protocol` is made of has no other name

from harness.drill.attempts import runs_again
from harness.pytest_plugin.scenarios import is_drill, template_of
from harness.pytest_plugin.session import SHOWN, DrillSession, session_of

RERUN = "rerun"


def run(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """In place of pytest's own protocol, for drills, where they may run again; None leaves it to pytest."""
    template = template_of(getattr(item, "obj", None))
    if template is None or not is_drill(template) or not isinstance(item, pytest.Function):
        return None
    session = session_of(item.config)
    if session.options.rerun_invalid == 0:
        return None
    session.attempts.end()
    attempt: pytest.Function | None = item
    try:
        while attempt is not None:
            attempt = _attempted(attempt, nextitem, session)
    finally:
        session.attempts.broken_off(session.run.drills if session.started else [])
    return True


def _attempted(item: pytest.Function, nextitem: pytest.Item | None, session: DrillSession) -> pytest.Function | None:
    """One attempt, as pytest would run a test; the next one, where there must be one."""
    hooks = item.ihook
    hooks.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    following: pytest.Function | None = None
    filed = len(session.run.drills) if session.started else 0
    reports = [call_and_report(item, "setup")]
    if reports[0].passed and not item.config.getoption("setuponly", False):
        reports.append(call_and_report(item, "call", log=False))
        ended = session.started and len(session.run.drills) > filed
        stopping = item.session.shouldfail or item.session.shouldstop
        if ended and not stopping and runs_again(session.run.drills[-1], session.options.rerun_invalid):
            session.attempts.put_aside(session.run.drills)
            following = _another(item)
            reports[-1].outcome = RERUN  # type: ignore[assignment]
        else:
            session.attempts.end()
        hooks.pytest_runtest_logreport(report=reports[-1])
    stopping = item.session.shouldfail or item.session.shouldstop
    call_and_report(item, "teardown", nextitem=following or (None if stopping else nextitem))
    hooks.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    item.funcargs = {}  # as pytest does: what its fixtures gave is not held on to
    return following


def _another(item: pytest.Function) -> pytest.Function:
    """The same test once more: a neighbour, so that what its module and session have stays up in between."""
    callspec: Any = getattr(item, "callspec", None)
    twin: pytest.Function = type(item).from_parent(
        item.parent,
        name=item.name,
        callspec=callspec,
        callobj=item.obj,
        fixtureinfo=item._fixtureinfo,
        originalname=item.originalname,
    )
    twin.own_markers[:] = item.own_markers
    twin.keywords.update(item.keywords)
    if SHOWN in item.stash:
        twin.stash[SHOWN] = item.stash[SHOWN]
    return twin


def status(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """How pytest shows an attempt that is followed by another one."""
    if getattr(report, "outcome", None) == RERUN:
        return RERUN, "R", ("INVALID, AGAIN", {"yellow": True})
    return None
