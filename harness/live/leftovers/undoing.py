"""Undoes what the journal says, when whoever made it is gone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from harness.errors import DrillError, HealError
from harness.live.leftovers import journal
from harness.live.leftovers.journal import Leftover
from harness.processes import world_folder
from harness.topology.kinds import load, section_named

_LOG = logging.getLogger(__name__)
Told = Callable[[str], None]


def undo(leftover: Leftover) -> list[str]:
    """Undo one; a sentence for each thing. Raises DrillError, and then it is there still, or may be."""
    try:
        done: list[str] = load(section_named(leftover.family), leftover.kind, "healing").take_away(leftover.handle)
    except DrillError:
        raise
    except Exception as error:  # a mistake of one part's, which must not keep what others have left from being undone
        raise HealError(f"undoing it failed: {type(error).__name__}: {error}") from error
    return done


def undo_abandoned() -> tuple[list[str], list[str]]:
    """Undo what harnesses that are gone have left; what was done, and what could not be.

    The folders of their worlds are among it. What belongs to one that lives is left alone.
    """
    done = [f"{path} of a harness that is gone: removed" for path in world_folder.take_away_abandoned()]
    failed: list[str] = []
    journal.remove_drafts()
    for path in journal.files():
        with journal.owned(path) as mine:
            if mine:
                _undo_one(path, done.append, failed.append)
    return done, failed


def undo_and_warn() -> None:
    """The same before a world starts: whatever there was to undo is told in the log."""
    done, failed = undo_abandoned()
    for sentence in (*done, *failed):
        _LOG.warning("%s", sentence)


def _undo_one(path: Path, done: Told, failed: Told) -> None:
    leftover = journal.read(path)
    if leftover is None:
        failed(f"{path} is no entry of the journal that this version can read; look into it, and remove it")
        return
    if not leftover.abandoned:
        return  # its watchdog is gone, and it is not
    try:
        sentences = undo(leftover)
    except DrillError as error:
        failed(f"{leftover.what} of a harness that is gone (process {leftover.pid}) could not be undone: {error}")
        return
    for sentence in sentences:
        done(f"{leftover.what} of a harness that is gone (process {leftover.pid}): {sentence}")
    path.unlink(missing_ok=True)
