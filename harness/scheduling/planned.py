"""The moments at which a cron expression is due, in a time zone, and which of them nobody ran. Pure.

A minute is due when the wall clock of the zone shows it. What the clock leaps over in spring is not due on that day;
what it shows twice in autumn is due the first time, or both times where the expression is due in every hour: cron
programs agree that there is a run then, and differ in all else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from harness.scheduling.cron_expression import Expression

EARLY = timedelta(seconds=30)
"""A job may begin so long before its minute, by the clock of whoever starts it."""
_DAYS_LOOKED_AT = 366 * 9
"""A 29th of February comes within eight years; within nine, whatever the century does."""
_DAY = timedelta(days=1)


def after(expression: Expression, zone: tzinfo, moment: datetime) -> Iterator[datetime]:
    """All due moments later than a moment, in order, as UTC; they end where nothing is due for nine years."""
    start = moment.astimezone(zone).date() - _DAY  # zones that leap over midnight
    last_due = start
    day = start
    while day - last_due < timedelta(days=_DAYS_LOOKED_AT) and day < date.max - _DAY:
        for due in _on(expression, zone, day):
            if due > moment:
                last_due = day
                yield due
        day += _DAY


def before(expression: Expression, zone: tzinfo, moment: datetime, until: datetime) -> datetime | None:
    """The last due moment that is not later than a moment, and later than `until`; None when there is none."""
    day, last = moment.astimezone(zone).date() + _DAY, until.astimezone(zone).date() - _DAY
    looked_at = 0
    while day >= last and looked_at < _DAYS_LOOKED_AT:
        found = [due for due in _on(expression, zone, day) if until < due <= moment]
        if found:
            return found[-1]
        day -= _DAY
        looked_at += 1
    return None


def _on(expression: Expression, zone: tzinfo, day: date) -> list[datetime]:
    if not expression.due_on(day.month, day.day, day.isoweekday() % 7):
        return []
    found = set()
    for hour in expression.hours:
        for minute in expression.minutes:
            wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
            moment = wall.astimezone(UTC)
            if moment.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
                continue  # the clock leaps over it
            found.add(moment)
            again = wall.replace(fold=1).astimezone(UTC)
            if expression.every_hour and again.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
                found.add(again)
    return sorted(found)


@dataclass(frozen=True)
class Missed:
    """Due moments without a run: the first ones, oldest first, and how many there were. capped: at least so many."""

    first: tuple[datetime, ...] = ()
    count: int = 0
    capped: bool = False


SHOWN, COUNTED = 20, 1000
NONE_MISSED = Missed()


def covered(expression: Expression, zone: tzinfo, began: datetime, since: datetime, late: timedelta) -> datetime | None:
    """The due moment that a run which began then is the run of; None for one that somebody started between times.

    since: what was due until then has been accounted for. late: how long after its moment a run may begin.
    """
    due = before(expression, zone, began + EARLY, since)
    return due if due is not None and began - due <= late else None


def missed(
    expression: Expression, zone: tzinfo, since: datetime, until: datetime, runs: Iterable[datetime] = ()
) -> Missed:
    """What was due later than `since` and before `until`, and has no run. runs: due moments that have one."""
    had, count = frozenset(runs), 0
    first: list[datetime] = []
    for due in after(expression, zone, since):
        if due >= until or count >= COUNTED:
            return Missed(tuple(first), count, due < until)
        if due not in had:
            count += 1
            if len(first) < SHOWN:
                first.append(due)
    return Missed(tuple(first), count)
