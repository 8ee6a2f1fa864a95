"""The data of a drill, table by table: one key in two tables means two items.

Clients write to one of the tables, and their writes are judged by that one alone: an outbox or a journal under the same
keys proves nothing of it. The further tables are only compared between the places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.drill.case import Case, Final
from harness.history.events import Commit


@dataclass(frozen=True)
class Tables:
    """commits: None where none are kept. final: None when the tables could not be read after the end."""

    case: Case
    commits: Sequence[Commit] | None
    final: Final | None

    @property
    def table(self) -> str | None:
        """The one that clients write; the first one where a case does not say it. None: no table is known."""
        names = (name for tables in (self.final or {}).values() for name in tables)
        return self.case.workload.table or next(names, None)

    def written(self, place: str) -> dict[str, str] | None:
        """The final items of the table that clients write, in a place's database; None when it was not read."""
        return self.items(place).get(self.table or "")

    def committed(self, place: str) -> list[Commit] | None:
        """The commits to that table in a place's database; None where none are kept."""
        if self.commits is None:
            return None
        database, table = self.case.database_of(place), self.table
        return [c for c in self.commits if c.region == database and table in (None, c.table)]

    def by_place(self, first: str) -> tuple[dict[str, dict[str, str]], dict[str, list[Commit]]]:
        """What `written` and `committed` say of every place that they know: of places with one database, of one.

        first: the place that comes first, and stands for its database.
        """
        ordered = sorted(self.case.places, key=lambda place: place.name != first)
        chosen = {place.database: place.name for place in reversed(ordered)}
        places = [place.name for place in ordered if chosen[place.database] == place.name]
        final = {place: items for place in places if (items := self.written(place)) is not None}
        return final, {place: log for place in places if (log := self.committed(place)) is not None}

    def differing(self, place: str, other: str) -> tuple[str, ...]:
        """Items of the further tables that differ between two places' databases, as table/key."""
        here, there = self.items(place), self.items(other)
        return tuple(
            sorted(
                f"{table}/{key}"
                for table in (here.keys() | there.keys()) - {self.table}
                for key in here.get(table, {}).keys() | there.get(table, {}).keys()
                if here.get(table, {}).get(key) != there.get(table, {}).get(key)
            )
        )

    def items(self, place: str) -> dict[str, dict[str, str]]:
        """The final items of every table in a place's database; none where it was not read."""
        tables = (self.final or {}).get(self.case.database_of(place), {})
        return {name: {k: v for k, v in table.items() if v is not None} for name, table in tables.items()}
