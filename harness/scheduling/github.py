"""A GitHub Actions workflow for a schedule, which takes the schedule's own file from the repository. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.scheduling.kubernetes import exported, variables_of
from harness.scheduling.schedule import Schedule
from harness.scheduling.yaml_text import document
from harness.storable_text import json_text

STATE = ".drill-schedule"
_LONGEST_MINUTES = 360
_SPARE_MINUTES = 15
_ARTIFACT_DAYS_MAX = 90


@dataclass(frozen=True)
class Actions:
    """setup: the command that installs `drill`. runner: on which the job runs."""

    setup: str = "pip install drill-harness"
    runner: str = "ubuntu-latest"


def workflow_path(schedule: Schedule) -> str:
    """Where GitHub looks for it, from the top of the repository."""
    return f".github/workflows/drill-{schedule.name}.yml"


def file_path(schedule: Schedule) -> str:
    """Where the schedule's own file is."""
    return f".github/drill/{schedule.name}.json"


def file_text(schedule: Schedule) -> str:
    """The schedule's own file."""
    return json_text(exported(schedule), indent=2) + "\n"


def workflow(schedule: Schedule, actions: Actions) -> str:
    """The workflow. What the run before found is kept in a cache, so that a change of verdict is seen."""
    name = f"drill-{schedule.name}"
    minutes = math.ceil((schedule.window_s + schedule.limit_s) / 60) + _SPARE_MINUTES
    kept = f"{STATE}-{schedule.name}-"
    run = {
        "name": "Run the drill",
        "run": f"drill schedule run --file={file_path(schedule)} --state={STATE}",
        **({"env": {one: f"${{{{ secrets.{one} }}}}" for one in names}} if (names := variables_of(schedule)) else {}),
    }
    body = {
        "name": name,
        "on": {"schedule": [{"cron": schedule.times}], "workflow_dispatch": {}},
        "permissions": {"contents": "read"},
        "concurrency": {"group": name, "cancel-in-progress": False},
        "jobs": {
            "drill": {
                "runs-on": actions.runner,
                "timeout-minutes": min(minutes, _LONGEST_MINUTES),
                "steps": [
                    {"uses": "actions/checkout@v4"},
                    {"uses": "actions/setup-python@v5", "with": {"python-version": "3.11"}},
                    {"name": "Install", "run": actions.setup},
                    {
                        "name": "What earlier runs found",
                        "uses": "actions/cache@v4",
                        "with": {"path": STATE, "key": f"{kept}${{{{ github.run_id }}}}", "restore-keys": kept},
                    },
                    run,
                    {
                        "name": "Keep the evidence",
                        "if": "always()",
                        "uses": "actions/upload-artifact@v4",
                        "with": {
                            "name": f"{name}-reports",
                            "path": schedule.reports,
                            "if-no-files-found": "ignore",
                            "retention-days": min(schedule.keep_days or _ARTIFACT_DAYS_MAX, _ARTIFACT_DAYS_MAX),
                        },
                    },
                ],
            }
        },
    }
    comment = (
        f"Scheduled disaster-recovery drill {schedule.name}, made by `drill schedule add`.",
        f"Commit it with {file_path(schedule)}. When GitHub is busy it starts scheduled workflows late, or not at all.",
    )
    return document(body, comment)
