"""The journal in a PostgreSQL database (see journal.py). Needs psycopg: pip install 'drill-harness[postgresql]'."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import asdict

import psycopg

from reference.shopify_app.journal import KEPT, Entry, JournalFailed

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS reconciliations ("
    "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at text NOT NULL, region text NOT NULL, said text NOT NULL)"
)
_ADD = "INSERT INTO reconciliations (at, region, said) VALUES (%s, %s, %s)"
_PRUNE = "DELETE FROM reconciliations WHERE id <= (SELECT max(id) FROM reconciliations) - %s"
_LAST = "SELECT said FROM reconciliations WHERE region = %s ORDER BY id DESC LIMIT 1"


class InPostgresql:
    """Each call connects anew: the server may be replaced, or restored from a backup, at any time.

    url: a secret. region: whose last entry is asked for. timeout_s: of connecting, and of each statement.
    """

    def __init__(self, url: str, region: str, timeout_s: float) -> None:
        self._url, self._region, self._timeout_s = url, region, timeout_s
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """See Journal."""
        try:
            with self._lock, self._connected() as database:
                database.execute(_ADD, (entry.at, entry.region, json.dumps(asdict(entry))))
                database.execute(_PRUNE, (KEPT,))
        except psycopg.Error as error:
            raise self._failed(error) from None

    def last(self) -> Entry | None:
        """See Journal."""
        try:
            with self._lock, self._connected() as database:
                found = database.execute(_LAST, (self._region,)).fetchone()
        except psycopg.Error as error:
            raise self._failed(error) from None
        return None if found is None else Entry(**json.loads(found[0]))

    def _connected(self) -> psycopg.Connection[tuple[str, ...]]:
        """A transaction, which a `with` ends."""
        wait_s = max(2, math.ceil(self._timeout_s))  # libpq takes whole seconds, and two at least
        database = psycopg.connect(
            self._url, connect_timeout=wait_s, options=f"-c statement_timeout={round(self._timeout_s * 1000)}"
        )
        try:
            database.execute("SET client_min_messages = warning")
            database.execute(_SCHEMA)
        except psycopg.Error:
            database.close()
            raise
        return database

    @staticmethod
    def _failed(error: psycopg.Error) -> JournalFailed:
        """Without the URL, which is a secret."""
        said = error.diag.message_primary or type(error).__name__
        return JournalFailed(f"APP_STORE_URL: {said}")
