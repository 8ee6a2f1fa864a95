"""What plain pytest prints of its drills, after its own summary."""

from __future__ import annotations

from typing import Any

import pytest

from harness.pytest_plugin.session import begun_session


def summarise(config: pytest.Config, reporter: Any) -> None:
    """The table of a session's drills, with their verdicts and the report's path; nothing where there is nothing to
    tell, or somebody else tells it."""
    session = begun_session(config)
    if session is None or session.host is not None or session.part is not None:
        return
    if not (session.run.drills or session.run.not_measured):
        return
    from harness.reporting.summary import plain_text

    reporter.section("drills")
    reporter.write_line(plain_text(session.result(), session.run.folder))
