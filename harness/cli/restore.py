"""`drill restore`: a backup back into a theme, an app's folder or a database, shown before it is done."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from harness.cli.complaining import complain
from harness.errors import InputError, WorldError
from harness.reporting import terminal

if TYPE_CHECKING:
    from harness.archive.pieces.making import Making
    from harness.archive.restoring import Change, Restored
    from harness.archive.snapshot import Snapshot

EXAMPLES = """
Examples:

`drill restore shop.yaml --dry-run`: what differs from the newest backup

`drill restore shop.yaml theme --yes`

`drill restore shop.yaml theme --from 3f2a1c9 --to theme=1234567890`: an older one, to another theme

`drill restore shop.yaml databases/orders --to databases/orders=us-west-2:orders-restored`

`drill restore /var/backups/shop.git configuration code --to configuration=app --to code=app`: all that is left is the
repository

Exit codes: 0 restored and found the same (--dry-run: nothing differs), 1 something differs, 3 nothing was touched, or
the restore failed.
"""
EXIT_DIFFERENT = 1


def restore(
    source: Annotated[Path, typer.Argument(help="The backup's description, or its repository.", metavar="FILE")],
    pieces: Annotated[
        list[str] | None, typer.Argument(help="What to restore: theme, databases/NAME, ... Default: all.")
    ] = None,
    backup: Annotated[str | None, typer.Option("--from", help="Which backup, by its id. Default: the newest.")] = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", help="PIECE=TARGET: somewhere else: a theme, a folder, a file, a table, an URL."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and touch nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Restore a backup: it is checked whole, what differs is shown, changed, and compared again, which proves it."""
    from harness.archive import restoring
    from harness.archive.repository import locked

    with _taken(source, backup) as (snapshot, making):
        chosen = making.pieces(pieces or (), _targets(to or ()))
        _say(f"backup {snapshot.made.id[:10]} of {snapshot.made.made_at:%Y-%m-%d %H:%M:%S} UTC")
        changes = restoring.planned(snapshot, chosen)
        for change in changes:
            _show(change)
        differ = [change for change in changes if not change.difference.is_none]
        if dry_run:
            _say("nothing was touched" if differ else "nothing differs")
            raise typer.Exit(EXIT_DIFFERENT if differ else 0)
        if differ:
            _agreed(yes)
        with locked(snapshot.repository):
            done = [restoring.restore(change) for change in changes]
            _noted(snapshot, done)
    for one in done:
        same = "as in the backup, compared: proven" + ("" if one.written else "; nothing had to be written")
        words = f"still differs: {one.left}" if not one.left.is_none else same
        _say(f"{one.piece.name}: {words}")
        for line in () if one.left.is_none else one.left.lines():
            _say(f"  {line}")
    if any(not one.left.is_none for one in done):
        raise typer.Exit(EXIT_DIFFERENT)


@contextlib.contextmanager
def _taken(source: Path, backup: str | None) -> Iterator[tuple[Snapshot, Making]]:
    """The backup, and what makes pieces of the description: of the file, or of the one that is in the backup."""
    from harness.archive.description import load_description
    from harness.archive.pieces.making import Making
    from harness.archive.repository import opened
    from harness.archive.snapshot import Snapshot
    from harness.cli.backup import described

    if not source.is_dir():
        _, making = described(source)
        with opened(making.repository()) as repository:
            yield Snapshot(repository, repository.find(backup)), making
        return
    with opened(source) as repository, tempfile.TemporaryDirectory(prefix="drill-restore-") as folder:
        snapshot = Snapshot(repository, repository.find(backup))
        file = Path(folder) / "backup.yaml"
        file.write_bytes(snapshot.description() or b"")
        yield snapshot, Making(load_description(file), Path.cwd(), os.environ)


def _noted(snapshot: Snapshot, done: Sequence[Restored]) -> None:
    """A repository on a medium that cannot be written to restores as well as any; it only stays unproven."""
    from harness.archive import restoring

    try:
        restoring.note(snapshot.repository, snapshot, done, datetime.now(UTC))
    except WorldError as error:
        complain(f"what was restored is not noted as proven: {error}")


def _targets(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in given:
        piece, sign, target = text.partition("=")
        if not sign or not target:
            raise InputError(f"--to {text}: it is PIECE=TARGET, theme=1234567890 for one")
        found[piece] = target
    return found


def _show(change: Change) -> None:
    _say(f"{change.piece.name} -> {change.piece.target}: {change.difference}")
    for line in change.difference.lines():
        _say(f"  {line}")


def _agreed(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError("nothing was touched: --yes says that you want this, --dry-run shows it")
    terminal.console().print(Text("\nType restore to do this: "), end="")
    if sys.stdin.readline().strip() != "restore":
        raise InputError("nothing was touched: that was not `restore`")


def _say(text: str) -> None:
    from harness.reporting.wording import clean

    terminal.console().print(Text(clean(text)), soft_wrap=True)
