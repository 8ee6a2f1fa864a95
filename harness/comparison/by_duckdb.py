"""Compares exports by DuckDB: it reads, joins and drops what is the same letter for letter; Python judges the rest.

Two items whose attributes are the same texts are the same item; whatever else DuckDB finds goes through the canonical
comparison of `by_python`, so that both engines come to the same differences, each in its own way. So do items whose
form SQL cannot vouch for: what no table can hold is refused, though it be the same on both sides. Memory is bounded by
DuckDB's own limit, beyond which it uses the work's folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from harness.comparison import by_python
from harness.comparison.by_python import ROWS, Watcher
from harness.comparison.canonical import Malformed
from harness.comparison.duckdb_sql import MACROS, quoted
from harness.comparison.exports import layout, reader
from harness.comparison.exports.storage import Folder, Storage
from harness.comparison.item_text import item_text
from harness.comparison.records import Shape, of_one_table, there_twice
from harness.comparison.result import Counts, Result, to_row
from harness.comparison.sources import ExportSource, Source, read_file
from harness.comparison.store import Side, buckets_for
from harness.errors import InputError, WorldError

ENGINE = "duckdb"
_MEMORY_MB = 600
_ROWS = 10_000
_OBJECT_MAX = 8 << 20
_PLACE = re.compile(r' in file ".*", at byte \d+ in line \d+')
"""Of DuckDB's own counting, whose lines are not those of the file."""


class Unable(WorldError):
    """DuckDB cannot take these exports, for a reason that may be none of theirs."""


def compare(sources: Sequence[Source], shape: Shape, folder: Path, watcher: Watcher) -> Result:
    """Compare two exports. Raises InputError, also where a side is no export of this machine, and WorldError."""
    try:
        return attempt(sources, shape, folder, watcher)
    except Unable as error:
        raise _reason([_local(source) for source in sources], shape, error) from error


def attempt(sources: Sequence[Source], shape: Shape, folder: Path, watcher: Watcher) -> Result:
    """The same, without a second look at what SQL cannot take. Raises Unable for that, and as `compare` does."""
    try:
        import duckdb
    except ImportError:
        raise InputError("--engine duckdb needs DuckDB: pip install 'drill-harness[compare]'") from None
    if shape.selection.is_ranged:
        raise InputError(
            "--engine duckdb compares whole tables and samples of them: leave it out where a range is given"
        )
    sides = [_local(source) for source in sources]
    folder.mkdir(parents=True, exist_ok=True)
    for name, side in zip("AB", sides, strict=True):
        for number, (export, file) in enumerate(side.units, 1):
            reader.verify(export.storage, file)
            watcher.reading(name, sum(one.items for _, one in side.units[:number]), side.items)
    database = folder / "work.duckdb"
    database.unlink(missing_ok=True)
    try:
        with closing(duckdb.connect(str(database))) as db:
            return _compared(db, sides, shape, folder, watcher)
    except (duckdb.Error, Malformed) as error:
        raise Unable(_PLACE.sub("", str(error).strip().partition("\n")[0])) from error
    finally:
        database.unlink(missing_ok=True)


def _local(source: Source) -> ExportSource:
    if not isinstance(source, ExportSource) or not source.is_here:
        raise InputError(f"{source.name}: --engine duckdb compares exports in folders of this machine")
    return source


def _compared(db: Any, sides: Sequence[ExportSource], shape: Shape, folder: Path, watcher: Watcher) -> Result:
    db.execute(f"SET memory_limit='{_MEMORY_MB}MB'")
    db.execute("SET temp_directory=?", [str(folder / "spill")])
    db.execute("SET preserve_insertion_order=false")
    db.execute(MACROS)
    read = []
    for name, side in zip("ab", sides, strict=True):
        _load(db, name, side, shape)
        read.append(_counted(db, name, side, shape))
    buckets = buckets_for(max(side.size_bytes for side in sides))
    stores = [Side(folder / f"left-over-{name}", buckets) for name in "ab"]
    with closing(stores[0]), closing(stores[1]):
        left_over = _sort_out(db, shape, stores)
    counts = Counts(read[0] - left_over[0], read[1] - left_over[1], read[0] - left_over[0])
    with (folder / ROWS).open("wb") as rows:
        for number in range(buckets):
            left, right = (
                by_python.gathered(store.bucket(number), side.name, shape.names, last_wins=False)
                for store, side in zip(stores, sides, strict=True)
            )
            for found in by_python.compared(left, right, sides, shape, counts):
                counts.add(found)
                rows.write(to_row(found).encode("ascii"))
            watcher.comparing(number + 1, buckets)
    return Result(counts, folder / ROWS, ENGINE, shape.selection.fraction, sum(side.items for side in sides))


