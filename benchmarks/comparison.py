"""How fast two exports are compared, and with how much memory: our engines beside others.

    python benchmarks/comparison.py [--items 200000] [--differences 1000] [--only "NAME;NAME"] [--live 5000]

Two exports are generated (about 330 bytes an item as JSON). Each contestant runs in a process of its own, so that its
memory and its processors' time are its own. `plain loop`, `plain DuckDB` and `Polars` compare texts and know nothing of
numbers, sets or what is damaged: they are what somebody would write by hand. `--live N` compares two live tables of N
items on two region servers, and tells our share of the processors' time.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.comparison.engines import ENGINES
from harness.comparison.exports import writer
from harness.comparison.exports.writer import Told
from harness.comparison.records import Shape
from harness.comparison.sources import export_source

AT = datetime(2026, 11, 1, tzinfo=UTC)
FILE_ITEMS = 250_000


def items(count: int, differ_every: int) -> Iterator[dict[str, Any]]:
    """Orders; each so many-th has another total."""
    source = random.Random(1)
    for number in range(count):
        total = source.randrange(10**6)
        yield {
            "id": {"S": f"order-{number:09d}"},
            "customer": {"S": f"customer {number // 7}"},
            "total": {"N": str(total + (differ_every > 0 and number % differ_every == 0))},
            "paid": {"BOOL": number % 3 == 0},
            "tags": {"SS": ["red", "green", "blue"]},
            "address": {"M": {"city": {"S": f"city {number % 100}"}, "zip": {"N": "12345"}}},
            "lines": {"L": [{"S": "a line"}, {"N": "3"}]},
            "note": {"S": "made for a benchmark, and as long as notes are"},
        }


def made(folder: Path, name: str, count: int, differ_every: int) -> str:
    """A full export; where it lies."""
    told = Told("arn:aws:dynamodb:us-east-1:123456789012:table/orders", "id", "b", name, "0100", AT, AT, AT)
    writer.write_full(told, items(count, differ_every), writer.into(folder), FILE_ITEMS)
    return str(folder / told.folder)


class Unwatched:
    """Nobody looks on."""

    def reading(self, side: str, items: int, of: int) -> None:
        """See Watcher."""

    def comparing(self, done: int, of: int) -> None:
        """See Watcher."""


def ours(engine: str) -> Callable[[list[str], Path], int]:
    """One of our engines."""

    def run(sides: list[str], folder: Path) -> int:
        sources = [export_source(side) for side in sides]
        return ENGINES[engine](sources, Shape(("id",)), folder, Unwatched()).counts.different

    return run


def data(side: str) -> list[str]:
    """The data files of an export."""
    return sorted(map(str, (Path(side) / "data").glob("*.gz")))


def plain_loop(sides: list[str], _: Path) -> int:
    """Everything in two dictionaries."""
    tables = []
    for side in sides:
        table = {}
        for name in data(side):
            with gzip.open(name, "rb") as file:
                for line in file:
                    item = json.loads(line)["Item"]
                    table[item["id"]["S"]] = item
        tables.append(table)
    a, b = tables
    return sum(1 for key in a.keys() | b.keys() if a.get(key) != b.get(key))


def plain_duckdb(sides: list[str], _: Path) -> int:
    """A join of texts."""
    import duckdb

    with duckdb.connect() as db:
        read = "(SELECT json->>'$.Item.id.S' AS k, json AS j FROM read_ndjson_objects({}, compression='gzip'))"
        a, b = (read.format(data(side)) for side in sides)
        found = db.execute(f"SELECT count(*) FROM {a} a FULL JOIN {b} b ON a.k = b.k WHERE a.j IS DISTINCT FROM b.j")
        return int(found.fetchall()[0][0])


def polars(sides: list[str], _: Path) -> int:
    """A join of texts, of all that is in memory."""
    import polars as pl

    tables = []
    for side in sides:
        lines = [line for name in data(side) for line in gzip.decompress(Path(name).read_bytes()).decode().splitlines()]
        table = pl.DataFrame({"j": lines}).with_columns(k=pl.col("j").str.json_path_match("$.Item.id.S"))
        tables.append(table)
    joined = tables[0].join(tables[1], on="k", how="full", suffix="_b")
    return int(joined.filter(pl.col("j").ne_missing(pl.col("j_b"))).height)


CONTESTANTS: dict[str, Callable[[list[str], Path], int]] = {
    "drill diff, python": ours("python"),
    "drill diff, duckdb": ours("duckdb"),
    "drill diff, spark": ours("spark"),
    "plain loop": plain_loop,
    "plain DuckDB": plain_duckdb,
    "Polars": polars,
}


def _child(name: str, sides: list[str], folder: Path, told: Any) -> None:
    began, cpu = time.monotonic(), time.process_time()
    try:
        found: int | str = CONTESTANTS[name](sides, folder / name.replace(" ", "-"))
    except ImportError as error:
        found = f"left out: {error}"
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = time.process_time() - cpu + children.ru_utime + children.ru_stime
    peak = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children.ru_maxrss) / 1024
    told.put((found, time.monotonic() - began, spent, peak))


def contest(names: list[str], count: int, differences: int) -> None:
    """Each contestant on the same two exports."""
    with tempfile.TemporaryDirectory(prefix="drill-bench-") as text:
        folder = Path(text)
        every = max(1, count // differences) if differences else 0
        sides = [made(folder, "a", count, 0), made(folder, "b", count, every)]
        size = sum(Path(name).stat().st_size for side in sides for name in data(side))
        print(f"{count:,} items a side, {size / 1e6:.0f} MB of packed files in all\n")
        print(f"{'':24}{'found':>8}{'s':>9}{'CPU s':>9}{'M items/min/core':>18}{'MB':>8}")
        context = multiprocessing.get_context("spawn")
        for name in names:
            told = context.SimpleQueue()
            process = context.Process(target=_child, args=(name, sides, folder, told))
            process.start()
            process.join()
            if told.empty():
                print(f"{name:24}  failed")
                continue
            found, took_s, cpu_s, peak = told.get()
            if isinstance(found, str):
                print(f"{name:24}  {found}")
                continue
            if "spark" in name:  # Java's share is nobody's child any more when it ends
                print(f"{name:24}{found:>8}{took_s:>9.1f}{'-':>9}{'-':>18}{'-':>8}", flush=True)
                continue
            rate = count / cpu_s * 60 / 1e6
            print(f"{name:24}{found:>8}{took_s:>9.1f}{cpu_s:>9.1f}{rate:>18.1f}{peak:>8.0f}", flush=True)


def live(count: int) -> None:
    """Two live tables on a server of their own each; our share of all processors' time."""
    from harness.comparison import by_python
    from harness.comparison.live import Pace, live_table
    from harness.engines.aws.calls import DYNAMODB, call
    from harness.engines.aws.clients import NewTable, RegionClients, create_tables
    from harness.processes.forkserver import ForkServer, stop_all

    module = "harness.engines.moto.server"
    with tempfile.TemporaryDirectory(prefix="drill-bench-") as text, ForkServer([module], Path(text)) as servers:
        processes = [
            servers.spawn(f"region.{name}", module, {"region": "us-east-1", "listen": ["127.0.0.1", 0]})
            for name in "ab"
        ]
        sides = []
        for number, process in enumerate(processes):
            host, port = process.ready(60)["listen"]
            address = (str(host), int(port))
            db = RegionClients("us-east-1", address).client("dynamodb")
            create_tables(db, [NewTable("orders", "id")])
            db.close()
            batch: list[Any] = []
            for item in items(count, 100 * number):
                batch.append({"PutRequest": {"Item": item}})
                if len(batch) == 25:
                    call(address, "us-east-1", DYNAMODB, "BatchWriteItem", {"RequestItems": {"orders": batch}}, 30)
                    batch = []
            sides.append(f"us-east-1:orders@http://{host}:{port}")
        sources = [found for side in sides if (found := live_table(side, Pace(units=1e9))) is not None]
        began, cpu = time.monotonic(), time.process_time()
        result = by_python.compare(sources, Shape(("id",)), Path(text) / "work", Unwatched())
        took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
        for source in sources:
            source.close()
        stop_all(processes)
    rate = count / took_s
    print(f"\nlive: {count:,} items a side, {result.counts.different} differ, {took_s:.1f} s, {rate:,.0f} items/s;")
    print(f"our own processor time {cpu_s:.1f} s: {cpu_s / took_s:.0%} of one core, the servers had the rest")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--differences", type=int, default=1_000)
    parser.add_argument("--only", default="", help="contestants, by semicolons")
    parser.add_argument("--live", type=int, default=2_000, help="items of the live tables; 0: none")
    given = parser.parse_args()
    names = [name.strip() for name in given.only.split(";") if name.strip()] or list(CONTESTANTS)
    unknown = [name for name in names if name not in CONTESTANTS]
    if unknown:
        sys.exit(f"there are {', '.join(CONTESTANTS)}")
    contest(names, given.items, given.differences)
    if given.live:
        live(given.live)


if __name__ == "__main__":
    main()
