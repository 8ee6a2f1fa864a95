"""Which engine compares: chosen by name, or by what the two sides are and what is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.comparison import by_duckdb, by_python, by_spark
from harness.comparison.by_python import Watcher
from harness.comparison.records import Shape
from harness.comparison.result import Result
from harness.comparison.sources import ExportSource, Source
from harness.errors import InputError

Engine = Callable[[Sequence[Source], Shape, Path, Watcher], Result]
ENGINES: Mapping[str, Engine] = {
    by_python.ENGINE: by_python.compare,
    by_duckdb.ENGINE: by_duckdb.compare,
    by_spark.ENGINE: by_spark.compare,
}
AUTO = "auto"


def _by_duckdb_or_python(sources: Sequence[Source], shape: Shape, folder: Path, watcher: Watcher) -> Result:
    """What SQL cannot take, half a surrogate pair say, Python may; and it tells the line of what nothing can take."""
    try:
        return by_duckdb.attempt(sources, shape, folder, watcher)
    except by_duckdb.Unable:
        return by_python.compare(sources, shape, folder, watcher)


def engine_for(name: str, sources: Sequence[Source], shape: Shape, *, resumes: bool) -> Engine:
    """auto: DuckDB where both sides are exports of this machine and it is installed, else Python, which alone reads
    live tables and goes on where it stopped. Raises InputError for a name that there is not."""
    if name != AUTO:
        if name not in ENGINES:
            raise InputError(f"--engine {name}: there are {AUTO}, {', '.join(ENGINES)}")
        return ENGINES[name]
    can = all(isinstance(one, ExportSource) and one.is_here for one in sources) and not shape.selection.is_ranged
    if can and not resumes and importlib.util.find_spec("duckdb") is not None:
        return _by_duckdb_or_python
    return by_python.compare
