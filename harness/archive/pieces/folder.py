"""A folder of scripts, extensions or the like: files, links, and which of them can be run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.archive.pieces import files
from harness.archive.pieces.piece import Difference, File, Gathered, Kept, on_a_line


@dataclass(frozen=True)
class Folder:
    """leave_out: patterns of names of files and folders."""

    name: str
    path: Path
    leave_out: tuple[str, ...] = ()
    kind: str = "folder"

    @property
    def target(self) -> str:
        """See Piece."""
        return str(self.path)

    def aimed(self, target: str) -> Folder:
        """See Piece."""
        return replace(self, path=Path(target))

    def read(self, before: Kept | None) -> Gathered:
        """See Piece."""
        held, warnings = {}, []
        for name in files.found(self.path, self.leave_out):
            file = files.read(self.path, name)
            if file is None:
                warnings.append(f"{on_a_line(name)} is neither a file nor a link, and is not backed up")
            else:
                held[name] = file
        return Gathered(held, {}, warnings)

    def compare(self, kept: Kept, *, whole: bool = False) -> Difference:
        """See Piece."""
        there = list(files.found(self.path, self.leave_out)) if self.path.is_dir() else []
        return files.compared(self.path, kept, there)

    def restore(self, kept: Kept, difference: Difference) -> None:
        """See Piece. Files that the backup does not have stay."""
        names = (*difference.missing, *difference.changed)
        files.write(self.path, {name: File(kept.content(name), kept.mode(name)) for name in names})
