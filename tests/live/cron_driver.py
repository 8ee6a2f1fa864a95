"""Cron as far as a job sees it: a crontab program with a table of its own, and jobs run by sh in a poor environment."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = """\
    #!{python}
    import pathlib, sys
    table = pathlib.Path({table!r})
    if sys.argv[1] == "-l":
        if not table.exists():
            sys.exit("no crontab for tester")
        sys.stdout.buffer.write(table.read_bytes())
    elif sys.argv[1] == "-r":
        table.unlink()
    elif sys.argv[1] == "-":
        table.write_bytes(sys.stdin.buffer.read())
"""
_FIELDS = re.compile(r"^((?:\S+\s+){5})(.*)$")


@dataclass(frozen=True)
class CronJob:
    """One line. times: its five fields. command: what the shell gets."""

    times: str
    command: str


class Cron:
    """A user's cron below a folder: `program` is what DRILL_CRONTAB names, `home` where jobs run."""

    def __init__(self, folder: Path) -> None:
        self.table, self.program, self.home = folder / "table", folder / "crontab", folder / "home"
        self.home.mkdir()
        self.program.write_text(textwrap.dedent(_PROGRAM).format(python=sys.executable, table=str(self.table)))
        self.program.chmod(0o755)

    def jobs(self) -> list[CronJob]:
        """The jobs of the table, as crontab(5) reads it: a bare percent sign ends a command, a backslash saves one."""
        found = []
        for line in self.table.read_text().splitlines():
            match = _FIELDS.match(line)
            if match is None or line.startswith("#"):
                continue
            command, *_ = re.split(r"(?<!\\)%", match[2])
            found.append(CronJob(match[1].strip(), command.replace("\\%", "%")))
        return found

    def start(self, job: CronJob) -> subprocess.Popen[str]:
        """Start a job as cron does, and keep what it would send by mail."""
        environment = {"HOME": str(self.home), "LOGNAME": "tester", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
        return subprocess.Popen(
            ["/bin/sh", "-c", job.command],
            cwd=self.home, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def run(self, job: CronJob, timeout_s: float = 100) -> tuple[int, str]:
        """The same to its end: exit code, and the mail."""
        with self.start(job) as process:
            mail, _ = process.communicate(timeout=timeout_s)
        return process.returncode, mail
