"""What plain pytest prints of a session's drills, below its own summary."""

from __future__ import annotations

from typing import Any

import pytest

from harness.pytest_plugin.session import has_session, session_of


def told(config: pytest.Config) -> str:
    """The table of a session's drills, with their verdicts and the report's path; "" where there is nothing to tell."""
    session = session_of(config) if has_session(config) else None
    if session is None or not session.started or session.host is not None:
        return ""
    if not (session.run.drills or session.run.not_measured):
        return ""
    from harness.reporting.summary import plain_text

    return plain_text(session.result(), session.run.folder)


def summarise(config: pytest.Config, reporter: Any) -> None:
    """Plain pytest prints the drills' table after its own summary."""
    text = told(config)
    if text:
        reporter.section("drills")
        reporter.write_line(text)
