"""`drill backup`: a shop's theme, its app's configuration, code, databases and scripts into a Git repository."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from harness.cli.complaining import complain
from harness.errors import InputError
from harness.reporting import terminal

if TYPE_CHECKING:
    from harness.archive.backing_up import BackedUp
    from harness.archive.description import Description
    from harness.archive.pieces.making import Making
    from harness.archive.repository import Repository

EXAMPLES = """
Examples:

`drill backup run shop.yaml`: one commit, if anything has changed since the last one

`drill backup list shop.yaml`

`drill backup status shop.yaml --within-hours 26`: for a monitor

`drill backup cron shop.yaml --at "17 * * * *"`: the line for your crontab

`drill restore shop.yaml theme --dry-run`

The file is described in docs/ARCHIVES.md. Exit codes: 0 done, 1 `status`: unproven or too old, 3 input or harness, 75
`run`: another one goes on.
"""
EXIT_NOT_GOOD, EXIT_BUSY = 1, 75

app = typer.Typer(
    help="Back a shop up: theme, app configuration, code, databases, scripts, in a Git repository.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog=EXAMPLES,
)
File = Annotated[Path, typer.Argument(help="The backup's description.", metavar="FILE")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print only what went wrong, as cron wants it.")]


@app.command("run", epilog="Example: `drill backup run shop.yaml`; exit codes: 0 done, 3 nothing was kept, 75 busy")
def run(file: File, quiet: Quiet = False) -> None:
    """Back up what has changed: one commit for a new state, none where there is none; read again after writing."""
    from harness.archive.backing_up import back_up
    from harness.archive.repository import Busy, locked

    told, making = described(file)
    pieces = making.pieces()
    with _opened(making, create=True) as repository:
        try:
            with locked(repository):
                now = datetime.now(UTC)
                done = back_up(told.name, file.read_bytes(), pieces, repository, now, secrets=making.secrets())
                for warning in done.warnings:
                    complain(warning)
                if not quiet:  # before old ones are taken away: whatever comes of that, this is kept
                    _show(done)
                pruned = _pruned(told, repository, now)
        except Busy as error:
            complain(str(error))
            raise typer.Exit(EXIT_BUSY) from error
    if pruned and not quiet:
        _say(f"{pruned} backups were older than `keep` says, and are gone")


def _show(done: BackedUp) -> None:
    if done.made is None:
        assert done.before is not None
        since = f"{done.before.id[:10]} of {done.before.made_at:%Y-%m-%d %H:%M} UTC"
        _say(f"nothing has changed since {since} ({done.files} files)")
        return
    for piece, words in done.changes.items():
        _say(f"{piece}: {words or 'unchanged'}")
    _say(f"kept as {done.made.id[:10]}: {done.files} files, read again and found right")


@app.command("list", epilog="Example: `drill backup list shop.yaml`")
def show_list(file: File) -> None:
    """All backups, newest first, and which of them have been proven by a restore."""
    from rich.table import Table

    from harness.archive import proofs
    from harness.archive.snapshot import Snapshot

    _, making = described(file)
    table = Table("backup", "made at (UTC)", "what was new", "restored", box=None, pad_edge=False)
    with _opened(making) as repository:
        known = proofs.of(repository)
        for made in repository.history():
            standing = proofs.standing(Snapshot(repository, made).manifest, known)
            cells = (made.id[:10], f"{made.made_at:%Y-%m-%d %H:%M:%S}", made.message, standing.words)
            table.add_row(*map(Text, cells))
    terminal.console().print(table)


@app.command("status", epilog="Example: `drill backup status shop.yaml --within-hours 26`")
def status(
    file: File,
    within_hours: Annotated[float | None, typer.Option(help="The newest one must be no older than that.")] = None,
) -> None:
    """The newest backup, piece by piece: what it holds, and where it was restored to. Exit code 1: unproven or old."""
    from harness.archive import proofs
    from harness.archive.snapshot import Snapshot

    told, making = described(file)
    with _opened(making) as repository:
        made = repository.find(None)
        manifest = Snapshot(repository, made).manifest
        standing = proofs.standing(manifest, proofs.of(repository))
        count = len(repository.history())
    age = datetime.now(UTC) - made.made_at
    old = within_hours is not None and age > timedelta(hours=within_hours)
    _say(f"{told.name}: {count} backup{'' if count == 1 else 's'} in {making.repository()}")
    _say(f"newest: {made.id[:10]} of {made.made_at:%Y-%m-%d %H:%M:%S} UTC, {_ago(age)} ago{': too old' if old else ''}")
    for name, piece in manifest.pieces.items():
        proof = standing.proven.get(name)
        words = "never restored: unproven" if proof is None else f"proven: {proof.words}"
        _say(f"  {name}: {len(piece.sums)} files; {words}")
    lacking = [name for name in making.names() if name not in manifest.pieces]
    if lacking:
        _say(f"  not in it yet: {', '.join(lacking)}")
    _say(standing.words)
    if standing.unproven or lacking or old:
        raise typer.Exit(EXIT_NOT_GOOD)


@app.command("verify", epilog="Example: `drill backup verify shop.yaml --all`")
def verify(
    file: File, every: Annotated[bool, typer.Option("--all", help="All backups, not the newest.")] = False
) -> None:
    """Read a backup as it lies on the disk, and compare every file with the manifest."""
    from harness.archive.backing_up import verify as read_again

    _, making = described(file)
    with _opened(making) as repository:
        for made in repository.history() if every else [repository.find(None)]:
            _say(f"{made.id[:10]}: {read_again(repository, made)} files, all as they were written")


@app.command("prune", epilog="Example: `drill backup prune shop.yaml` (`run` does it, too)")
def prune(file: File) -> None:
    """Take away what is older than `keep` says: history is cut as a shallow clone's is, and the rest stays as it is."""
    from harness.archive.repository import locked

    told, making = described(file)
    if told.keep is None:
        raise InputError(f"{file}: it says nothing of `keep`, so all backups stay")
    with _opened(making) as repository, locked(repository):
        gone = _pruned(told, repository, datetime.now(UTC))
        _say(f"{gone} backups are gone, {len(repository.history())} stay")


