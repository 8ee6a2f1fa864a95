"""Cron expressions of five fields: what they say, as plain sets of numbers. Pure.

`minute hour day-of-month month day-of-week`, with numbers, `*`, ranges, steps, lists, English names of months and days,
and words such as `@daily`. Where both days are given, either of them is enough, as crontab(5) has it. Cron programs
differ in what a day field that begins with `*` and has a step means beside another day field, so that is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.errors import InputError

LONGEST = 200
WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART = re.compile(
    r"(?P<star>\*)(?:/(?P<every>[0-9]{1,3}))?"
    r"|(?P<first>[0-9]{1,3}|[a-z]{3})(?:-(?P<last>[0-9]{1,3}|[a-z]{3})(?:/(?P<step>[0-9]{1,3}))?)?"
)


@dataclass(frozen=True)
class Expression:
    """When it is due, by the wall clock. days_of_week: 0 is Sunday. text: the five fields as they were written.

    A day is due by its number in the month, by its day of the week, or by either where both are restricted.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days_of_month: frozenset[int]
    months: frozenset[int]
    days_of_week: frozenset[int]
    any_day_of_month: bool
    any_day_of_week: bool

    @property
    def every_hour(self) -> bool:
        """Whether it is due in each hour of a day: then an hour that the clock goes through twice counts twice."""
        return len(self.hours) == 24

    def due_on(self, month: int, day: int, day_of_week: int) -> bool:
        """Whether a day is one of its days."""
        if month not in self.months:
            return False
        by_month, by_week = day in self.days_of_month, day_of_week in self.days_of_week
        if self.any_day_of_month or self.any_day_of_week:
            return by_month and by_week
        return by_month or by_week


def parse(text: str) -> Expression:
    """What an expression says. Raises InputError that names the field and what it takes."""
    given = " ".join(text.split())
    if len(given) > LONGEST:
        raise InputError(f"the times of a schedule must have at most {LONGEST} characters")
    written = WORDS.get(given.lower(), given)
    if written.startswith("@"):
        raise InputError(f"{given}: unknown; there are {', '.join(WORDS)}, and five fields such as `0 3 * * 1-5`")
    fields = written.split(" ")
    if len(fields) != 5:
        raise InputError(
            f"{given or 'nothing'}: must have five fields (minute hour day-of-month month day-of-week), such as "
            f"`0 3 * * 1-5`, and has {len(fields) if written else 0}"
        )
    minutes = _Field("minute", 0, 59).taken(fields[0])
    hours = _Field("hour", 0, 23).taken(fields[1])
    days_of_month = _Field("day of month", 1, 31).taken(fields[2])
    months = _Field("month", 1, 12, MONTHS, 1).taken(fields[3])
    days_of_week = frozenset(day % 7 for day in _Field("day of week", 0, 7, DAYS, 0).taken(fields[4]))
    any_day_of_month, any_day_of_week = fields[2] == "*", fields[4] == "*"
    if not any_day_of_month and not any_day_of_week and "*" in fields[2] + fields[4]:
        raise InputError(
            f"{given}: cron programs differ in what `*` with a step means where both days are given; write the days out"
        )
    if any_day_of_week and not any(day <= _DAYS_IN_MONTH[month - 1] for month in months for day in days_of_month):
        raise InputError(f"{given}: there is no such day in any year")
    return Expression(
        written.lower(), minutes, hours, days_of_month, months, days_of_week, any_day_of_month, any_day_of_week
    )


@dataclass(frozen=True)
class _Field:
    """One field: its name, its least and largest number, and the words for numbers from `names_from` on."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    names_from: int = 0

    def taken(self, text: str) -> frozenset[int]:
        """Every number that the field says."""
        found: set[int] = set()
        for part in text.lower().split(","):
            found |= self._part(part, text)
        return frozenset(found)

    def _part(self, part: str, text: str) -> set[int]:
        match = _PART.fullmatch(part)
        if match is None:
            raise self._refused(text, "must be made of numbers, *, ranges, steps and commas, such as 1-5 or */10")
        if match["star"]:
            most = 6 if self.most == 7 else self.most
            return set(range(self.least, most + 1, self._step(match["every"], text)))
        first = self._number(match["first"], text)
        last = first if match["last"] is None else self._number(match["last"], text)
        if last < first:
            raise self._refused(text, f"{first}-{last} ends before it begins")
        return set(range(first, last + 1, self._step(match["step"], text)))

    def _step(self, given: str | None, text: str) -> int:
        step = 1 if given is None else int(given)
        if not 1 <= step <= self.most:
            raise self._refused(text, f"a step must be from 1 to {self.most}")
        return step

    def _number(self, given: str, text: str) -> int:
        if given in self.names:
            return self.names.index(given) + self.names_from
        if not given.isdecimal():
            words = f", or one of {', '.join(self.names)}" if self.names else ""
            raise self._refused(text, f"{given} is no number{words}")
        number = int(given)
        if not self.least <= number <= self.most:
            raise self._refused(text, f"must be from {self.least} to {self.most}, not {number}")
        return number

    def _refused(self, text: str, why: str) -> InputError:
        return InputError(f"{self.name} {text}: {why}")
