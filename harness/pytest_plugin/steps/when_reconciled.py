"""When, of whoever makes the tables of both regions the same again. See `when.py`."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from harness.drill.facade import Drill


@when(parsers.re(r"the tables of both regions are reconciled by the newest (?P<attribute>[A-Za-z0-9_.-]+)"))
def _reconciled(drill: Drill, attribute: str) -> None:
    """the tables of both regions are reconciled by the newest ATTRIBUTE

    Stops the clients; then `drill reconcile` by policy newest:ATTRIBUTE, whatever replicates or does not.
    Example: the tables of both regions are reconciled by the newest written_ms
    """
    drill.reconcile(attribute)


@then("the reconciliation left nothing different")
def _converged(drill: Drill) -> None:
    """the reconciliation left nothing different

    Compared item by item after the plan was applied; tells conflicts, who won, and what lost.
    Example: the reconciliation left nothing different
    """
    drill.require("reconciled", at_rest=True)
