"""A PostgreSQL database, by pg_dump and psql: a whole state, also while others write.

Passwords reach the programs by PGPASSWORD and never stand on a command line. What a dump says of itself (versions, the
random key of `\\restrict`) is no state of the database, and is not compared.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit, urlunsplit

from harness.archive.pieces.piece import AS_BEFORE, Difference, File, Gathered, Kept
from harness.errors import InputError, WorldError

DUMP = "dump.sql"
_LIMIT_S = 3_600
_SECRET = {"password": "PGPASSWORD", "sslpassword": "PGSSLPASSWORD"}
"""Parameters of the URL that are secret, and the variables of libpq beside them."""
_ITSELF = re.compile(rb"^(?:-- Dumped (?:from|by) .*|\\(?:un)?restrict .*)\n", re.MULTILINE)
_COPY = re.compile(
    rb'^COPY (?P<table>\S+|"[^"]+"\."[^"]+") [^\n]*FROM stdin;\n(?P<rows>.*?)^\\\.\n', re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class PostgreSQL:
    """url: postgresql://USER:PASSWORD@HOST:PORT/DATABASE."""

    name: str
    url: str
    kind: str = "postgresql"

    @property
    def target(self) -> str:
        """See Piece."""
        return _without_password(self.url)[0]

    def aimed(self, target: str) -> PostgreSQL:
        """See Piece."""
        return replace(self, url=target)

    def read(self, before: Kept | None) -> Gathered:
        """See Piece."""
        dump = self._dump()
        secrets = tuple(_without_password(self.url)[1].values())
        if before is not None and _state(before.content(DUMP)) == _state(dump):
            return Gathered({DUMP: AS_BEFORE}, before.facts, (), secrets)
        return Gathered(
            {DUMP: File(dump)}, {"rows": {name: len(rows) for name, rows in _tables(dump).items()}}, (), secrets
        )

    def compare(self, kept: Kept, *, whole: bool = False) -> Difference:
        """See Piece. Told by table."""
        dump, wanted = self._dump(), kept.content(DUMP)
        if _state(dump) == _state(wanted):
            return Difference()
        there, tables = _tables(dump), _tables(wanted)
        missing = [f"table {name}: {len(rows)} rows" for name, rows in tables.items() if name not in there]
        changed = [
            f"table {name}: {len(there[name])} rows, and {len(rows)} in the backup"
            for name, rows in tables.items()
            if name in there and sorted(there[name]) != sorted(rows)
        ]
        extra = [f"table {name}" for name in there if name not in tables]
        return Difference(missing, changed or ([] if missing or extra else ["what defines its tables"]), extra)

    def restore(self, kept: Kept, difference: Difference) -> None:
        """See Piece. In one transaction: all of it, or nothing."""
        command = ["psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1"]
        extra = [name.removeprefix("table ") for name in difference.extra]
        dropped = "".join(f"DROP TABLE IF EXISTS {name} CASCADE;\n" for name in extra).encode()
        self._run(command, dropped + kept.content(DUMP))

    def _dump(self) -> bytes:
        return self._run(["pg_dump", "--clean", "--if-exists", "--no-owner", "--no-privileges"], None)

    def _run(self, command: list[str], given: bytes | None) -> bytes:
        url, password = _without_password(self.url)
        if shutil.which(command[0]) is None:
            raise InputError(f"{command[0]} is not installed: it is part of PostgreSQL's client programs")
        try:
            done = subprocess.run(
                [*command, "--dbname", url], input=given, capture_output=True, timeout=_LIMIT_S, check=False,
                env={**os.environ, **password},
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise WorldError(f"{url}: {command[0]} took more than {_LIMIT_S} s") from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise InputError(f"{url}: {command[0]} ended with {done.returncode}: {said[-500:]}")
        return done.stdout


def _without_password(url: str) -> tuple[str, Mapping[str, str]]:
    """The URL as it may be shown, and what tells the password to PostgreSQL's programs."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise InputError(f"{parts.scheme or 'it'}: a database of PostgreSQL is postgresql://USER@HOST/DATABASE")
    user, at, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    told = {"PGPASSWORD": unquote(password)} if colon and password else {}
    kept = []
    for pair in filter(None, parts.query.split("&")):
        key, _, value = pair.partition("=")
        if unquote(key) in _SECRET:
            told[_SECRET[unquote(key)]] = unquote(value)
        else:
            kept.append(pair)
    return urlunsplit(parts._replace(netloc=f"{name}{at}{host}", query="&".join(kept))), told


def _state(dump: bytes) -> bytes:
    """What a dump says of the database: rows have no order of their own."""
    return _COPY.sub(lambda found: b"\n".join(sorted(found[0].split(b"\n"))), _ITSELF.sub(b"", dump))


def _tables(dump: bytes) -> dict[str, list[bytes]]:
    return {found["table"].decode("utf-8", "replace"): found["rows"].splitlines() for found in _COPY.finditer(dump)}
