"""Compares exports by Apache Spark, on this machine or on a cluster: one task reads one data file.

Every task reads its file, checks it and makes canonical records by the same code as `by_python`; Spark brings both
sides of a key together and sorts the differences. So the answer is the same, and size is limited by the cluster alone.
Executors need Python 3.11 and this package (`--py-files`), and what reads the bucket (boto3) where exports lie in S3.

    spark-submit --py-files drill_harness.zip compare.py s3://bucket/a/AWSDynamoDB/ID s3://bucket/b/AWSDynamoDB/ID \
        --key id --out s3://bucket/differences
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.comparison.by_python import ROWS, Watcher
from harness.comparison.canonical import Rules
from harness.comparison.comparing import difference
from harness.comparison.exports.layout import DataFile
from harness.comparison.exports.storage import Storage
from harness.comparison.records import Shape, of_one_table, there_twice
from harness.comparison.result import Counts, Result, from_row, to_row
from harness.comparison.selection import Selection
from harness.comparison.sources import ExportSource, Source, export_source, read_file
from harness.errors import InputError, WorldError

ENGINE = "spark"
_REASON = "harness.errors.InputError: "
LOOPBACK = "127.0.0.1"
_SUBMITTED = {"PYSPARK_GATEWAY_PORT", "SPARK_REMOTE", "MASTER"}
"""Set where spark-submit, or whoever owns a cluster, decides how Spark runs."""
_HERE = {
    "spark.master": "local[*]", "spark.driver.host": LOOPBACK, "spark.driver.bindAddress": LOOPBACK,
    "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.pyspark.python": sys.executable,
}  # fmt: skip

Unit = tuple[int, Storage, str, DataFile]
"""Which of the exports on top of one another it is of, where that lies and of which kind it is, and the file."""


def compare(sources: Sequence[Source], shape: Shape, folder: Path, watcher: Watcher) -> Result:
    """Compare two exports on this machine's cores, or on the cluster that is configured.

    Raises InputError, WorldError.
    """
    sides = [_export(source) for source in sources]
    folder.mkdir(parents=True, exist_ok=True)
    with session() as spark, (folder / ROWS).open("wb") as rows:
        counts, found = differing(spark, sides, shape)
        for number, row in enumerate(_told(found.toLocalIterator)):
            rows.write(row.encode("ascii"))
            counts.add(from_row(row))
            watcher.comparing(number + 1, 0)
    return Result(_balanced(counts), folder / ROWS, ENGINE, shape.selection.fraction, sum(side.items for side in sides))


def _export(source: Source) -> ExportSource:
    if not isinstance(source, ExportSource):
        raise InputError(f"{source.name}: --engine spark compares exports; export the table, or leave --engine out")
    return source


@contextmanager
def session() -> Iterator[Any]:
    """Spark, ended with what began it. Raises InputError where it is not installed or cannot start."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError("--engine spark needs Spark: pip install 'drill-harness[spark]', and Java 17") from None
    builder = SparkSession.builder.appName("drill diff")
    if not _SUBMITTED & os.environ.keys():
        os.environ.setdefault("SPARK_LOCAL_IP", LOOPBACK)
        for name, value in _HERE.items():
            builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise InputError(f"Spark does not start: {error}; is Java 17 here (JAVA_HOME)?") from error
    spark.sparkContext.setLogLevel("ERROR")
    try:
        yield spark
    finally:
        spark.stop()


def differing(spark: Any, sides: Sequence[ExportSource], shape: Shape) -> tuple[Counts, Any]:
    """Counts of what was read, and the rows of what differs, in the order of places, as an RDD of text."""
    from pyspark import StorageLevel

    found_kinds = [_records(spark, side, shape) for side in sides]
    records = [one for one, _ in found_kinds]
    for one in records:
        one.persist(StorageLevel.MEMORY_AND_DISK)
    read = [_told(one.count) for one in records]
    for side, (_, kinds) in zip(sides, found_kinds, strict=True):
        for one in sorted(kinds.value):
            of_one_table(side.name, shape.names, min(kinds.value), one)
    names = tuple(shape.names)

    def row(joined: tuple[str, tuple[str | None, str | None]]) -> Iterable[str]:
        place, (left, right) = joined
        found = difference(names, place, left or "", right or "")
        return () if found is None else (to_row(found),)

    found = records[0].fullOuterJoin(records[1]).filter(_is_different).sortByKey().flatMap(row)
    return Counts(read[0], read[1]), found


