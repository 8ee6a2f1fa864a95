"""A theme, through the Admin API: listed by checksum, so only what has changed is fetched; written 50 files a call.

Shopify writes JSON templates anew when they are saved, so those are compared by what they say. Files are written in the
order in which they refer to each other: a template is refused while a section that it names is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.archive import json_content
from harness.archive.admin_api import AdminApi
from harness.archive.pieces.piece import AS_BEFORE, AsBefore, Difference, File, Gathered, Kept, is_of
from harness.archive.pieces.theme_calls import Listed, Shown, ThemeCalls, documented
from harness.errors import InputError, WorldError

_READINGS = 3
_ORDER = ("assets", "locales", "snippets", "blocks", "sections", "layout", "config", "templates")
_UPSERTED_MAX = 50
_UPSERTED_BYTES_MAX = 400 << 10
"""Of one call: encoded, it stays below a megabyte."""


@dataclass(frozen=True)
class Theme:
    """theme: as the description names it."""

    api: AdminApi
    theme: str
    name: str = "theme"
    kind: str = "theme"

    @property
    def target(self) -> str:
        """See Piece."""
        return f"theme {self.theme} of {self.api.base}"

    def aimed(self, target: str) -> Theme:
        """See Piece."""
        return Theme(self.api, target)

    def read(self, before: Kept | None) -> Gathered:
        """See Piece."""
        with documented(self.api):
            calls = ThemeCalls(self.api)
            shown = calls.found(self.theme)
            for _ in range(_READINGS):
                listed = self._listed(calls, shown)
                wanted = [name for name, one in listed.items() if before is None or not _is_as(before, name, one)]
                bodies = dict(calls.bodies(shown.id, {name: listed[name] for name in wanted}))
                if not wanted or self._listed(calls, shown) == listed:
                    break
            else:
                raise WorldError(f"{self.target} was changed each of the {_READINGS} times that it was read")
            files: dict[str, File | AsBefore] = {}
            for name in listed:
                kept = name not in bodies or (before is not None and _says_the_same(before, name, bodies[name]))
                files[name] = AS_BEFORE if kept else File(bodies[name])
            told = {name: one.md5 or "" for name, one in listed.items()}
            return Gathered(
                files, {"id": shown.id, "name": shown.name, "role": shown.role}, (), (self.api.token(),), told
            )

    def compare(self, kept: Kept, *, whole: bool = False) -> Difference:
        """See Piece."""
        with documented(self.api):
            calls = ThemeCalls(self.api)
            shown = calls.found(self.theme)
            listed = calls.listed(shown.id)
            there = [name for name in kept.sums if name in listed]
            unlike = {name: listed[name] for name in there if whole or not _is_as(kept, name, listed[name])}
            changed = [name for name, body in calls.bodies(shown.id, unlike) if not _says_the_same(kept, name, body)]
            missing = [name for name in kept.sums if name not in listed]
            return Difference(missing, changed, [name for name in listed if name not in kept.sums])

    def restore(self, kept: Kept, difference: Difference) -> None:
        """See Piece."""
        with documented(self.api):
            calls = ThemeCalls(self.api)
            shown = calls.found(self.theme)
            names = sorted((*difference.missing, *difference.changed), key=_place)
            for name in [name for name in names if kept.sums[name].size > _UPSERTED_BYTES_MAX]:
                calls.upload(shown.id, name, kept.content(name))
                names.remove(name)
            for batch in _batches(names, kept.sums):
                calls.upsert(shown.id, {name: kept.content(name) for name in batch})
            extra = sorted(difference.extra, key=_place, reverse=True)
            for start in range(0, len(extra), _UPSERTED_MAX):
                calls.delete(shown.id, extra[start : start + _UPSERTED_MAX])

    def _listed(self, calls: ThemeCalls, shown: Shown) -> dict[str, Listed]:
        listed = calls.listed(shown.id)
        if not listed:
            raise InputError(f"{self.target} has no files: an empty theme is no state to go back to")
        return listed


def _is_as(kept: Kept, name: str, listed: Listed) -> bool:
    known = kept.sums.get(name)
    return known is not None and listed.md5 is not None and listed.md5 == known.told


def _says_the_same(kept: Kept, name: str, body: bytes) -> bool:
    if name not in kept.sums:
        return False
    return is_of(kept.sums[name], body) or (
        json_content.is_json(name) and json_content.same(name, kept.content(name), body)
    )


def _place(name: str) -> tuple[int, bool, str]:
    """Templates last, and of each folder those in JSON after those that they name."""
    folder = name.partition("/")[0]
    return (_ORDER.index(folder) if folder in _ORDER else 0, name.endswith(".json"), name)


def _batches(names: Sequence[str], sums: Mapping[str, Any]) -> Iterator[list[str]]:
    """No more files in a call than may be, and no more bytes than a server likes."""
    batch: list[str] = []
    size = 0
    for name in names:
        if batch and (len(batch) == _UPSERTED_MAX or size + sums[name].size > _UPSERTED_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(name)
        size += sums[name].size
    if batch:
        yield batch