def _load(db: Any, name: str, side: ExportSource, shape: Shape) -> None:
    """A view of each side: key (k), and the item as it was written (j). Raises InputError, Malformed."""
    parts = []
    for number, export in enumerate(side.exports):
        files = [_path(export.storage, file.key) for file in export.manifest.files if file.items]
        item, identity = ("json->'$.Item'",) * 2
        if export.manifest.summary.kind == layout.INCREMENTAL:
            item, identity = "json->'$.NewImage'", "json->'$.Keys'"
        key = " || chr(31) || ".join(f"key_part({identity}->{_path_of(one)})" for one in shape.names)
        kinds = " || ".join(f"key_kind({identity}->{_path_of(one)})" for one in shape.names)
        parts.append(
            f"SELECT {number} AS layer, {key} AS k, {kinds} AS t, {item} AS j, odd({item}) AS odd "  # noqa: S608
            f"FROM {_reading(files)}"
        )
    everything = " UNION ALL ".join(parts)
    if side.is_layered:
        everything = (
            "SELECT k, arg_max(j, layer) AS j, arg_max(j IS NULL, layer) AS gone, min(t) AS low, max(t) AS high, "  # noqa: S608
            f"list(odd) FILTER (odd IS NOT NULL) AS odd FROM ({everything}) GROUP BY k"
        )
    else:
        told = "k, j, false AS gone, t AS low, t AS high, CASE WHEN odd IS NOT NULL THEN [odd] END AS odd"
        everything = f"SELECT {told} FROM ({everything})"  # noqa: S608
    limit = shape.selection.limit
    if limit is None:
        db.execute(f"CREATE TABLE all_{name} AS {everything}")
    else:
        # A filter in the same statement as the reading makes DuckDB keep all that it has read in memory.
        db.execute(f"CREATE TABLE read_{name} AS {everything}")
        # What has no key as SQL makes it is in no sample, and must be seen all the same.
        chosen = f"SELECT * FROM read_{name} WHERE k IS NULL OR md5(k) < '{limit}'"  # noqa: S608
        db.execute(f"CREATE TABLE all_{name} AS {chosen}")
        db.execute(f"DROP TABLE read_{name}")
    db.execute(f"CREATE VIEW {name} AS SELECT k, j FROM all_{name} WHERE NOT gone")  # noqa: S608


def _reading(files: Sequence[str]) -> str:
    if not files:
        return "(SELECT NULL::JSON AS json WHERE false)"
    settings = f"compression='gzip', format='newline_delimited', maximum_object_size={_OBJECT_MAX}"
    return f"read_ndjson_objects({_list(files)}, {settings})"


def _entries(shape: Shape, item: str) -> str:
    """What decides whether two items are the same as texts: their attributes in order, without those ignored."""
    entries = f"map_entries(CAST({item} AS MAP(VARCHAR, JSON)))"
    if shape.rules.ignore:
        dropped = _list(sorted(shape.rules.ignore - set(shape.names)))
        entries = f"list_filter({entries}, lambda one: NOT list_contains({dropped}, one.key))"
    return f"md5(CAST(list_sort({entries}) AS VARCHAR))"


def _counted(db: Any, name: str, side: ExportSource, shape: Shape) -> int:
    """How many items a side has. Raises InputError, Malformed for what no table can hold."""
    total, keys, none, low, high = db.execute(
        "SELECT count(*) FILTER (NOT gone), count(DISTINCT k) FILTER (NOT gone), "  # noqa: S608
        f"count(*) FILTER (k IS NULL), min(low), max(high) FROM all_{name}"
    ).fetchone()
    if none:
        raise Malformed("it has a key that SQL cannot take")
    for (text,) in _rows(db.execute(f"SELECT unnest(odd) FROM all_{name} WHERE odd IS NOT NULL")):  # noqa: S608
        item_text(json.loads(text or ""), shape.rules, shape.names)
    if low is not None:
        of_one_table(side.name, shape.names, low, high)
    if keys != total:
        twice = f"SELECT min(j) FROM {name} GROUP BY k HAVING count(*) > 1 ORDER BY md5(k) LIMIT 1"  # noqa: S608
        (text,) = db.execute(twice).fetchone()
        raise InputError(there_twice(side.name, shape.names, text))
    return int(total)


def _sort_out(db: Any, shape: Shape, stores: Sequence[Side]) -> tuple[int, int]:
    """Give what is not the same as texts to the stores; how many of each side."""
    # Few items are written in another order: attributes are only sorted where the whole texts differ.
    same = f"{_entries(shape, 'a.j')} IS NOT DISTINCT FROM {_entries(shape, 'b.j')}"
    found = db.execute(
        "SELECT a.j, b.j FROM a FULL OUTER JOIN b ON a.k = b.k WHERE a.k IS NULL OR b.k IS NULL "  # noqa: S608
        f"OR (CASE WHEN a.j IS NOT DISTINCT FROM b.j THEN false ELSE NOT ({same}) END)"
    )
    counted = [0, 0]
    for row in _rows(found):
        for at, text in enumerate(row):
            if text is None:
                continue
            item = json.loads(text)
            record = shape.record(item, item)
            if record is not None:
                stores[at].add(record)
            counted[at] += 1
    for store in stores:
        store.flushed()
    return counted[0], counted[1]


def _rows(found: Any) -> Iterator[tuple[str | None, ...]]:
    while rows := found.fetchmany(_ROWS):
        yield from rows


def _reason(sides: Sequence[ExportSource], shape: Shape, error: Unable) -> Exception:
    """Where the trouble is: by reading the files as `by_python` does, which names file and line."""
    for side in sides:
        for export, file in side.units:
            for _ in read_file(export.storage, export.manifest.summary.kind, file, shape):
                pass
    return WorldError(f"DuckDB cannot compare these exports ({error}), and Python can: --engine {by_python.ENGINE}")


def _path_of(name: str) -> str:
    return quoted('$."' + name.replace('"', '\\"') + '"')


def _path(storage: Storage, key: str) -> str:
    assert isinstance(storage, Folder)
    return str(storage.path_of(key))


def _list(texts: Sequence[str]) -> str:
    return "[" + ", ".join(quoted(text) for text in texts) + "]"
