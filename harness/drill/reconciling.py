"""The step in which an operator makes the tables of both regions the same again, once the clients have stopped."""

from __future__ import annotations

from harness.drill.running import RunningDrill
from harness.drill.stepping import step
from harness.errors import NotMeasurable
from harness.topology.environment import PRIMARY

OFF = "off"


class ReconcilingDrill(RunningDrill):
    """What a step asks of an operator."""

    @step
    def reconcile(self, attribute: str) -> None:
        """Stop the clients, and have the newest item of each key stand in both databases. attribute: what tells the
        newest. `--set reconcile=off` has nobody do it, `=primary` has the primary's items stand whatever they are.

        Raises NotMeasurable where both places use one database, WorldError.
        """
        self._require_running()
        databases = self._databases()
        if len(set(databases)) < 2:
            raise NotMeasurable("both places use one database: there is nothing to reconcile")
        chosen = self._settings.reconcile
        policy = "a" if chosen == PRIMARY else f"newest:{attribute}"
        if not any(fault.applied for fault in self.record.case.faults):
            return

        def mend() -> None:
            if chosen != OFF:
                self.record.note(reconciled=self._backend.reconcile(databases, policy))

        self._settle(patient=True, first=mend)

    def _databases(self) -> tuple[str, str]:
        case = self.record.case
        return case.database_of(case.primary), case.database_of(case.standby)
