"""Who compares two exports in `comparison.py`: our engines, and what somebody would write by hand.

Those written by hand compare texts and know nothing of numbers, sets or what is damaged. Each takes the two sides and a
folder for its work, and gives how many keys differ.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from made_exports import data

from harness.comparison.engines import ENGINES
from harness.comparison.records import Shape
from harness.comparison.sources import export_source

Contestant = Callable[[tuple[str, str], Path], int]
_DUCKDB_MEMORY = "600MB"
"""As much as our own engine lets it have."""


class Unwatched:
    """Nobody looks on."""

    def reading(self, side: str, items: int, of: int) -> None:
        """See Watcher."""

    def comparing(self, done: int, of: int) -> None:
        """See Watcher."""


def ours(engine: str) -> Contestant:
    """One of our engines."""

    def run(sides: tuple[str, str], folder: Path) -> int:
        sources = [export_source(side) for side in sides]
        return ENGINES[engine](sources, Shape(("id",)), folder, Unwatched()).counts.different

    return run


def plain_loop(sides: tuple[str, str], _: Path) -> int:
    """One side in a dictionary, the other one line by line."""
    table: dict[str, bytes] = {}
    for name in data(sides[0]):
        with gzip.open(name, "rb") as file:
            for line in file:
                table[json.loads(line)["Item"]["id"]["S"]] = line
    found = 0
    for name in data(sides[1]):
        with gzip.open(name, "rb") as file:
            for line in file:
                other = table.pop(json.loads(line)["Item"]["id"]["S"], None)
                found += other != line
    return found + len(table)


def plain_duckdb(sides: tuple[str, str], folder: Path) -> int:
    """A join of texts."""
    import duckdb

    with duckdb.connect() as db:
        db.execute(f"SET memory_limit='{_DUCKDB_MEMORY}'")
        db.execute("SET temp_directory=?", [str(folder)])
        db.execute("SET preserve_insertion_order=false")
        read = "(SELECT json->>'$.Item.id.S' AS k, json AS j FROM read_ndjson_objects({}, compression='gzip'))"
        a, b = (read.format([str(name) for name in data(side)]) for side in sides)
        found = db.execute(f"SELECT count(*) FROM {a} a FULL JOIN {b} b ON a.k = b.k WHERE a.j IS DISTINCT FROM b.j")
        return int(found.fetchall()[0][0])


def polars(sides: tuple[str, str], _: Path) -> int:
    """A join of texts, by its streaming engine."""
    import polars as pl

    tables = [
        pl.scan_lines([str(name) for name in data(side)], name="j").with_columns(
            k=pl.col("j").str.json_path_match("$.Item.id.S")
        )
        for side in sides
    ]
    joined = tables[0].join(tables[1], on="k", how="full", suffix="_b")
    differ = joined.filter(pl.col("j").ne_missing(pl.col("j_b"))).select(pl.len())
    return int(differ.collect(engine="streaming").item())


def spark(sides: tuple[str, str], folder: Path) -> int:
    """A join of texts, on this machine's cores."""
    from harness.comparison.by_spark import session

    with session() as running:
        tables: list[Any] = [
            running.read.text(str(Path(side) / "data")).selectExpr(
                "get_json_object(value, '$.Item.id.S') AS k", "value"
            )
            for side in sides
        ]
        a, b = (table.alias(name) for table, name in zip(tables, "ab", strict=True))
        joined = a.join(b, on="k", how="full").filter("NOT (a.value <=> b.value)")
        return int(joined.count())


CONTESTANTS: dict[str, Contestant] = {
    "drill diff, python": ours("python"),
    "drill diff, duckdb": ours("duckdb"),
    "drill diff, spark": ours("spark"),
    "plain loop": plain_loop,
    "plain DuckDB": plain_duckdb,
    "Polars": polars,
    "plain Spark": spark,
}
