"""What `drill schedule` shows: what would be installed, the list, one schedule, and what would be removed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli.schedule_options import command_line
from harness.clock import wall_time
from harness.errors import InputError
from harness.reporting.wording import clean, one_line
from harness.scheduling import installing, planned
from harness.scheduling.installing import Piece
from harness.scheduling.message import missed_sentence
from harness.scheduling.notifying import shown
from harness.scheduling.planned import NONE_MISSED, Missed
from harness.scheduling.record import Began, Ended, Overlap, State
from harness.scheduling.schedule import Installed, Schedule, moment
from harness.scheduling.store import Store

_NEXT, _RUNS_SHOWN = 3, 10


def show_plan(schedule: Schedule, pieces: list[Piece], store: Store, console: Console) -> None:
    """What `add` is about to do."""
    _show_what(schedule, console)
    console.print(Text(f"\nkept in {store.folder(schedule.name)}"), soft_wrap=True)
    for piece in pieces:
        console.print(Text(f"\n{'added to' if piece.is_line else 'written to'} {clean(piece.path)}:"), soft_wrap=True)
        for line in piece.text.splitlines():
            console.print(Text(f"  {clean(line)}"), soft_wrap=True)


def show_list(store: Store, console: Console) -> None:
    """All schedules, a line each, and what is wrong with them below."""
    names = store.names()
    if not names:
        console.print(Text(f"there are no schedules (they would be kept in {store.root})"), soft_wrap=True)
        return
    table = Table("schedule", "on", "at", "next", "last run", "verdict", box=None, pad_edge=False)
    below: list[str] = []
    for name in names:
        try:
            schedule = store.read(name)
            row, sentences = _row(schedule, store)
        except InputError as error:
            row, sentences = (name, "?", "?", "?", "?", "?"), [str(error)]
        table.add_row(*(Text(one_line(cell)) for cell in row))
        below += [f"{name}: {sentence}" for sentence in sentences]
    console.print(table)
    for sentence in below:
        console.print(Text(one_line(sentence, 500)), soft_wrap=True)


def show_one(schedule: Schedule, store: Store, console: Console) -> None:
    """Everything of one schedule, but for what only its owner should know."""
    _show_what(schedule, console)
    for what in places_of(schedule.installed):
        console.print(Text(f"installed: {clean(what)}"), soft_wrap=True)
    console.print(Text(f"kept in {store.folder(schedule.name)}"), soft_wrap=True)
    row, sentences = _row(schedule, store)
    console.print(Text(f"last run: {row[4]} {row[5]}"), soft_wrap=True)
    for sentence in sentences:
        console.print(Text(one_line(sentence, 500)), soft_wrap=True)
    entries = store.entries(schedule.name)[-_RUNS_SHOWN:]
    if entries:
        console.print(Text("\nwhat happened, the newest last"))
    for entry in entries:
        console.print(Text(f"  {_told(entry)}"), soft_wrap=True)
    if store.output(schedule.name).exists():
        console.print(Text(f"what the last run printed: {store.output(schedule.name)}"), soft_wrap=True)


def show_removal(schedule: Schedule, store: Store, console: Console) -> None:
    """What `remove` is about to do."""
    for what in (*places_of(schedule.installed), str(store.folder(schedule.name))):
        console.print(Text(f"goes: {clean(what)}"), soft_wrap=True)
    console.print(Text(f"stays: the reports in {clean(schedule.reports)}"), soft_wrap=True)


def show_removal_of_unreadable(name: str, why: str, parts: Sequence[Installed], store: Store, console: Console) -> None:
    """The same of one whose file cannot be read; what was found of it."""
    console.print(Text(clean(why)), soft_wrap=True)
    places = [place for part in parts for place in places_of(part)]
    for what in (*places, str(store.folder(name))):
        console.print(Text(f"goes: {clean(what)}"), soft_wrap=True)
    hint = "the reports, and whatever was put elsewhere than the user's own crontab and units, which nothing tells now"
    console.print(Text(f"stays: {hint if not parts else 'the reports'}"), soft_wrap=True)


def missed_until_now(schedule: Schedule, state: State, now: datetime) -> Missed:
    """What was due since the last start, and has had no run in time."""
    since = state.accounted or moment(schedule.created)
    until = now - schedule.late
    return planned.missed(schedule.expression, schedule.tzinfo, since, until) if until > since else NONE_MISSED


def _show_what(schedule: Schedule, console: Console) -> None:
    zone, now = schedule.tzinfo, wall_time()
    following = islice(planned.after(schedule.expression, zone, now), _NEXT)
    times = ", ".join(f"{one.astimezone(zone):%a %Y-%m-%d %H:%M}" for one in following)
    kept = [f"the newest {schedule.keep_runs}"] if schedule.keep_runs else []
    kept += [f"those of {schedule.keep_days} days"] if schedule.keep_days else []
    lines = [
        f"{schedule.name}: {command_line(schedule)}",
        f"when: {schedule.times} ({schedule.zone}), by {schedule.where}; next: {times}",
        *([f"begins at random within {schedule.window_s} s after that"] if schedule.window_s else []),
        f"stopped after {schedule.limit_s} s; waits {schedule.wait_s} s for a run of another schedule",
        f"reports: {schedule.reports}; kept: {' and '.join(kept) or 'all'}",
        *(f"tells ({schedule.notify}): {shown(channel)}" for channel in schedule.channels),
        *([f"runs in: {schedule.folder}"] if schedule.folder else []),
        *([f"variables from: {schedule.env_file}"] if schedule.env_file else []),
        *(f"variable: {name}={value}" for name, value in schedule.variables.items()),
    ]
    for line in lines:
        console.print(Text(one_line(line, 2000)), soft_wrap=True)


def _row(schedule: Schedule, store: Store) -> tuple[tuple[str, ...], list[str]]:
    now, state, zone = wall_time(), store.history(schedule.name), schedule.tzinfo
    following = next(islice(planned.after(schedule.expression, zone, now), 1), None)
    sentences = installing.missing(schedule)
    last, verdict = "never", "-"
    if not schedule.where.here:
        last, verdict = f"on {schedule.where}", "?"
    elif state.last is not None:
        last, verdict = _local(moment(state.last.at), schedule), state.last.verdict
        if state.last.why and verdict != "MET":
            sentences.append(f"last run: {state.last.why}")
        sentences += [f"could not be told: {text}" for text in state.last.unsent]
    if state.began is not None:
        with store.running(schedule.name) as idle:
            sentences.append(
                f"the run that began at {_local(moment(state.began.at), schedule)} was cut short"
                if idle
                else f"a run goes on since {_local(moment(state.began.at), schedule)} (pid {state.began.pid})"
            )
    if schedule.where.here:
        sentences += [
            missed_sentence(found) for found in (state.missed, missed_until_now(schedule, state, now)) if found.count
        ]
    if state.overlaps:
        sentences.append(f"{state.overlaps} planned {'run' if state.overlaps == 1 else 'runs'} overlapped with it")
    shown_next = "never" if following is None else _local(following, schedule)
    return (schedule.name, str(schedule.where), schedule.times, shown_next, last, verdict), sentences


def places_of(installed: Installed) -> list[str]:
    """What was put where, for people."""
    found = list(installed.files)
    if installed.line is not None:
        found.append(f"in {installing.crontab_of(installed).name}: {installed.line}")
    return found


def _told(entry: Began | Ended | Overlap) -> str:
    at = entry.at
    if isinstance(entry, Ended):
        told = f"; told {', '.join(entry.notified)}" if entry.notified else ""
        unsent = f"; could not be told: {'; '.join(entry.unsent)}" if entry.unsent else ""
        run = f" {entry.run_id}" if entry.run_id else ""
        removed = f"; {entry.removed} old reports removed" if entry.removed else ""
        return one_line(f"{at} {entry.verdict}{run} (exit code {entry.exit_code}){told}{unsent}{removed}", 500)
    missed = f"; {missed_sentence(entry.without_run)}" if entry.missed_count else ""
    planned_for = f", planned for {entry.planned}" if entry.planned else ", by hand"
    if isinstance(entry, Overlap):
        return one_line(f"{at} not begun{planned_for}: {entry.of} went on{missed}", 500)
    return one_line(f"{at} begins{planned_for}{missed}", 500)


def _local(at: datetime, schedule: Schedule) -> str:
    return f"{at.astimezone(schedule.tzinfo):%Y-%m-%d %H:%M}"
