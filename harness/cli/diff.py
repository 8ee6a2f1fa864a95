"""`drill diff`: whether two tables hold the same, each of them live or an export."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.errors import InputError

if TYPE_CHECKING:
    from harness.comparison.live import Pace
    from harness.comparison.records import Shape
    from harness.comparison.sources import Source

EXAMPLES = """
Examples:

`drill diff us-east-1:orders us-west-2:orders`

`drill diff us-east-1:orders@http://127.0.0.1:4566 exports/AWSDynamoDB/01693685827463-2d8752fd`

`drill diff s3://bucket/a/AWSDynamoDB/ID s3://bucket/b/AWSDynamoDB/ID --key id --ignore updated_at`

`drill diff FULL+INCREMENTAL+INCREMENTAL OTHER --key id --engine duckdb --parquet differences.parquet`

A live table is REGION:TABLE, REGION:TABLE@ENDPOINT or an ARN; an export is the folder, or the s3:// address, in which
its manifests lie. Exit codes: 0 equal, 1 different, 2 nothing was in the sample, 3 something cannot be read or
compared, 130 interrupted.
"""


def diff(
    a: Annotated[str, typer.Argument(help="One side: a live table or an export.", metavar="A")],
    b: Annotated[str, typer.Argument(help="The other side.", metavar="B")],
    key: Annotated[
        str | None, typer.Option(help="Attributes of the key, by commas. Default: a live table's own.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Attributes that are not compared, by commas.")] = None,
    null_is_missing: Annotated[
        bool, typer.Option("--null-is-missing", help="NULL and no attribute at all count as the same.")
    ] = False,
    partition: Annotated[str | None, typer.Option(help="Only items with this partition key.")] = None,
    key_from: Annotated[
        str | None, typer.Option("--from", help="Only keys from here on: partition keys; with --partition, sort keys.")
    ] = None,
    key_to: Annotated[str | None, typer.Option("--to", help="Only keys before this one.")] = None,
    sample: Annotated[
        float, typer.Option(help="Compare this share of the keys, the same on both sides: 0.01 is one in a hundred.")
    ] = 1.0,
    engine: Annotated[str, typer.Option(help="auto, python, duckdb or spark. They give the same answer.")] = "auto",
    read_share: Annotated[float, typer.Option(help="Read no more than this share of a live table's capacity.")] = 0.5,
    read_units: Annotated[float | None, typer.Option(help="Read so many read units a second instead.")] = None,
    consistent: Annotated[
        bool, typer.Option("--consistent", help="Read live tables with strong consistency, at twice the price.")
    ] = False,
    work: Annotated[
        Path | None, typer.Option(help="Keep what has been read here; the same command goes on from there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print counts and every difference as JSON.")] = False,
    parquet: Annotated[Path | None, typer.Option(help="Write every difference to a Parquet file.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many differences are shown to people.")] = 20,
) -> None:
    """Compare two tables item by item, whatever their size: live ones, exports to S3, or one of each."""
    from harness.cli import diff_view
    from harness.comparison.engines import engine_for
    from harness.comparison.live import Pace
    from harness.comparison.parquet import write_parquet
    from harness.comparison.selection import Selection

    if not 0 < sample <= 1:
        raise InputError(f"--sample {sample}: a share above 0, up to 1")
    if not 0 < read_share <= 1 or (read_units is not None and read_units <= 0):
        raise InputError("--read-share is above 0 and up to 1, --read-units above 0")
    selection = Selection(partition, key_from, key_to, sample)
    with sides((a, b), Pace(read_share, read_units, consistent)) as sources, _folder(work) as folder:
        shape = shaped(sources, key, _names(ignore), null_is_missing=null_is_missing, selection=selection)
        run = engine_for(engine, sources, shape, resumes=work is not None)
        with diff_view.progress(sources) as watcher:
            result = run(sources, shape, folder, watcher)
        if parquet is not None:
            write_parquet(result.rows, parquet)
        diff_view.show(result, (a, b), shape.names, limit=limit, as_json=as_json)
        raise typer.Exit(result.exit_code)


def _names(given: Sequence[str] | None) -> frozenset[str]:
    return frozenset(name for one in given or () for name in one.split(",") if name)


@contextlib.contextmanager
def sides(texts: Sequence[str], pace: Pace) -> Iterator[list[Source]]:
    """What was typed, opened; live tables are closed in the end. Raises InputError, WorldError."""
    from harness.comparison.live import live_table
    from harness.comparison.sources import export_source

    with contextlib.ExitStack() as stack:
        found: list[Source] = []
        for text in texts:
            live = None if Path(text).exists() else live_table(text, pace)
            if live is not None:
                stack.callback(live.close)
            found.append(live or export_source(text))
        yield found


def shaped(
    sources: Sequence[Source], key: str | None, ignore: frozenset[str], *, null_is_missing: bool, selection: object
) -> Shape:
    """What is compared. Raises InputError where the key is not known, or is not the one of a live table."""
    from harness.comparison.canonical import Malformed, Rules
    from harness.comparison.records import Shape
    from harness.comparison.selection import Selection, chooser

    typed = None if key is None else tuple(filter(None, key.split(",")))
    names = typed or next((source.names for source in sources if source.names), None)
    if not names or len(names) > 2:
        raise InputError("say which attributes the key is of: --key id, or --key customer,order")
    for source in sources:
        if source.names is not None and source.names != names:
            raise InputError(f"{source.name} has the key {', '.join(source.names)}, and not {', '.join(names)}")
    _same_kinds(sources)
    assert isinstance(selection, Selection)
    try:
        chooser(selection, names)
    except Malformed as error:
        raise InputError(f"--from, --to: {error}") from error
    return Shape(names, Rules(ignore, null_is_missing), selection)


def _same_kinds(sources: Sequence[Source]) -> None:
    """Live tables whose keys are of different types have no key in common. Raises InputError."""
    known = [(source.name, source.key_types) for source in sources if source.key_types is not None]
    for (one, kinds), (other, others) in itertools.pairwise(known):
        for name, kind in kinds.items():
            if others.get(name) != kind:
                text = f"the key attribute {name} is of type {kind} in {one} and of type {others.get(name)} in {other}"
                raise InputError(f"{text}: they can have no item in common")


@contextlib.contextmanager
def _folder(work: Path | None) -> Iterator[Path]:
    if work is not None:
        yield work
        return
    with tempfile.TemporaryDirectory(prefix="drill-diff-") as folder:
        yield Path(folder)
