"""Puts a schedule where something starts it, and takes it away again: first as pieces that can be shown."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import InputError
from harness.regular_files import open_bytes
from harness.scheduling import crontab_text, systemd_units
from harness.scheduling.child import STOP_WITHIN_S
from harness.scheduling.crontab import VARIABLE, Crontab
from harness.scheduling.github import Actions, file_path, file_text, workflow, workflow_path
from harness.scheduling.kubernetes import Cluster, manifest
from harness.scheduling.schedule import Installed, Schedule, Where, program
from harness.storable_text import write_text

_SYSTEMCTL_TIMEOUT_S = 30
WANTS = "timers.target.wants"


@dataclass(frozen=True)
class Places:
    """Where things are put. crontab: a file instead of the user's table. units: systemd's folder of the user's units.

    output: the manifest's file. here: the top of the repository, for a workflow.
    """

    state: Path
    variables: Mapping[str, str]
    here: Path
    crontab: Path | None = None
    units: Path | None = None
    output: Path | None = None
    cluster: Cluster | None = None
    actions: Actions = field(default_factory=Actions)


@dataclass(frozen=True)
class Piece:
    """One thing that is put somewhere. text: a line of a crontab, or a whole file."""

    path: str
    text: str
    is_line: bool = False


def pieces(schedule: Schedule, places: Places) -> list[Piece]:
    """All that would be put somewhere, and nothing done yet. Raises InputError."""
    command = [*program(), "schedule", "run", schedule.name, f"--state={places.state}"]
    if schedule.where is Where.CRON:
        quiet = [*command, "--quiet"]  # what is printed comes by mail
        line = crontab_text.line_for(schedule.times, quiet, f"drill schedule {schedule.name} {schedule.id}")
        return [Piece(Crontab(places.crontab, places.variables.get(VARIABLE)).name, line, True)]
    if schedule.where is Where.SYSTEMD:
        folder, stem = _units(places), _unit(schedule.name)
        calendars = systemd_units.calendar(schedule.expression, schedule.zone)
        return [
            Piece(
                str(folder / f"{stem}.service"), systemd_units.service(schedule.name, command, int(STOP_WITHIN_S) + 10)
            ),
            Piece(str(folder / f"{stem}.timer"), systemd_units.timer(schedule.name, calendars, f"{stem}.service")),
        ]
    if schedule.where is Where.KUBERNETES:
        if places.cluster is None:
            raise InputError("a CronJob needs an image that has `drill`: name it by --image")
        path = places.output or places.here / f"drill-{schedule.name}.cronjob.yaml"
        return [Piece(str(path.absolute()), manifest(schedule, places.cluster))]
    return [
        Piece(str(places.here / workflow_path(schedule)), workflow(schedule, places.actions)),
        Piece(str(places.here / file_path(schedule)), file_text(schedule)),
    ]


def install(schedule: Schedule, places: Places) -> tuple[Installed, list[str]]:
    """Put them there: what has to be known to undo it, and what is to be told. Raises InputError, nothing left."""
    planned = pieces(schedule, places)
    if planned[0].is_line:
        return _into_crontab(planned[0].text, places), []
    written: list[Path] = []
    made: list[Path] = []
    try:
        for piece in planned:
            path = Path(piece.path)
            if path.exists() or path.is_symlink():
                raise InputError(f"{path}: is there already, and not of this schedule; nothing was installed")
            made += _made(path.parent)
            written.append(path)
            write_text(path, piece.text)
        told: list[str] = []
        if schedule.where is Where.SYSTEMD:
            made += _made(_units(places) / WANTS)
            told = _enable(schedule, places)
    except (OSError, InputError) as error:
        for path in written:
            path.unlink(missing_ok=True)
        _leave_nothing_empty(made)
        if isinstance(error, InputError):
            raise
        raise InputError(f"{planned[0].path}: cannot be written: {error.strerror}") from error
    files = {str(path): digest_of(path) or "" for path in written}
    return Installed(files=files, folders=tuple(map(str, made))), told


def missing(schedule: Schedule) -> list[str]:
    """What of it somebody else has taken away, in words."""
    installed, found = schedule.installed, []
    if installed.line is not None:
        crontab = crontab_of(installed)
        try:
            there = crontab_text.has_line(crontab.read() or "", installed.line)
        except InputError as error:
            return [str(error)]
        if not there:
            found.append(f"its line in {crontab.name} is gone")
    return found + [f"{path} is gone" for path in installed.files if not Path(path).exists()]


def uninstall(name: str, where: Where, installed: Installed) -> list[str]:
    """Take away what was put there of a schedule; sentences on what was not. Raises InputError."""
    told: list[str] = []
    if installed.line is not None:
        crontab = crontab_of(installed)
        table = crontab.read()
        if table is not None and crontab_text.has_line(table, installed.line):
            rest = crontab_text.without_line(table, installed.line)
            if rest or not installed.fresh_table:
                crontab.write(rest)
            else:
                crontab.remove()
    if where is Where.SYSTEMD and installed.files:
        _disable(name, installed)
    for file, digest in installed.files.items():
        path = Path(file)
        if where is not Where.SYSTEMD and digest_of(path) not in (None, digest):
            told.append(f"{path} has been changed since, and stays: delete it yourself")
            continue
        path.unlink(missing_ok=True)
    _leave_nothing_empty([Path(folder) for folder in installed.folders])
    if where is Where.SYSTEMD and installed.files:
        _systemctl(Path(next(iter(installed.files))).parent, ["daemon-reload"])
    return told


def crontab_of(installed: Installed) -> Crontab:
    """The table that has the line."""
    return Crontab(None if installed.table is None else Path(installed.table), installed.program)


def digest_of(path: Path) -> str | None:
    """The SHA-256 of a file; None when it cannot be read."""
    try:
        with open_bytes(path) as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


def units_folder(variables: Mapping[str, str]) -> Path:
    """Where systemd looks for units of the user's own."""
    home = variables.get("XDG_CONFIG_HOME")
    base = Path(home) if home and Path(home).is_absolute() else Path.home() / ".config"
    return base / "systemd" / "user"


