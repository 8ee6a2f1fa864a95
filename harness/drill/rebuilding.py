"""The steps in which an operator rebuilds a region whose tables are gone, while clients are served by another one."""

from __future__ import annotations

from harness.drill.case_recovery import CaseRebuild
from harness.drill.judging import rebuilt
from harness.drill.restoring import RESTORABLE_S, RESTORED_S, RestoringDrill
from harness.drill.stepping import step
from harness.drill.words import target_of
from harness.errors import InputError
from harness.faults.needs import BACKUPS
from harness.faults.tables_deleted import TablesDeleted
from harness.names import DYNAMODB

LATE = "restore=late and =damaged are of a table that was corrupted; a region that is gone is rebuilt, or is not (=off)"


class RebuildingDrill(RestoringDrill):
    """What steps ask of an operator whose region is gone."""

    @step
    def rebuild_region(self, region: str, survivor: str) -> None:
        """Export the survivor's tables, import them where they are gone, and set them up as they were."""
        here, there = (target_of(words, self._backend.environment, DYNAMODB) for words in (region, survivor))
        self.need(BACKUPS)
        self._require_running()
        self.record.require(rebuilt.NAME, whole=True)  # judged however the scenario ends
        faults = [f for f in self.record.case.faults if f.kind == TablesDeleted.kind and f.target == here]
        if not faults or here == there:
            raise InputError(f"the tables of {here} have not been deleted, so there is nothing to rebuild from {there}")
        if self._settings.restore in ("late", "damaged"):
            raise InputError(LATE)
        if not faults[-1].applied or self._settings.restore == "off":
            return
        rebuild = self._backend.rebuild(here, there)
        asked_ns = self._clock.now_ns()
        point_ns = self._waited(rebuild.begin, RESTORABLE_S, "could not be exported")
        self._waited(lambda: rebuild.exported() or None, RESTORED_S, "was not exported")
        exported_ns = self._clock.now_ns()
        self._waited(lambda: rebuild.there() or None, RESTORED_S, "was not imported")
        there_ns = self._clock.now_ns()
        items = rebuild.finish()
        done_ns = self._clock.now_ns()
        done = CaseRebuild(here, there, rebuild.tables, point_ns, asked_ns, exported_ns, there_ns, done_ns, items)
        self.record.note(rebuilds=(*self.record.case.rebuilds, done))
