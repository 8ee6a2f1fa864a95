"""Backups, restores, exports and imports of one region, as DynamoDB answers them: the machine. Pure.

Calls begin jobs; whoever drives the machine carries each out when it is due, and says how it ended. `values` has what
is known and by which rule a second can be restored, `calls` what each call asks for.
"""

from __future__ import annotations

from dataclasses import replace

from harness.parts.data.backups.calls import CALLS
from harness.parts.data.backups.values import Asked, Effect, Ended, Refused, Reply, State, made_of


def step(state: State, event: Asked | Ended, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """Answer a call, or take in that a job has ended."""
    if isinstance(event, Ended):
        job = state.jobs[event.arn]
        done = replace(job, status="FAILED" if event.reason else "COMPLETED", reason=event.reason, items=event.items)
        return replace(state, jobs={**state.jobs, event.arn: done}), ()
    state = _without_deleted(state, event)
    try:
        return CALLS[event.operation](state, event, now_ns)
    except Refused as error:
        return state, (Reply({"message": str(error)}, error.error),)


def _without_deleted(state: State, event: Asked) -> State:
    """A table that was deleted and made anew has lost its point-in-time recovery."""
    name = "" if event.table is None else str(event.table.get("TableName", ""))
    known = state.continuous.get(name)
    if event.table is None or known is None or known.made == made_of(event.table):
        return state
    return replace(state, continuous={table: one for table, one in state.continuous.items() if table != name})
