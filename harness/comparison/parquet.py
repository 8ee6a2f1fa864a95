"""The differences as a Parquet file: a row for each key; items and values as DynamoDB JSON, changes as a list."""

from __future__ import annotations

from pathlib import Path

from harness.errors import InputError

_COLUMNS = (
    "{place: 'VARCHAR', key: 'JSON', kind: 'VARCHAR', a: 'JSON', b: 'JSON', "
    "changes: 'STRUCT(path VARCHAR, kind VARCHAR, a JSON, b JSON)[]'}"
)
_OBJECT_MAX = 32 << 20


def write_parquet(rows: Path, target: Path) -> None:
    """From the file of differences. Raises InputError where DuckDB is missing or the file cannot be written."""
    try:
        import duckdb
    except ImportError:
        raise InputError("--parquet needs DuckDB: pip install 'drill-harness[compare]'") from None
    read = f"read_json(?, format='newline_delimited', columns={_COLUMNS}, maximum_object_size={_OBJECT_MAX})"
    with duckdb.connect() as db:
        try:
            db.execute("SET memory_limit='400MB'")
            db.execute(f"COPY (SELECT * FROM {read}) TO '{_quoted(target)}' (FORMAT parquet)", [str(rows)])  # noqa: S608
        except duckdb.Error as error:
            raise InputError(f"{target}: it cannot be written: {error}") from error


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