def unit_files(name: str, folder: Path) -> tuple[Path, Path]:
    """The units of a schedule in systemd's folder."""
    return folder / f"{_unit(name)}.service", folder / f"{_unit(name)}.timer"


def _units(places: Places) -> Path:
    return (places.units or units_folder(places.variables)).absolute()


def _unit(name: str) -> str:
    return f"drill-schedule-{name}"


def _into_crontab(line: str, places: Places) -> Installed:
    crontab = Crontab(places.crontab, places.variables.get(VARIABLE))
    before = crontab.read()
    crontab.write(crontab_text.with_line(before or "", line))
    if not crontab_text.has_line(crontab.read() or "", line):
        raise InputError(f"{crontab.name} does not have the line, though it was taken: nothing was installed")
    table = None if places.crontab is None else str(places.crontab.absolute())
    return Installed(line=line, table=table, program=crontab.program, fresh_table=before is None)


def _enable(schedule: Schedule, places: Places) -> list[str]:
    """As `systemctl enable --now` does; the link is made by hand, so that it is there where no systemd runs, too."""
    folder, timer = _units(places), f"{_unit(schedule.name)}.timer"
    wants = folder / WANTS
    (wants / timer).symlink_to(Path("..") / timer)
    if _systemctl(folder, ["daemon-reload"]) and _systemctl(folder, ["start", timer]):
        return []
    return [f"systemctl --user cannot be asked here: the timer {timer} starts when systemd next starts for this user"]


def _disable(name: str, installed: Installed) -> None:
    folder, timer = Path(next(iter(installed.files))).parent, f"{_unit(name)}.timer"
    _systemctl(folder, ["stop", timer])
    (folder / WANTS / timer).unlink(missing_ok=True)


def _systemctl(folder: Path, arguments: Sequence[str]) -> bool:
    """Whether it did. Only for the folder that it looks at."""
    program_path = shutil.which("systemctl")
    if program_path is None or folder != units_folder(os.environ).absolute():
        return False
    try:
        done = subprocess.run(
            [program_path, "--user", *arguments], capture_output=True, timeout=_SYSTEMCTL_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _made(folder: Path) -> list[Path]:
    """Make a folder; those that were not there before, outermost first."""
    fresh = [one for one in (*reversed(folder.parents), folder) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return fresh


def _leave_nothing_empty(folders: Sequence[Path]) -> None:
    """The folders that were made, where nothing else is in them."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()
