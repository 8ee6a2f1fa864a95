"""Every engine finds the same differences: 10,000 of every kind, seeded into generated tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from two_tables import AT, KINDS, Tables, Unwatched, exported, incremental, item, tables

from harness.comparison import by_python
from harness.comparison.canonical import Rules
from harness.comparison.engines import ENGINES
from harness.comparison.records import Shape
from harness.comparison.result import Result
from harness.comparison.selection import Selection
from harness.comparison.sources import export_source
from harness.errors import InputError

NAMES = ("customer", "order")
COUNT, DIFFERENCES = 20_000, 10_000 * len(KINDS) // (len(KINDS) - 1)


def needs(engine: str) -> None:
    if engine == "duckdb":
        pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install 'drill-harness[compare]'")
    if engine == "spark":
        pytest.importorskip("pyspark", reason="Spark is not installed: pip install 'drill-harness[spark]'")
        if shutil.which("java") is None:
            pytest.skip("Spark needs Java, which is not installed")


def compared(engine: str, sides: Sequence[Path | str], folder: Path, shape: Shape | None = None) -> Result:
    sources = [export_source(str(side)) for side in sides]
    return ENGINES[engine](sources, shape or Shape(NAMES), folder / engine, Unwatched())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, list[Path], Path]:
    folder = tmp_path_factory.mktemp("exports")
    both = tables(COUNT, DIFFERENCES, seed=7)
    return both, [exported(folder, "a", both.a), exported(folder, "b", both.b)], folder


@pytest.fixture(scope="module")
def by_one(made: tuple[Tables, list[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Result:
    return compared("python", made[1], tmp_path_factory.mktemp("python"))


def test_every_seeded_difference_is_found_and_nothing_else(
    made: tuple[Tables, list[Path], Path], by_one: Result
) -> None:
    both, _, _ = made
    expected = both.expected()
    real = {key: what for key, what in both.seeded.items() if what.kind != "same"}
    assert len(real) >= 10_000
    found = {}
    for one in by_one.differences():
        key = json.loads(one.key)
        found[key["customer"]["S"], key["order"]["N"]] = one
    assert found.keys() == real.keys()
    for key, what in real.items():
        assert found[key].kind == what.kind
        if what.kind == "differs":
            assert [(change.path, change.kind) for change in found[key].changes] == [(what.path, what.what)]
    counts = by_one.counts
    assert (counts.only_left, counts.only_right) == (expected["only in A"], expected["only in B"])
    assert counts.equal == COUNT - len(real)
    assert (counts.read_left, counts.read_right) == (len(both.a), len(both.b))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_engines_agree_to_the_letter(
    made: tuple[Tables, list[Path], Path], by_one: Result, engine: str, tmp_path: Path
) -> None:
    needs(engine)
    found = compared(engine, made[1], tmp_path)
    assert found.rows.read_text() == by_one.rows.read_text()
    assert found.counts.as_json() == by_one.counts.as_json()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", "spark"])
@pytest.mark.parametrize(
    "shape",
    [
        Shape(NAMES, Rules(frozenset({"tags", "total", "order"}), null_is_missing=True)),
        Shape(NAMES, selection=Selection(fraction=0.1)),
    ],
    ids=["ignoring", "sample"],
)
def test_engines_agree_on_what_is_left_out(
    made: tuple[Tables, list[Path], Path], engine: str, shape: Shape, tmp_path: Path
) -> None:
    needs(engine)
    one, other = compared("python", made[1], tmp_path, shape), compared(engine, made[1], tmp_path, shape)
    assert one.counts.different > 100
    assert other.rows.read_text() == one.rows.read_text()
    assert other.counts.as_json() == one.counts.as_json()


@pytest.mark.slow
def test_the_job_for_a_cluster_writes_what_the_others_find(
    made: tuple[Tables, list[Path], Path], by_one: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs("spark")
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    from harness.comparison import by_spark

    out = str(tmp_path / "out")
    assert by_spark.main([*map(str, made[1]), "--key", "customer,order", "--out", out, "--JOB_NAME", "of Glue"]) == 1
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told == {name: count for name, count in by_one.counts.as_json().items() if isinstance(count, int)}
    with duckdb.connect() as db:
        found = db.execute(f"SELECT place, kind FROM '{out}/*.parquet' ORDER BY place").fetchall()
    assert found == [(one.place, one.kind) for one in by_one.differences()]


def change(number: int, new: bool, total: str = "1") -> dict[str, object]:
    import random

    whole = item(number, random.Random(number)) | {"total": {"N": total}}
    keys = {name: whole[name] for name in NAMES}
    return {"keys": keys, "old": None, "new": whole if new else None, "at_us": 1}


@pytest.mark.parametrize("engine", ENGINES)
def test_incremental_exports_are_put_on_top_in_order(engine: str, tmp_path: Path) -> None:
    needs(engine)
    import random
    from datetime import timedelta

    full = exported(tmp_path, "a", [item(number, random.Random(number)) for number in range(100)])
    first = incremental(tmp_path, "i1", [change(3, True, "5"), change(4, False), change(200, True)])
    second = incremental(tmp_path, "i2", [change(3, True, "6"), change(4, True, "7")], AT + timedelta(minutes=15))
    now = {number: item(number, random.Random(number)) for number in range(100)}
    for number, total in ((3, "6"), (4, "7"), (200, "1")):
        now[number] = item(number, random.Random(number)) | {"total": {"N": total}}
    then = exported(tmp_path, "now", now.values())
    assert compared(engine, [f"{full}+{first}+{second}", then], tmp_path / "1").are_equal
    without = compared(engine, [f"{full}+{first}", then], tmp_path / "2")
    assert (without.counts.changed, without.counts.only_right) == (1, 1)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    from datetime import timedelta

    full = exported(tmp_path, "a", [])
    first = incremental(tmp_path, "i1", [change(3, True)])
    late = incremental(tmp_path, "late", [change(3, True)], AT + timedelta(hours=1))
    with pytest.raises(InputError, match="incremental export"):
        export_source(str(first))
    with pytest.raises(InputError, match="changes between are in neither"):
        export_source(f"{full}+{late}")
    with pytest.raises(InputError, match="it is a full export"):
        export_source(f"{full}+{full}")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_without_the_named_key_is_refused_by_line(engine: str, tmp_path: Path) -> None:
    needs(engine)
    a = exported(tmp_path, "a", [{"id": {"S": "x"}}, {"no": {"S": "y"}}])
    with pytest.raises(InputError, match=r"data/\w+\.json\.gz:2: it has no attribute id, which is named as the key"):
        compared(engine, [a, a], tmp_path, Shape(("id",)))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_key_that_is_there_twice_is_refused(engine: str, tmp_path: Path) -> None:
    needs(engine)
    a = exported(tmp_path, "a", [{"id": {"N": "1"}}, {"id": {"N": "1.0"}}])
    with pytest.raises(InputError, match="a key is there twice"):
        compared(engine, [a, a], tmp_path, Shape(("id",)))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_damaged_data_file_is_refused_by_name(engine: str, tmp_path: Path) -> None:
    needs(engine)
    a = exported(tmp_path, "a", [{"id": {"N": str(number)}} for number in range(1000)])
    (file,) = (a / "data").iterdir()
    whole = file.read_bytes()
    for damaged in (whole[:-100], whole[:200] + b"x" + whole[201:], b"", b"no gzip at all"):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=file.name):
            compared(engine, [a, a], tmp_path, Shape(("id",)))
        shutil.rmtree(tmp_path / engine, ignore_errors=True)


class Interrupted(Exception):
    """Whoever compares was killed."""


class Killer(Unwatched):
    def __init__(self, after: int) -> None:
        self.left = after

    def reading(self, side: str, items: int, of: int) -> None:
        self.left -= 1
        if not self.left:
            raise Interrupted

    comparing = lambda self, done, of: self.reading("", done, of)  # noqa: E731


@pytest.mark.parametrize("after", [1, 2, 5, 9, 14, 20])
def test_a_comparison_goes_on_where_it_was_interrupted(after: int, tmp_path: Path) -> None:
    both = tables(2_000, 500, seed=after)
    sides = [exported(tmp_path, name, items, 400) for name, items in (("a", both.a), ("b", both.b))]
    whole = compared("python", sides, tmp_path)
    sources = [export_source(str(side)) for side in sides]
    with pytest.raises(Interrupted):
        by_python.compare(sources, Shape(NAMES), tmp_path / "work", Killer(after))
    reads = Killer(10**9)
    again = by_python.compare(sources, Shape(NAMES), tmp_path / "work", reads)
    assert again.rows.read_text() == whole.rows.read_text()
    assert again.counts == whole.counts
    assert 10**9 - reads.left < 5 + 5 + 16
    with pytest.raises(InputError, match="of another comparison"):
        by_python.compare(sources, Shape(NAMES, Rules(frozenset({"total"}))), tmp_path / "work", Unwatched())