@app.command("cron", epilog='Example: `(crontab -l; drill backup cron shop.yaml --at "17 * * * *") | crontab -`')
def cron(
    file: File, at: Annotated[str, typer.Option("--at", help="When: a cron expression, or @daily and its like.")]
) -> None:
    """Print the line of a crontab that runs this backup. Secrets come from where your cron gives them."""
    from harness.scheduling import cron_expression, crontab_text
    from harness.scheduling.schedule import program

    told, _ = described(file)
    command = [*program(), "backup", "run", str(file.absolute()), "--quiet"]
    typer.echo(crontab_text.line_for(cron_expression.parse(at).text, command, f"drill backup: {told.name}"))


@app.command("key", epilog="Example: `export DRILL_SEAL_KEY=$(drill backup key)`")
def key() -> None:
    """Print a new key for `seal_key`. Keep it elsewhere than the backups: who has both has the secrets."""
    from harness.archive.sealing import new_key

    typer.echo(new_key())


def described(file: Path) -> tuple[Description, Making]:
    """A description, and what makes its pieces. Raises InputError."""
    from harness.archive.description import load_description
    from harness.archive.pieces.making import Making

    told = load_description(file)
    return told, Making(told, file.absolute().parent, os.environ)


@contextlib.contextmanager
def _opened(making: Making, *, create: bool = False) -> Iterator[Repository]:
    from harness.archive import repository

    with repository.opened(making.repository(), create=create) as found:
        yield found


def _pruned(told: Description, repository: Repository, now: datetime) -> int:
    from harness.archive import pruning

    if told.keep is None:
        return 0
    return len(
        pruning.prune(repository, pruning.chosen(repository.history(), told.keep.last, told.keep.days, now)).gone
    )


def _ago(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return (
        f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2_880 else f"{minutes // 1_440} days"
    )


def _say(text: str) -> None:
    from harness.reporting.wording import clean

    terminal.console().print(Text(clean(text)), soft_wrap=True)
