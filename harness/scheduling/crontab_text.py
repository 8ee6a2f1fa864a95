"""Crontabs as text: the line of a schedule put in, found, and taken out; all else stays as it is, to the byte. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from harness.errors import InputError

LONGEST_LINE = 990
"""Cron programs read lines of a thousand characters."""


def line_for(times: str, command: Sequence[str], mark: str) -> str:
    """The line of a job. mark: a comment at its end, by which people know it. Raises InputError.

    A percent sign would end the command, so it is escaped; cron takes the backslash away again. Nothing but the job's
    own output goes to the mailbox: it prints only what went wrong.
    """
    shell = " ".join(shlex.quote(part) for part in command)
    line = f"{times} {shell} # {mark}".replace("%", "\\%")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in line):
        raise InputError("a line of a crontab cannot hold a newline or another control character")
    if len(line.encode("utf-8", "surrogateescape")) > LONGEST_LINE:
        raise InputError(
            f"the crontab's line would be longer than {LONGEST_LINE} bytes: set DRILL_STATE to a shorter path"
        )
    return line


def with_line(table: str, line: str) -> str:
    """The table with the line at its end."""
    return f"{table}{'' if not table or table.endswith(chr(10)) else chr(10)}{line}\n"


def without_line(table: str, line: str) -> str:
    """The table without it."""
    return "".join(one for one in table.splitlines(keepends=True) if one.rstrip("\n") != line)


def has_line(table: str, line: str) -> bool:
    """Whether it is in there."""
    return line in table.split("\n")
