"""Compares exports by DuckDB: it reads, joins and drops what is the same letter for letter; Python judges the rest.

Two items whose attributes are the same texts are the same item; whatever else DuckDB finds goes through the canonical
comparison of `by_python`, so that both engines come to the same differences, each in its own way. A key's text is made
in SQL as `canonical.key_of` makes it. Memory is bounded by DuckDB's own limit, beyond which it uses the work's folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from harness.comparison import by_python
from harness.comparison.by_python import ROWS, Watcher
from harness.comparison.exports import layout, reader
from harness.comparison.exports.storage import Folder, Storage
from harness.comparison.records import Shape
from harness.comparison.result import Counts, Result, to_row
from harness.comparison.sources import ExportSource, Source, read_file
from harness.comparison.store import Side, buckets_for
from harness.errors import InputError, WorldError

ENGINE = "duckdb"
_MEMORY_MB = 600
_ROWS = 10_000
_OBJECT_MAX = 8 << 20

_MACROS = r"""
CREATE TEMP MACRO digits_of(t) AS regexp_extract(t, '^[+-]?([0-9]*)\.?([0-9]*)', 1)
    || regexp_extract(t, '^[+-]?([0-9]*)\.?([0-9]*)', 2);
CREATE TEMP MACRO exponent_of(t) AS coalesce(try_cast(regexp_extract(t, '[eE]([+-]?[0-9]+)$', 1) AS BIGINT), 0)
    - length(regexp_extract(t, '^[+-]?[0-9]*\.?([0-9]*)', 1));
CREATE TEMP MACRO number_key(t) AS CASE WHEN ltrim(digits_of(t), '0') = '' THEN '0e0' ELSE
    (CASE WHEN t[1] = '-' THEN '-' ELSE '' END) || rtrim(ltrim(digits_of(t), '0'), '0') || 'e' ||
    (exponent_of(t) + length(digits_of(t)) - length(rtrim(digits_of(t), '0'))) END;
CREATE TEMP MACRO key_part(v) AS CASE
    WHEN v->>'$.S' IS NOT NULL THEN 'S' || (v->>'$.S')
    WHEN v->>'$.N' IS NOT NULL THEN 'N' || number_key(v->>'$.N')
    WHEN v->>'$.B' IS NOT NULL THEN 'B' || (v->>'$.B') END;
"""


def compare(sources: Sequence[Source], shape: Shape, folder: Path, watcher: Watcher) -> Result:
    """Compare two exports. Raises InputError, also where a side is no export of this machine, and WorldError."""
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
    with closing(duckdb.connect(str(database))) as db:
        try:
            return _compared(db, sides, shape, folder, watcher)
        except (duckdb.Error, _Look) as error:
            raise _reason(sides, shape, error) from error


def _local(source: Source) -> ExportSource:
    if not isinstance(source, ExportSource) or not source.is_here:
        raise InputError(f"{source.name}: --engine duckdb compares exports in folders of this machine")
    return source


def _compared(db: Any, sides: Sequence[ExportSource], shape: Shape, folder: Path, watcher: Watcher) -> Result:
    db.execute(f"SET memory_limit='{_MEMORY_MB}MB'")
    db.execute("SET temp_directory=?", [str(folder / "spill")])
    db.execute("SET preserve_insertion_order=false")
    db.execute(_MACROS)
    read = []
    for name, side in zip("ab", sides, strict=True):
        _load(db, name, side, shape)
        read.append(_counted(db, name, side))
    buckets = buckets_for(max(side.size_bytes for side in sides))
    stores = [Side(folder / f"left-over-{name}", buckets) for name in "ab"]
    with closing(stores[0]), closing(stores[1]):
        left_over = _sort_out(db, shape, stores)
    counts = Counts(read[0] - left_over[0], read[1] - left_over[1], read[0] - left_over[0])
    with (folder / ROWS).open("wb") as rows:
        for number in range(buckets):
            left, right = (
                by_python.gathered(store.bucket(number), side.name, last_wins=False)
                for store, side in zip(stores, sides, strict=True)
            )
            for found in by_python.compared(left, right, sides, shape, counts):
                counts.add(found)
                rows.write(to_row(found).encode("ascii"))
            watcher.comparing(number + 1, buckets)
    return Result(counts, folder / ROWS, ENGINE, shape.selection.fraction)


def _load(db: Any, name: str, side: ExportSource, shape: Shape) -> None:
    """A table of each side: key (k), and the item as it was written (j)."""
    parts = []
    for number, export in enumerate(side.exports):
        files = [_path(export.storage, file.key) for file in export.manifest.files if file.items]
        item, identity = ("json->'$.Item'",) * 2
        if export.manifest.summary.kind == layout.INCREMENTAL:
            item, identity = "json->'$.NewImage'", "json->'$.Keys'"
        key = " || chr(31) || ".join(f"key_part({identity}->{_path_of(one)})" for one in shape.names)
        parts.append(
            f"SELECT {number} AS layer, {key} AS k, {item} AS j FROM {_reading(files)}"  # noqa: S608
        )
    everything = " UNION ALL ".join(parts)
    if side.is_layered:
        everything = (
            f"SELECT k, arg_max(j, layer) AS j, max(layer) AS layer, arg_max(j IS NULL, layer) AS gone "  # noqa: S608
            f"FROM ({everything}) GROUP BY k"
        )
    # A filter in the same statement as the reading makes DuckDB keep all that it has read in memory.
    chosen = _chosen(shape)
    kind = "TABLE" if chosen else "TEMP VIEW"
    db.execute(f"CREATE {kind} read_{name} AS {everything}")
    where = " AND ".join(filter(None, ("NOT gone" if side.is_layered else "", chosen))) or "true"
    db.execute(f"CREATE TABLE {name} AS SELECT k, j FROM read_{name} WHERE {where}")  # noqa: S608
    if chosen:
        db.execute(f"DROP TABLE read_{name}")


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


def _chosen(shape: Shape) -> str:
    limit = shape.selection.limit
    return "" if limit is None else f"md5(k) < '{limit}'"


def _counted(db: Any, name: str, side: ExportSource) -> int:
    total, keys, none = db.execute(
        f"SELECT count(*), count(DISTINCT k), count(*) FILTER (WHERE k IS NULL) FROM {name}"  # noqa: S608
    ).fetchone()
    if none:
        raise _Look(side.name)
    if keys != total:
        (key,) = db.execute(f"SELECT k FROM {name} GROUP BY k HAVING count(*) > 1 LIMIT 1").fetchone()  # noqa: S608
        raise InputError(f"{side.name}: a key is there twice: {key[:200]}. It is not of one table")
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


def _rows(found: Any) -> Iterator[tuple[str | None, str | None]]:
    while rows := found.fetchmany(_ROWS):
        yield from rows


class _Look(Exception):
    """SQL found something wrong and cannot say where."""


def _reason(sides: Sequence[ExportSource], shape: Shape, error: Exception) -> Exception:
    """Where the trouble is: by reading the files as `by_python` does, which names file and line."""
    for side in sides:
        for export, file in side.units:
            for _ in read_file(export.storage, export.manifest.summary.kind, file, shape):
                pass
    return WorldError(f"DuckDB failed, and the exports can be read: {error}")


def _path_of(name: str) -> str:
    return _quoted('$."' + name.replace('"', '\\"') + '"')


def _path(storage: Storage, key: str) -> str:
    assert isinstance(storage, Folder)
    return str(storage.path_of(key))


def _list(texts: Sequence[str]) -> str:
    return "[" + ", ".join(_quoted(text) for text in texts) + "]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
