"""systemd units as text: a service, and the timer that starts it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import InputError
from harness.scheduling.cron_expression import DAYS, Expression

_ALL = {"minutes": 60, "hours": 24, "days_of_month": 31, "months": 12, "days_of_week": 7}


def calendar(expression: Expression, zone: str) -> list[str]:
    """OnCalendar's values for an expression: two where either of the days is enough, for systemd wants both."""
    months = _numbers(expression.months, _ALL["months"])
    where = "" if zone.startswith("/") else f" {zone}"  # a zone without a name is this machine's own
    hours, minutes = _numbers(expression.hours, _ALL["hours"]), _numbers(expression.minutes, _ALL["minutes"])
    clock = f"{hours}:{minutes}:00{where}"
    by_month = f"*-{months}-{_numbers(expression.days_of_month, _ALL['days_of_month'])} {clock}"
    names = [DAYS[day].capitalize() for day in sorted(expression.days_of_week, key=lambda day: (day - 1) % 7)]
    by_week = f"{','.join(names)} *-{months}-* {clock}"
    if expression.any_day_of_week:
        return [by_month]
    return [by_week] if expression.any_day_of_month else [by_month, by_week]


def service(name: str, command: Sequence[str], stop_within_s: int) -> str:
    """The unit of one run. What it prints is in the journal; it is given time to heal when it is stopped."""
    return "\n".join(
        (
            "[Unit]",
            f"Description=Scheduled disaster-recovery drill {name}",
            "",
            "[Service]",
            "Type=oneshot",
            f"ExecStart={' '.join(map(quoted, command))}",
            "KillMode=mixed",
            f"TimeoutStopSec={stop_within_s}",
            "",
        )
    )


def timer(name: str, calendars: Sequence[str], service_name: str) -> str:
    """The unit that starts it. What is missed while the machine is off is told by the next run, not made up for."""
    return "\n".join(
        (
            "[Unit]",
            f"Description=When the disaster-recovery drill {name} runs",
            "",
            "[Timer]",
            *(f"OnCalendar={one}" for one in calendars),
            "AccuracySec=1s",
            "Persistent=false",
            f"Unit={service_name}",
            "",
            "[Install]",
            "WantedBy=timers.target",
            "",
        )
    )


def quoted(argument: str) -> str:
    """One argument of ExecStart, in which nothing is replaced. Raises InputError."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in argument):
        raise InputError("a unit of systemd cannot hold a newline or another control character")
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _numbers(numbers: frozenset[int], whole: int) -> str:
    if len(numbers) == whole:
        return "*"
    return ",".join(f"{number:02d}" for number in sorted(numbers))
