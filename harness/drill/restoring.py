"""The steps in which an operator restores a corrupted table, while clients go on. What it did is noted in the case."""

from __future__ import annotations

from collections.abc import Callable

from harness.drill.backend import Runbook
from harness.drill.case import CaseFault
from harness.drill.case_recovery import CaseRestore
from harness.drill.running import RunningDrill
from harness.drill.stepping import step
from harness.drill.words import target_of
from harness.errors import InputError, WorldError
from harness.faults.needs import BACKUPS
from harness.faults.table_corrupted import TableCorrupted
from harness.names import DYNAMODB
from harness.units import NS_PER_S, to_ns

RESTORABLE_S, RESTORED_S = 1_800.0, 14_400.0
"""Production seconds until a moment can be restored, and until it is: the documentation says about five minutes, and
less than an hour in most cases (Developer Guide, "Point-in-time recovery"). After that the world is to blame."""
_LOOK_NS = NS_PER_S // 4
_LATE_NS = 2 * NS_PER_S


class RestoringDrill(RunningDrill):
    """What steps ask of an operator."""

    @step
    def protect(self, region: str) -> None:
        """Switch point-in-time recovery on for the table that clients write. Raises NotMeasurable."""
        database = target_of(region, self._backend.environment, DYNAMODB)
        self.need(BACKUPS)
        self._require_running()
        self._backend.runbook(database).protect()

    @step
    def restore_table(self, region: str) -> None:
        """Restore the table to the last second before it was corrupted, and put back from there what is corrupt."""
        database = target_of(region, self._backend.environment, DYNAMODB)
        self.need(BACKUPS)
        self._require_running()
        fault = self._corruption(database)
        if self._settings.restore == "damaged":
            raise InputError("restore=damaged is of a backup that `drill backup` has made, and not of a moment")
        if not fault.applied or self._settings.restore == "off":
            return
        runbook = self._backend.runbook(database)
        before_ns = fault.started_ns
        if self._settings.restore == "late":
            before_ns = fault.interval.start_high_ns + _LATE_NS
        point_ns = self._waited(lambda: runbook.begin(before_ns), RESTORABLE_S, "could not be restored to that moment")
        asked_ns = self._clock.now_ns()
        self._waited(lambda: runbook.there() or None, RESTORED_S, "was not restored")
        self._put_back(runbook, database, point_ns, asked_ns)

    @step
    def require_mended(self, requirement: str, kind: str, within_s: float | None) -> None:
        """Judge, on the final data, whether what a fault of that kind did has been mended; within_s: of production,
        from the fault on, where that was promised."""
        faults = [fault for fault in self.record.case.faults if fault.kind == kind]
        from_ns = until_ns = None
        if within_s is not None and faults:
            from_ns = faults[-1].started_ns
            until_ns = from_ns + to_ns(self._backend.timing.interval_s(within_s))
        wanted = self.record.require(requirement, whole=True, from_ns=from_ns, until_ns=until_ns)
        self._settle(patient=True)
        self._loop.judge_now(wanted)

    def _put_back(self, runbook: Runbook, database: str, point_ns: int, asked_ns: int) -> None:
        there_ns = self._clock.now_ns()
        done = runbook.put_back()
        restore = CaseRestore(
            database, runbook.table, point_ns, asked_ns, there_ns, self._clock.now_ns(), dict(done.values), done.removed
        )
        self.record.note(restores=(*self.record.case.restores, restore))

    def _corruption(self, database: str) -> CaseFault:
        faults = [f for f in self.record.case.faults if f.kind == TableCorrupted.kind and f.target == database]
        if not faults:
            raise InputError(f"the table of {database} has not been corrupted, so there is nothing to restore")
        return faults[-1]

    def _waited(self, ask: Callable[[], int | None], limit_s: float, what: str) -> int:
        """Ask again and again, with the clients at work. Raises WorldError where that takes too long."""
        end_ns = self._clock.now_ns() + to_ns(self._backend.timing.interval_s(limit_s))
        while (found := ask()) is None:
            if self._clock.now_ns() > end_ns:
                raise WorldError(f"the table {what} within {limit_s:g} s of production")
            self._watch_until(self._clock.now_ns() + _LOOK_NS)
        return found
