"""What people are told of a run: as data, as Slack's text, and as a mail. Pure.

What drills are called, and why they ended so, may be anybody's words: nothing of it is obeyed by whoever shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.reporting.wording import one_line
from harness.scheduling.planned import NONE_MISSED, Missed
from harness.scheduling.schedule import told
from harness.scheduling.telling import Reason

FORMAT = "drill-notification/1"
_DRILLS_SHOWN = 20
_WHY_SHOWN = 300


@dataclass(frozen=True)
class DrillSeen:
    """One drill of a run: its name, how it ended, and why."""

    name: str
    verdict: str
    why: str = ""


@dataclass(frozen=True)
class Message:
    """One notification. previous: what this channel was told before. verdict: OVERLAP where nothing was run.

    note: a sentence where there is more to say than a verdict does. report: the path of the report, on `machine`.
    """

    schedule: str
    reason: Reason
    verdict: str
    previous: str | None
    machine: str
    began: datetime
    ended: datetime
    planned: datetime | None = None
    exit_code: int | None = None
    run_id: str | None = None
    report: str | None = None
    drills: tuple[DrillSeen, ...] = ()
    missed: Missed = NONE_MISSED
    note: str = ""

    @property
    def subject(self) -> str:
        """One line."""
        changed = f" (was {self.previous})" if self.previous is not None and self.previous != self.verdict else ""
        return one_line(f"drill schedule {self.schedule}: {self.verdict}{changed}", 200)

    def lines(self) -> list[str]:
        """All else, a sentence a line."""
        found = []
        if self.reason is Reason.FIRST:
            found.append("This is the first run that is told here.")
        if self.note:
            found.append(one_line(self.note, 500))
        for drill in self.drills[:_DRILLS_SHOWN]:
            why = f": {one_line(drill.why, _WHY_SHOWN)}" if drill.why else ""
            found.append(f"{one_line(drill.verdict, 40)} {one_line(drill.name, 100)}{why}")
        if len(self.drills) > _DRILLS_SHOWN:
            found.append(f"and {len(self.drills) - _DRILLS_SHOWN} more")
        if self.missed.count:
            found.append(missed_sentence(self.missed))
        planned = "" if self.planned is None else f", planned for {told(self.planned)}"
        found.append(f"Began {told(self.began)}{planned}, ended {told(self.ended)} on {one_line(self.machine, 100)}.")
        if self.report:
            found.append(f"Report: {one_line(self.report, 500)}")
        return found

    def slack(self) -> dict[str, Any]:
        """For an incoming webhook of Slack, or of whoever takes the same form."""
        text = "\n".join((f"*{_slack(self.subject)}*", *map(_slack, self.lines())))
        return {"text": text}

    def data(self) -> dict[str, Any]:
        """For any other program."""
        return {
            "format": FORMAT,
            "schedule": self.schedule,
            "reason": self.reason.value,
            "verdict": self.verdict,
            "previous": self.previous,
            "machine": self.machine,
            "planned_at": None if self.planned is None else told(self.planned),
            "began_at": told(self.began),
            "ended_at": told(self.ended),
            "exit_code": self.exit_code,
            "run_id": self.run_id,
            "report": self.report,
            "drills": [
                {"name": one_line(d.name, 100), "verdict": one_line(d.verdict, 40), "why": one_line(d.why, _WHY_SHOWN)}
                for d in self.drills[:_DRILLS_SHOWN]
            ],
            "missed": {
                "count": self.missed.count,
                "at_least": self.missed.capped,
                "first": [told(one) for one in self.missed.first],
            },
            "note": one_line(self.note, 500),
        }


def missed_sentence(missed: Missed) -> str:
    """How many planned runs there were not, and when."""
    count = f"{'at least ' if missed.capped else ''}{missed.count}"
    shown = ", ".join(told(one) for one in missed.first[:5])
    more = ", ..." if missed.count > 5 else ""
    return (
        f"{count} planned {'run was' if missed.count == 1 and not missed.capped else 'runs were'} missed: {shown}{more}"
    )


def _slack(line: str) -> str:
    """Slack's three signs escaped; nobody is called by name."""
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
