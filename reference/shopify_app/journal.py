"""What came of each reconciliation, for people: in the shop's table, or in an SQL database beside it.

With `APP_STORE=sqlite` and a file in `APP_STORE_FILE`, or `APP_STORE=postgresql` and `APP_STORE_URL`, the application
has a database of its own in each region, as many have: the whole journal is in it, and nobody replicates it. What it
holds is lost with its region and comes back from a backup or not at all, so nothing is kept there that a decision rests
on.
Otherwise the last entry of each region is a row of the global table.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Protocol

from reference.settings import Settings
from reference.shopify_app.reconciliation.positions import noted
from reference.shopify_app.settings import ShopSettings
from reference.shopify_app.store import Store

KEPT = 10_000
BUSY_S = 2.0
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS reconciliations (id INTEGER PRIMARY KEY, at TEXT, region TEXT, said TEXT NOT NULL)"
)


class JournalFailed(Exception):
    """An entry could not be kept. What it is about has been done all the same."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One reconciliation. at: when it ended, as ISO 8601 writes it."""

    at: str
    region: str
    because: Sequence[str]
    seen: Mapping[str, int] = field(default_factory=dict)
    news: int = 0
    subscribed: Sequence[str] = ()


class Journal(Protocol):
    """Safe to use from several threads."""

    def add(self, entry: Entry) -> None:
        """Keep an entry. Raises CallFailed, JournalFailed."""

    def last(self) -> Entry | None:
        """The last one of this region. Raises CallFailed, JournalFailed."""


class InTable:
    """A row for each region; no more than its last entry."""

    def __init__(self, settings: Settings, shop: ShopSettings, store: Store) -> None:
        self._region, self._table, self._store = settings.region, shop.shop_table, store

    def add(self, entry: Entry) -> None:
        """See Journal."""
        self._store.write(noted(self._table, self._region, json.dumps(asdict(entry))))

    def last(self) -> Entry | None:
        """See Journal."""
        said = self._store.read(f"journal:{self._region}").get("said", {}).get("S")
        return None if said is None else Entry(**json.loads(said))


class InSqlite:
    """A file. Each call opens it: it may be replaced by a backup at any time."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """See Journal."""
        try:
            with self._lock, closing(self._opened()) as database, database:
                said = json.dumps(asdict(entry))
                database.execute(
                    "INSERT INTO reconciliations (at, region, said) VALUES (?, ?, ?)", (entry.at, entry.region, said)
                )
                database.execute(
                    "DELETE FROM reconciliations WHERE id <= (SELECT max(id) FROM reconciliations) - ?", (KEPT,)
                )
        except sqlite3.Error as error:
            raise JournalFailed(f"{self._file}: {error}") from error

    def last(self) -> Entry | None:
        """See Journal."""
        try:
            with self._lock, closing(self._opened()) as database:
                found = database.execute("SELECT said FROM reconciliations ORDER BY id DESC LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise JournalFailed(f"{self._file}: {error}") from error
        return None if found is None else Entry(**json.loads(found[0]))

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._file, timeout=BUSY_S)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(_SCHEMA)
        return database
