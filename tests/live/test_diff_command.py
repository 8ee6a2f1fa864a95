"""`drill diff` as it is typed: live tables, exports, and what is wrong with them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_region_seams import MODULE, Region
from two_tables import exported, tables

from harness.cli.main import app
from harness.engines.aws.clients import NewTable, create_tables
from harness.errors import InputError
from harness.processes.forkserver import ForkServer, stop_all

pytestmark = [pytest.mark.live, pytest.mark.beside]


def drill(*arguments: str) -> tuple[int, str, str]:
    command = [str(Path(sys.executable).with_name("drill")), *arguments]
    wide = {**os.environ, "COLUMNS": "240"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100, env=wide)
    return done.returncode, done.stdout, done.stderr


def refusal(*arguments: str) -> str:
    """What a command is refused with, without a process of its own."""
    with pytest.raises(InputError) as refused:
        app(list(arguments), standalone_mode=False)
    return str(refused.value)


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Region, Region]]:
    with ForkServer([MODULE], tmp_path_factory.mktemp("regions")) as servers:
        started = [
            servers.spawn(f"region.{name}", MODULE, {"region": name, "listen": ["127.0.0.1", 0]})
            for name in ("us-east-1", "us-west-2")
        ]
        found = [Region(process) for process in started]
        yield found[0], found[1]
        for region in found:
            region.db.close()
        stop_all(started)


def fill(region: Region, name: str, items: list[dict[str, Any]]) -> str:
    create_tables(region.db, [NewTable(name, ("customer", "order"), {"order": "N"})])
    decoded = [one for one in items if one["name"] != {"S": ""}]
    for start in range(0, len(decoded), 25):
        puts = [{"PutRequest": {"Item": as_boto(one)}} for one in decoded[start : start + 25]]
        region.db.batch_write_item(RequestItems={name: puts})
    host, port = region.address
    return f"us-east-1:{name}@http://{host}:{port}"


def as_boto(item: Any) -> Any:
    import base64

    def value(given: Any) -> Any:
        ((kind, inner),) = given.items()
        if kind == "B":
            return {kind: base64.b64decode(inner)}
        if kind == "BS":
            return {kind: [base64.b64decode(one) for one in inner]}
        if kind == "M":
            return {kind: {name: value(one) for name, one in inner.items()}}
        return {kind: [value(one) for one in inner]} if kind == "L" else given

    return {name: value(one) for name, one in item.items()}


def test_live_tables_and_an_export_are_compared(regions: tuple[Region, Region], tmp_path: Path) -> None:
    both = tables(700, 160, seed=3)
    a = fill(regions[0], "orders", both.a)
    b = fill(regions[0], "copy", both.b)
    export = exported(tmp_path, "a", [one for one in both.a if one["name"] != {"S": ""}])

    code, out, _ = drill("diff", a, str(export))
    assert (code, out.splitlines()[-1]) == (0, "equal")
    code, out, _ = drill("diff", a, b, "--json", "--read-units", "5000")
    assert code == 1
    live = json.loads(out)
    other = exported(tmp_path, "b", [one for one in both.b if one["name"] != {"S": ""}])
    code, out, _ = drill("diff", str(export), str(other), "--key", "customer,order", "--json")
    assert code == 1
    stored = json.loads(out)
    assert live["differences"] == stored["differences"]
    assert live["counts"] == stored["counts"]
    assert live["counts"]["different"] > 100
    first = live["differences"][0]["key"]["customer"]["S"]
    code, out, _ = drill("diff", a, b, "--json", "--partition", first)
    assert {one["key"]["customer"]["S"] for one in json.loads(out)["differences"]} == {first}


def test_what_is_wrong_is_told_with_its_place(regions: tuple[Region, Region], tmp_path: Path) -> None:
    export = exported(tmp_path, "a", [{"id": {"S": "x"}}])
    for arguments, told in (
        ((str(export), str(export)), "say which attributes the key is of"),
        ((str(export), str(tmp_path / "nothing"), "--key", "id"), "manifest-summary.json: it is not there"),
        ((str(export), str(export), "--key", "other"), "it has no attribute other"),
        ((str(export), str(export), "--key", "id", "--sample", "2"), "--sample 2.0"),
        ((str(export), str(export), "--key", "id", "--engine", "abacus"), "there are auto, python, duckdb, spark"),
        ((f"us-east-1:none@http://127.0.0.1:{regions[0].address[1]}", str(export)), "ResourceNotFoundException"),
    ):
        assert told in refusal("diff", *arguments)
    summary = export / "manifest-summary.json"
    summary.write_bytes(summary.read_bytes()[:-20])
    code, _, err = drill("diff", str(export), str(export), "--key", "id")
    assert code == 3
    assert "manifest-summary.json: its checksum is not the one" in err


def test_all_differences_are_in_the_parquet_file(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    both = tables(500, 200, seed=4)
    a, b = exported(tmp_path, "a", both.a), exported(tmp_path, "b", both.b)
    code, out, _ = drill("diff", str(a), str(b), "--key", "customer,order", "--parquet", str(tmp_path / "d.parquet"))
    assert code == 1
    with duckdb.connect() as db:
        kinds = db.execute(f"SELECT kind, count(*) FROM '{tmp_path}/d.parquet' GROUP BY kind").fetchall()
        path = db.execute(
            f"SELECT changes[1].path FROM '{tmp_path}/d.parquet' WHERE kind = 'differs' LIMIT 1"
        ).fetchone()
    assert dict(kinds) == {kind: count for kind, count in both.expected().items() if kind != "same"}
    assert path is not None
    assert "different:" in out.splitlines()[-1]


def test_what_changes_while_it_is_read_is_looked_at_again(regions: tuple[Region, Region]) -> None:
    from harness.comparison import by_python
    from harness.comparison.live import Pace, live_table
    from harness.comparison.records import Shape

    region = regions[1]
    both = tables(60, 0, seed=random.randrange(1))
    a, b = fill(region, "left", both.a), fill(region, "right", both.b)
    late = as_boto(next(one for one in both.a if one["name"] != {"S": ""}) | {"total": {"N": "77"}})

    class Writer:
        """Writes to both tables between the reading of A and that of B."""

        def reading(self, side: str, items: int, of: int) -> None:
            if side == "A":
                for name in ("left", "right"):
                    region.db.put_item(TableName=name, Item=late)

        def comparing(self, done: int, of: int) -> None:
            pass

    import tempfile

    sources = [live_table(one, Pace()) for one in (a, b)]
    assert sources[0] is not None
    assert sources[1] is not None
    with tempfile.TemporaryDirectory() as folder:
        found = by_python.compare([sources[0], sources[1]], Shape(("customer", "order")), Path(folder), Writer())
    assert found.are_equal
    assert found.counts.settled == 1
    for source in sources:
        source.close()  # type: ignore[union-attr]
