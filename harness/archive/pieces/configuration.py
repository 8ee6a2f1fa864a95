"""Files that configure the app. The values of secret keys are left out, or kept sealed; never is one kept in clear.

files/NAME       as the file is, with `${secret:KEY}` for each secret value
sealed.json      by file and key, the values, sealed
sealed/NAME      files that are secret as a whole, sealed
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.archive import hiding, json_content
from harness.archive.hiding import Unhidden
from harness.archive.pieces import files
from harness.archive.pieces.piece import EXECUTABLE, LINK, REGULAR, AsBefore, Difference, File, Gathered, Kept
from harness.archive.sealing import Seal
from harness.errors import InputError
from harness.storable_text import json_text

SEALED, _FILES, _WHOLE = "sealed.json", "files/", "sealed/"
VARIABLE = "DRILL_SECRET_"
"""Before the key, in capitals: the variable from which a restore takes a secret that was left out."""


@dataclass(frozen=True)
class Configuration:
    """patterns: of files within the folder; seal: None where secrets are left out. environ: see VARIABLE."""

    folder: Path
    patterns: tuple[str, ...]
    secret_keys: tuple[str, ...] = ()
    secret_files: tuple[str, ...] = ()
    seal: Seal | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    name: str = "configuration"
    kind: str = "configuration"

    @property
    def target(self) -> str:
        """See Piece."""
        return str(self.folder)

    def aimed(self, target: str) -> Configuration:
        """See Piece."""
        return replace(self, folder=Path(target))

    def read(self, before: Kept | None) -> Gathered:
        """See Piece."""
        held: dict[str, File | AsBefore] = {}
        sealed: dict[str, dict[str, str]] = {}
        plain: list[str] = []
        left_out: list[str] = []
        known = _sealed(before)
        for name in self._names():
            file = files.read(self.folder, name)
            if file is None or file.mode not in (REGULAR, EXECUTABLE):
                raise InputError(f"{self.folder / name}: it is no regular file")
            if self._is_secret(name):
                if self.seal is None:
                    left_out.append(name)
                else:
                    was = before.content(_WHOLE + name) if before and _WHOLE + name in before.sums else None
                    held[_WHOLE + name] = replace(file, content=self.seal.sealed(file.content, was))
                continue
            hidden = self._hidden(name, file.content)
            held[_FILES + name] = replace(file, content=hidden.text.encode("utf-8"))
            plain += hidden.plain
            if self.seal is not None and hidden.values:
                sealed[name] = {
                    label: self._sealed(value, known.get(name, {}).get(label)) for label, value in hidden.values.items()
                }
        if sealed:
            held[SEALED] = File((json_text(sealed, indent=1) + "\n").encode("utf-8"))
        return Gathered(held, {"left_out": left_out, "secrets": "sealed" if self.seal else "left out"}, (), plain)

    def compare(self, kept: Kept, *, whole: bool = False) -> Difference:
        """See Piece."""
        missing, changed, notes = [], [], []
        for name in _names_of(kept):
            path = self.folder / name
            if not path.is_file():
                missing.append(name)
                continue
            there = files.read(self.folder, name)
            content = there.content if there is not None and there.mode != LINK else path.read_bytes()
            reasons = list(self._unlike(kept, name, content))
            if reasons:
                changed.append(name)
                notes += [f"{name}: {reason}" for reason in reasons if reason]
        for name in kept.facts.get("left_out", ()):
            if not (self.folder / name).is_file():
                missing.append(name)
                notes.append(f"{name}: it is secret as a whole and was left out of the backup: put it there yourself")
        return Difference(missing, changed, (), (), notes)

    def restore(self, kept: Kept, difference: Difference) -> None:
        """See Piece. A secret that was left out is taken from the file that is there, or from DRILL_SECRET_KEY."""
        written = {}
        for name in _names_of(kept):
            if name not in difference.missing and name not in difference.changed:
                continue
            content, mode = self._whole(kept, name)
            written[name] = File(content, mode)
        files.write(self.folder, written)

    def _names(self) -> list[str]:
        found: dict[str, None] = {}
        for pattern in self.patterns:
            names = [str(path.relative_to(self.folder)) for path in sorted(self.folder.glob(pattern)) if path.is_file()]
            if not names:
                raise InputError(f"{self.folder / pattern}: there is no such file to back up")
            found.update(dict.fromkeys(names))
        return list(found)

    def _is_secret(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.secret_files)

    def _hidden(self, name: str, content: bytes) -> hiding.Hidden:
        try:
            return hiding.hidden(name, content.decode("utf-8"), self.secret_keys)
        except UnicodeDecodeError as error:
            text = "it is no text: name it under secret_files, or its folder under folders"
            raise InputError(f"{self.folder / name}: {text}") from error
        except Unhidden as error:
            raise InputError(f"{self.folder / name}: {error}") from error

    def _sealed(self, value: str, before: str | None) -> str:
        assert self.seal is not None
        was = None if before is None else before.encode("ascii")
        return self.seal.sealed(value.encode("utf-8", "surrogateescape"), was).decode("ascii")

    def _values(self, kept: Kept, name: str) -> dict[str, str]:
        """The secrets of a file that were sealed. Raises InputError where the key is not the right one."""
        told = _sealed(kept).get(name, {})
        if not told:
            return {}
        if self.seal is None:
            raise InputError(f"{name}: its secrets were sealed: give `seal_key`")
        return {label: self.seal.opened(one.encode("ascii")).decode("utf-8") for label, one in told.items()}

    def _unlike(self, kept: Kept, name: str, there: bytes) -> Iterator[str]:
        """Why what is there is not as the backup; "" where there is nothing to say of it."""
        if _FILES + name not in kept.sums:
            content, _ = self._whole(kept, name)
            if content != there:
                yield "it is secret as a whole, and not the one that was sealed"
            return
        text = there.decode("utf-8", "replace")
        if open_ones := hiding.places(text):
            yield f"to be filled in: {', '.join(open_ones)}"
            return
        try:
            now = hiding.hidden(name, text, self.secret_keys)
        except Unhidden as error:
            yield str(error)
            return
        if not json_content.same(name, kept.content(_FILES + name), now.text.encode("utf-8", "surrogatepass")):
            yield ""
        for label, value in self._values(kept, name).items():
            if now.values.get(label) != value:
                yield f"the secret {label} is another one"

    def _whole(self, kept: Kept, name: str) -> tuple[bytes, int]:
        """A file as it is to be restored."""
        if _FILES + name not in kept.sums:
            if self.seal is None:
                raise InputError(f"{name}: it was sealed: give `seal_key`")
            return self.seal.opened(kept.content(_WHOLE + name)), kept.mode(_WHOLE + name)
        text = kept.content(_FILES + name).decode("utf-8")
        values = self._there(name) | self._values(kept, name)
        for label in hiding.places(text):
            variable = VARIABLE + re.sub(r"\W", "_", label).upper()
            if self.environ.get(variable):
                values.setdefault(label, self.environ[variable])
        return hiding.shown(text, values)[0].encode("utf-8"), kept.mode(_FILES + name)

    def _there(self, name: str) -> dict[str, str]:
        """The secrets of the file that is there."""
        try:
            text = (self.folder / name).read_text(encoding="utf-8")
            return dict(hiding.hidden(name, text, self.secret_keys).values)
        except (OSError, ValueError):
            return {}


def _names_of(kept: Kept) -> list[str]:
    """The files that a backup has."""
    return [name.partition("/")[2] for name in kept.sums if name.startswith((_FILES, _WHOLE))]


def _sealed(kept: Kept | None) -> dict[str, dict[str, str]]:
    if kept is None or SEALED not in kept.sums:
        return {}
    found: dict[str, dict[str, str]] = json.loads(kept.content(SEALED))
    return found
