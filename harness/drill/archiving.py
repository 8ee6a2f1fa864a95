"""The steps in which an operator backs up and restores with `drill backup` and `drill restore`, while clients go on.

Whether the theme is right is asked of the shop, and not of the commands: what they say of themselves proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.drill.case_recovery import CaseArchive, CaseRestore
from harness.drill.judging import theme
from harness.drill.rebuilding import RebuildingDrill
from harness.drill.shopping import ShoppingDrill
from harness.drill.stepping import step
from harness.drill.stopping.command import CommandUnderWay, Said
from harness.drill.words import target_of
from harness.errors import InputError, WorldError
from harness.faults.needs import SHOP_OPEN
from harness.faults.shop_trouble import THEME_BROKEN, ShopTrouble
from harness.names import DYNAMODB
from harness.units import NS_PER_S, to_ns

_LIMIT_NS = 120 * NS_PER_S
"""Of wall time: what a command takes is the machine's doing, in each profile."""
_LOOK_NS = NS_PER_S // 4


class ArchivingDrill(RebuildingDrill, ShoppingDrill):
    """What steps ask of an operator who keeps backups."""

    _theme: Mapping[str, str] | None = None

    @step
    def back_up(self) -> None:
        """Back up the shop's theme, where there is a shop, and the table that clients write. Raises NotMeasurable."""
        self.need(SHOP_OPEN)
        self._require_running()
        began_ns = self._clock.now_ns()
        said = self._ran(self._backend.archive(self._database).back_up())
        if said.code != 0:
            raise WorldError(f"nothing was backed up: {_words(said)}")
        self._theme = self._backend.shop().theme()
        self.record.note(archive=CaseArchive(began_ns, self._clock.now_ns(), len(self._theme)))

    @step
    def restore_theme(self) -> None:
        """Restore the theme from the newest backup, and look at it until it is right, or the command has ended."""
        kept = self._kept()
        broken = [f for f in self.record.case.faults if f.kind == ShopTrouble.kind and f.mode == THEME_BROKEN]
        if not broken:
            raise InputError("the theme has not been broken, so there is nothing to restore")
        if not broken[-1].applied or self._settings.restore == "off":
            return
        archive = self._backend.archive(self._database)
        if self._settings.restore == "late":
            self._ran(archive.back_up())
        if self._settings.restore == "damaged":
            archive.damage()
        self.record.note(archive=replace(kept, asked_ns=self._clock.now_ns()))
        said = self._ran(archive.restore_theme(), self._look)
        self._look()
        if said.code != 0:
            self._told(said)

    @step
    def restore_archived_table(self, region: str) -> None:
        """Restore the table from the newest backup into one beside it, and put back from there what is corrupt."""
        kept, database = self._kept(), target_of(region, self._backend.environment, DYNAMODB)
        fault = self._corruption(database)
        if not fault.applied or self._settings.restore == "off":
            return
        archive = self._backend.archive(database)
        if self._settings.restore == "late":
            raise InputError("restore=late is of a restore to a moment; a backup is restored, damaged, or not (off)")
        if self._settings.restore == "damaged":
            archive.damage()
        asked_ns = self._clock.now_ns()
        said = self._ran(archive.restore_table())
        if said.code != 0:
            self._told(said)
            return
        there_ns = self._clock.now_ns()
        done = self._backend.runbook(database).put_back()
        restore = CaseRestore(
            database, archive.table, kept.began_ns, asked_ns, there_ns, self._clock.now_ns(), dict(done.values),
            done.removed,
        )  # fmt: skip
        self.record.note(restores=(*self.record.case.restores, restore))

    @step
    def require_theme(self, within_s: float | None) -> None:
        """Judge whether the theme is as it was backed up; within_s: of production, from the bad deployment on."""
        self._kept()
        broken = [f for f in self.record.case.faults if f.kind == ShopTrouble.kind and f.mode == THEME_BROKEN]
        from_ns = until_ns = None
        if within_s is not None and broken:
            from_ns = broken[-1].started_ns
            until_ns = from_ns + to_ns(self._backend.timing.interval_s(within_s))
        wanted = self.record.require(theme.NAME, whole=True, from_ns=from_ns, until_ns=until_ns)
        self._settle(patient=True)
        still = tuple(sorted(self._unlike()))
        self.record.note(archive=replace(self._kept(), still=still))
        self._loop.judge_now(wanted)

    @property
    def _database(self) -> str:
        return self._backend.environment.database_of(self._backend.environment.primary.name)

    def _kept(self) -> CaseArchive:
        found = self.record.case.archive
        if found is None:
            raise InputError("nothing has been backed up, so nothing can be restored")
        return found

    def _unlike(self) -> set[str]:
        now, wanted = self._backend.shop().theme(), self._theme or {}
        return {name for name in now.keys() | wanted.keys() if now.get(name) != wanted.get(name)}

    def _look(self) -> None:
        """Note when the theme is right, and when it was last wrong. What was asked before the answer came counts."""
        asked_ns = self._clock.now_ns()
        kept = self._kept()
        if self._unlike():
            self.record.note(archive=replace(kept, wrong_ns=asked_ns, right_ns=None))
        elif kept.right_ns is None:
            self.record.note(archive=replace(kept, right_ns=self._clock.now_ns()))

    def _ran(self, command: CommandUnderWay, look: Callable[[], None] = lambda: None) -> Said:
        """Wait for the end of a command, with the clients at work. Raises WorldError where that takes too long."""
        end_ns = self._clock.now_ns() + _LIMIT_NS
        while (said := command.ended()) is None:
            if self._clock.now_ns() > end_ns:
                raise WorldError(f"a command has not ended within {_LIMIT_NS // NS_PER_S} s: {_words(command.end())}")
            look()
            self._watch_until(self._clock.now_ns() + _LOOK_NS)
        return said

    def _told(self, said: Said) -> None:
        self.record.note(archive=replace(self._kept(), said=_words(said)))


def _words(said: Said) -> str:
    return " ".join(said.output) or f"it ended with {said.code}"
