"""What operators did about data in a drill: tables that were restored, regions that were rebuilt. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class CaseRestore:
    """What an operator did about a corrupted table: it was restored, and what was corrupt was replaced from there.

    point_ns: the last moment that is in what was restored. asked_ns: when the restore began; there_ns: when the
    restored table was; done_ns: when the last item was replaced. put_back: by key, the value that was put in the place
    of a corrupt one; removed: corrupt items that the restored table did not have.
    """

    database: str
    table: str
    point_ns: int
    asked_ns: int
    there_ns: int
    done_ns: int
    put_back: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseRebuild:
    """What an operator did about a database whose tables were gone: rebuilt from those of another one, the survivor.

    point_ns: the last moment that is in all exports. asked_ns: when they began; exported_ns: when they were complete;
    there_ns: when the new tables were; done_ns: when their settings were as before. items: imported.
    """

    database: str
    survivor: str
    tables: tuple[str, ...]
    point_ns: int
    asked_ns: int
    exported_ns: int
    there_ns: int
    done_ns: int
    items: int = 0


@dataclass(frozen=True)
class CaseArchive:
    """What an operator backed up, and restored from there.

    began_ns: when the backup began: what was there by then is in it; done_ns: when it was done. theme_files: of the
    shop's theme in it. asked_ns: when the theme was restored. wrong_ns: when it was last seen to be another one;
    right_ns: when it was seen to be right, and stayed so; None: never. still: files that were not right in the end;
    None: nobody looked. said: by a command that did not end well.
    """

    began_ns: int
    done_ns: int
    theme_files: int = 0
    asked_ns: int | None = None
    wrong_ns: int | None = None
    right_ns: int | None = None
    still: tuple[str, ...] | None = None
    said: str = ""