def _is_different(joined: tuple[str, tuple[str | None, str | None]]) -> bool:
    left, right = joined[1]
    return left != right


def _records(spark: Any, side: ExportSource, shape: Shape) -> tuple[Any, Any]:
    """Pairs of place and canonical item, once for each key; and, when they have been read, the kinds of keys."""
    kinds = spark.sparkContext.accumulator(frozenset(), _Union())
    numbered = {id(export): number for number, export in enumerate(side.exports)}
    units: list[Unit] = [
        (numbered[id(export)], export.storage, export.manifest.summary.kind, file) for export, file in side.units
    ]
    if not units:
        return spark.sparkContext.emptyRDD(), kinds

    def read(unit: Unit) -> Iterator[tuple[str, tuple[int, str]]]:
        layer, storage, kind, file = unit
        known: set[str] = set()
        for record in read_file(storage, kind, file, shape):
            if record.kinds not in known:
                known.add(record.kinds)
                kinds.add(frozenset({record.kinds}))
            yield record.place, (layer, record.text)

    name, names = side.name, tuple(shape.names)

    def merged(one: tuple[int, str], other: tuple[int, str]) -> tuple[int, str]:
        if one[0] == other[0]:
            raise InputError(there_twice(name, names, one[1]))
        return max(one, other)

    pairs = spark.sparkContext.parallelize(units, len(units)).flatMap(read).reduceByKey(merged)
    return pairs.mapValues(lambda one: one[1]).filter(lambda pair: pair[1]), kinds


class _Union:
    """What Spark asks for to bring together sets that tasks have added to (`pyspark.AccumulatorParam`)."""

    def zero(self, value: frozenset[str]) -> frozenset[str]:
        """Of a task that has added nothing."""
        return frozenset()

    def addInPlace(self, value1: frozenset[str], value2: frozenset[str]) -> frozenset[str]:
        """Both."""
        return value1 | value2


def _told(asked: Any) -> Any:
    """What Spark gives; what a task found wrong with its file is told as by every engine."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        return asked()
    except (Py4JJavaError, PySparkException) as error:
        text = str(error)
        if _REASON in text:
            raise InputError(text.partition(_REASON)[2].splitlines()[0]) from error
        raise WorldError(f"Spark failed: {text.splitlines()[0]}") from error


def _balanced(counts: Counts) -> Counts:
    counts.equal = counts.read_left - counts.only_left - counts.changed
    return counts


def main(arguments: Sequence[str] | None = None) -> int:
    """The job for a cluster: differences as lines of JSON and as Parquet under --out. 0 equal, 1 different, 2 unknown:
    nothing was in the sample."""
    parser = argparse.ArgumentParser(description="Compare two DynamoDB exports.")
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("--key", required=True, help="attributes of the key, by commas")
    parser.add_argument("--ignore", default="", help="attributes that are not compared, by commas")
    parser.add_argument("--null-is-missing", action="store_true")
    parser.add_argument("--sample", type=float, default=1.0)
    parser.add_argument("--out", required=True, help="where the differences go; must not be there yet")
    given, _ = parser.parse_known_args(arguments)  # Glue adds options of its own
    rules = Rules(frozenset(filter(None, given.ignore.split(","))), given.null_is_missing)
    shape = Shape(tuple(given.key.split(",")), rules, Selection(fraction=given.sample))
    sides = [export_source(given.a), export_source(given.b)]
    with session() as spark:
        counts, rows = differing(spark, sides, shape)
        columns = ", ".join(f"{name} string" for name in ("place", "key", "kind", "a", "b", "changes"))
        found = spark.createDataFrame(rows.map(_columns), columns)
        found.write.parquet(given.out)
        for row in spark.read.parquet(given.out).groupBy("kind").count().collect():
            counts.only_left += row["count"] if row["kind"] == "only in A" else 0
            counts.only_right += row["count"] if row["kind"] == "only in B" else 0
            counts.changed += row["count"] if row["kind"] == "differs" else 0
    told = {name: count for name, count in _balanced(counts).as_json().items() if isinstance(count, int)}
    sys.stdout.write(json.dumps(told) + "\n")
    total = sum(side.items for side in sides)
    return Result(counts, Path(given.out), ENGINE, given.sample, total).exit_code


def _columns(row: str) -> tuple[str | None, ...]:
    body = json.loads(row)
    texts = (None if body[name] is None else json.dumps(body[name]) for name in ("key", "a", "b", "changes"))
    key, left, right, changes = texts
    return body["place"], key, body["kind"], left, right, changes


if __name__ == "__main__":
    sys.exit(main())
