"""The user's crontab, by the `crontab` program, or a file of that form."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from harness.errors import InputError
from harness.regular_files import open_bytes
from harness.reporting.wording import one_line

VARIABLE = "DRILL_CRONTAB"
"""Another program than `crontab`; it takes the same arguments."""
_LARGEST = 4 << 20
_TIMEOUT_S = 30


class Crontab:
    """One table. file: None is the user's own, which only the program may touch."""

    def __init__(self, file: Path | None, program: str | None) -> None:
        self.file = file
        self.program = os.path.abspath(program) if program and "/" in program else program or "crontab"

    @property
    def name(self) -> str:
        """For people."""
        return "your crontab" if self.file is None else str(self.file)

    def read(self) -> str | None:
        """The table; None where there is none. Raises InputError."""
        if self.file is not None:
            return self._read_file(self.file)
        done = self._ask("-l")
        if done.returncode == 0:
            return _text(done.stdout, self.name)
        said = done.stderr.decode("utf-8", "replace")
        if "no crontab" in said.lower():
            return None
        raise InputError(f"{self.program} -l failed: {one_line(said) or done.returncode}")

    def write(self, table: str) -> None:
        """Put another table in its place. Raises InputError."""
        data = table.encode("utf-8", "surrogateescape")
        if self.file is not None:
            self._write_file(self.file, data)
            return
        self._must("-", data=data)

    def remove(self) -> None:
        """There is none any more. Raises InputError."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)
        else:
            self._must("-r")

    def _read_file(self, file: Path) -> str | None:
        try:
            with open_bytes(file) as opened:
                return _text(opened.read(_LARGEST + 1), str(file))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"{file}: cannot be read: {error.strerror}") from error

    def _write_file(self, file: Path, data: bytes) -> None:
        """At once, and with the rights that it had."""
        target = file.resolve()
        draft = target.with_name(f".{target.name}.drill-{os.getpid()}")
        try:
            draft.write_bytes(data)
            draft.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o600)
            draft.replace(target)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise InputError(f"{file}: cannot be written: {error.strerror}") from error

    def _must(self, argument: str, data: bytes = b"") -> None:
        done = self._ask(argument, data)
        if done.returncode != 0:
            said = one_line(done.stderr.decode("utf-8", "replace")) or done.returncode
            raise InputError(f"{self.program} {argument} failed: {said}")

    def _ask(self, argument: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        program = shutil.which(self.program)
        if program is None:
            raise InputError(
                f"there is no program {self.program} here: install cron, name the program in {VARIABLE}, "
                f"use --crontab FILE, or --on systemd"
            )
        try:
            return subprocess.run([program, argument], input=data, capture_output=True, timeout=_TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(f"{program} {argument} failed: {error}") from error


def _text(data: bytes, name: str) -> str:
    """Bytes that are no UTF-8 stay what they are."""
    if len(data) > _LARGEST:
        raise InputError(f"{name}: larger than {_LARGEST} bytes: no crontab")
    return data.decode("utf-8", "surrogateescape")
