"""Themes and their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.theme_files import made
from harness.parts.commerce.shopify.records.things import Theme, ThemeFile
from harness.parts.commerce.shopify.records.values import Body, Changed, Changes, Refused, gid, iso

_THEMES_MAX = 20
_FILES_MAX = 5_000


@dataclass
class Written:
    """What became of files that were to be written, copied or deleted. refused: by their names, and why."""

    files: list[ThemeFile] = field(default_factory=list)
    refused: dict[str, Refused] = field(default_factory=dict)
    changes: Changes = ()


class Themes:
    """The shop's themes; one of them is the main one, which shoppers see."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers

    def main(self) -> Theme:
        """The one that shoppers see."""
        return next(one for one in self._registers.themes if one.role == "main")

    def create(self, name: str, role: str = "unpublished", files: Mapping[str, bytes] | None = None) -> Changes:
        """One more: themes/create. Refused where there are 20 already."""
        if not name.strip():
            raise Refused("Name can't be blank", ("name",), "INVALID")
        if len(self._registers.themes) >= _THEMES_MAX:
            raise Refused("Exceeded maximum number of themes", ("role",), "THEME_LIMIT_REACHED")
        at = self._registers.ledger.stamp()
        theme = Theme(id=self._registers.ledger.new_id(), created_at_us=at, updated_at_us=at, name=name, role=role)
        for filename, content in (files or {}).items():
            theme.files[filename] = made(filename, content, at, None)
        self._registers.themes.add(theme)
        return (self._changed("themes/create", theme),)

    def rename(self, number: int, name: str) -> Changes:
        """themes/update."""
        theme = self._registers.themes.require(number)
        theme.name = name
        return self._touched(theme)

    def publish(self, number: int) -> Changes:
        """Show it to shoppers instead of the one before: themes/publish, themes/update."""
        theme = self._registers.themes.require(number)
        before, at = self.main(), self._registers.ledger.stamp()
        before.role, theme.role = "unpublished", "main"
        self._registers.themes.touch(before, at)
        self._registers.themes.touch(theme, at)
        return self._changed("themes/publish", theme), self._changed("themes/update", theme)

    def delete(self, number: int) -> Changes:
        """themes/delete. Refused for the main one."""
        theme = self._registers.themes.require(number)
        if theme.role == "main":
            raise Refused("Cannot delete the main theme", ("id",), "INVALID")
        self._registers.themes.remove(theme)
        at = self._registers.ledger.stamp()
        return (Changed("themes", "themes/delete", gid("OnlineStoreTheme", number), number, at, {"id": number}),)

    def write(self, number: int, files: Mapping[str, bytes]) -> Written:
        """Write files. One that is refused does not hold the others up."""
        theme = self._registers.themes.require(number, ("themeId",))
        at, written = self._registers.ledger.stamp(), Written()
        for name, content in files.items():
            try:
                if name not in theme.files and len(theme.files) >= _FILES_MAX:
                    raise Refused("Theme has too many files", ("files",), "THEME_LIMITED_PLAN")
                file = made(name, content, at, theme.files.get(name))
            except Refused as refusal:
                written.refused[name] = refusal
            else:
                theme.files[name] = file
                written.files.append(file)
        return self._done(theme, written)

    def copy(self, number: int, pairs: Iterable[tuple[str, str]]) -> Written:
        """Copy files within a theme: pairs of a source and a new name."""
        theme = self._registers.themes.require(number, ("themeId",))
        wanted, refused = {}, {}
        for source, to in pairs:
            if source in theme.files:
                wanted[to] = theme.files[source].content
            else:
                refused[source] = _missing()
        written = self.write(number, wanted)
        written.refused.update(refused)
        return written

    def erase(self, number: int, filenames: Iterable[str]) -> Written:
        """Delete files."""
        theme, written = self._registers.themes.require(number, ("themeId",)), Written()
        for name in filenames:
            file = theme.files.pop(name, None)
            if file is None:
                written.refused[name] = _missing()
            else:
                written.files.append(file)
        return self._done(theme, written)

    def _done(self, theme: Theme, written: Written) -> Written:
        if written.files:
            written.changes = self._touched(theme)
        return written

    def _touched(self, theme: Theme) -> Changes:
        self._registers.themes.touch(theme, self._registers.ledger.stamp())
        return (self._changed("themes/update", theme),)

    def _changed(self, topic: str, theme: Theme) -> Changed:
        return Changed(
            "themes", topic, gid("OnlineStoreTheme", theme.id), theme.id, theme.updated_at_us, theme_body(theme)
        )


def theme_body(theme: Theme) -> Body:
    """A theme, as in themes/update."""
    return {
        "id": theme.id, "name": theme.name, "role": theme.role, "created_at": iso(theme.created_at_us),
        "updated_at": iso(theme.updated_at_us), "theme_store_id": None, "previewable": True, "processing": False,
        "admin_graphql_api_id": gid("OnlineStoreTheme", theme.id),
    }  # fmt: skip


def _missing() -> Refused:
    return Refused("File not found", ("files",), "NOT_FOUND")
