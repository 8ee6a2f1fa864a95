"""Which reports of a schedule are kept: the newest so many, and those of the last so many days. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{1,10}")


@dataclass(frozen=True)
class FiledRun:
    """A folder of reports. mine: it has this schedule's own mark, and it is a folder itself and no link to one."""

    name: str
    began: datetime
    mine: bool


def is_run_id(name: str) -> bool:
    """Whether a folder is called as runs are."""
    return _RUN_ID.fullmatch(name) is not None


def superfluous(
    runs: Iterable[FiledRun],
    keep_runs: int | None,
    keep_days: int | None,
    now: datetime,
    spared: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """The names of those that go, oldest first. spared: stay in any case, as what `latest` leads to does.

    A run stays when either rule keeps it; the newest one always does. Without a rule all stay.
    """
    if keep_runs is None and keep_days is None:
        return ()
    mine = sorted((run for run in runs if run.mine and is_run_id(run.name)), key=lambda run: (run.began, run.name))
    newest = {run.name for run in mine[-max(keep_runs or 1, 1) :]}
    young = set() if keep_days is None else {run.name for run in mine if now - run.began < timedelta(days=keep_days)}
    return tuple(run.name for run in mine if run.name not in newest | young | spared)
