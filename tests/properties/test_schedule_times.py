"""When a cron expression is due: against a walk through every minute of the clock, and against systemd's calendar."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.scheduling import planned, systemd_units
from harness.scheduling.cron_expression import Expression, parse

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
MINUTE = timedelta(minutes=1)


def field(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    part = st.one_of(
        number.map(str),
        st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}"),
        st.tuples(number, number, st.integers(1, 7)).map(lambda t: f"{min(t[:2])}-{max(t[:2])}/{t[2]}"),
    )
    return st.one_of(
        st.just("*"),
        st.integers(1, 20).map(lambda n: f"*/{min(n, most)}"),
        st.lists(part, min_size=1, max_size=3).map(",".join),
    )


@st.composite
def expressions(draw: st.DrawFn) -> str:
    parts = [draw(field(*bounds)) for bounds in ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))]
    if "*" not in (parts[2], parts[4]):
        parts[2], parts[4] = parts[2].replace("*/", "1-28/"), parts[4].replace("*/", "0-6/")
    if parts[4] == "*" and not parts[2].startswith("*"):
        parts[3] = "*"  # else there may be no such day
    return " ".join(parts)


def numbers(text: str, least: int, most: int) -> set[int]:
    """A field read in another way: by whether each number belongs to it."""
    found = set()
    for part in text.split(","):
        body, _, step = part.partition("/")
        low, _, high = body.partition("-")
        first, last = (least, most) if body == "*" else (int(low), int(high or low))
        found |= {n for n in range(least, most + 1) if first <= n <= last and (n - first) % int(step or 1) == 0}
    return found


def walked(text: str, zone: ZoneInfo, after: datetime, minutes: int) -> list[datetime]:
    """Every due minute, by looking at the wall clock at each; the second showing counts where every hour is due."""
    minute, hour, day, month, week = text.split(" ")
    hours, weekdays = numbers(hour, 0, 23), {n % 7 for n in numbers(week, 0, 7)}
    found = []
    moment = after.replace(second=0, microsecond=0)
    for _ in range(minutes):
        moment += MINUTE
        wall = moment.astimezone(zone)
        days = (wall.day in numbers(day, 1, 31), wall.isoweekday() % 7 in weekdays)
        right_day = all(days) if "*" in (day, week) else any(days)
        if (
            wall.minute in numbers(minute, 0, 59) and wall.hour in hours and wall.month in numbers(month, 1, 12)
            and right_day and (wall.fold == 0 or len(hours) == 24)
        ):  # fmt: skip
            found.append(moment)
    return found


BEGINNINGS = st.sampled_from(
    [
        datetime(2026, 3, 28, 11, 7, tzinfo=UTC),
        datetime(2026, 10, 24, 11, 7, tzinfo=UTC),
        datetime(2026, 3, 7, 20, tzinfo=UTC),
        datetime(2026, 4, 4, 3, tzinfo=UTC),
        datetime(2026, 11, 1, 0, 1, tzinfo=UTC),
        datetime(2027, 12, 31, 5, tzinfo=UTC),
        datetime(2011, 12, 29, 3, tzinfo=UTC),
        datetime(2028, 2, 28, 12, tzinfo=UTC),
    ]
)
"""Before clocks leap, go back, or leave out a whole day."""


@settings(max_examples=90, deadline=None)
@given(expressions(), st.sampled_from(ZONES), BEGINNINGS)
@example("30 2 * * *", "Europe/Berlin", datetime(2026, 3, 28, 11, tzinfo=UTC))
@example("30 2 * * *", "Europe/Berlin", datetime(2026, 10, 24, 11, tzinfo=UTC))
@example("*/20 * * * *", "Australia/Lord_Howe", datetime(2026, 4, 4, 3, tzinfo=UTC))
@example("0 0 13 * 5", "UTC", datetime(2026, 3, 7, 20, tzinfo=UTC))
def test_what_is_due_is_what_a_walk_through_every_minute_finds(text: str, zone: str, after: datetime) -> None:
    minutes = 3 * 24 * 60
    until = after + minutes * MINUTE
    expected = walked(text, ZoneInfo(zone), after, minutes)
    found = []
    for due in planned.after(parse(text), ZoneInfo(zone), after):
        if due > until:
            break
        found.append(due)
    assert found == expected
    last = planned.before(parse(text), ZoneInfo(zone), until, after)
    assert last == (expected[-1] if expected else None)


@settings(max_examples=100, deadline=None)
@given(expressions(), st.sampled_from(ZONES), BEGINNINGS, st.sets(st.integers(0, 15)))
def test_what_was_missed_is_what_was_due_and_had_no_run(text: str, zone: str, since: datetime, runs: set[int]) -> None:
    expression, place = parse(text), ZoneInfo(zone)
    due = list(islice(planned.after(expression, place, since), 16))
    until = due[-1]
    had = [due[number] for number in runs]
    found = planned.missed(expression, place, since, until, had)
    expected = [one for one in due[:-1] if one not in had]
    assert (list(found.first), found.count, found.capped) == (expected, len(expected), False)


@settings(max_examples=100, deadline=None)
@given(expressions(), st.sampled_from(ZONES), BEGINNINGS, st.integers(0, 20 * 60))
def test_a_run_counts_for_the_last_moment_that_was_due_if_it_is_not_too_late(
    text: str, zone: str, since: datetime, delay_s: int
) -> None:
    expression, place, late = parse(text), ZoneInfo(zone), timedelta(minutes=10)
    first = next(planned.after(expression, place, since))
    began = first + timedelta(seconds=delay_s)
    due = [one for one in islice(planned.after(expression, place, since), 60) if one <= began + planned.EARLY]
    covered = planned.covered(expression, place, began, since, late)
    assert covered == (due[-1] if began - due[-1] <= late else None)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu"])
@pytest.mark.parametrize(
    "text",
    ["0 3 * * *", "17 2 13 * 5", "*/20 4 * 2,6 *", "5 0 29 2 *", "0 9-17/4 * * mon-fri", "0 12 * * sun,7", "@monthly"],
)
def test_systemd_reads_the_calendar_of_a_timer_in_the_same_way(text: str, zone: str) -> None:
    """Away from the hours that a clock leaps over or shows twice, of which each program thinks otherwise."""
    expression = parse(text)
    after = datetime(2026, 4, 10, 0, 0, 30, tzinfo=UTC)
    found: set[datetime] = set()
    for calendar in systemd_units.calendar(expression, zone):
        done = subprocess.run(
            ["systemd-analyze", "calendar", "--iterations=12", f"--base-time={after:%Y-%m-%d %H:%M:%S} UTC", calendar],
            capture_output=True, text=True, check=True, env={"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        stamps = re.findall(
            r"(?:Next elapse|Iter\. #\d+|\(in UTC\)): \w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", done.stdout
        )
        found |= {datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for stamp in stamps}
    assert sorted(found)[:8] == _due(expression, zone, after, 8)


def _due(expression: Expression, zone: str, after: datetime, count: int) -> list[datetime]:
    return list(islice(planned.after(expression, ZoneInfo(zone), after), count))
