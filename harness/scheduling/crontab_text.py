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
    if "\\" in shell:
        raise InputError("a line of a crontab cannot hold a backslash: cron programs differ in what they make of it")
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
    lines = (table if table.endswith("\n") else f"{table}\n").split("\n")[:-1]  # cron knows no other end of a line
    rest = "".join(f"{one}\n" for one in lines if one != line)
    return rest if table.endswith("\n") else rest.removesuffix("\n")


def has_line(table: str, line: str) -> bool:
    """Whether it is in there."""
    return line in table.split("\n")
