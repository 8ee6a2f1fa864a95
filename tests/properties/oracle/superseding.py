"""Is the effect of an acknowledged write there, or legally replaced, in a given state of a table?

A write w of key k is lost in a state iff what the state shows for k cannot have come after w:

* k shows the value of operation f, f not w:  lost iff f returned before w was sent (an INFO never returned: it may
  take effect at any time, so it may stand above any write).
* k is absent, w is a put:      lost iff no delete of k that may have happened returned after w was sent.
* k is absent, w is a delete:   its effect is there.

MAYBE is the answer where it hangs on an outcome nobody knows: an INFO delete that may or may not have happened, or a
value that no operation wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from harness.history.events import Operation
from harness.outcome import Outcome
from oracle.streams import NEVER_NS


class Effect(Enum):
    """What a state shows of a write."""

    PRESENT = "present"
    LOST = "lost"
    MAYBE = "maybe"


@dataclass(frozen=True)
class Writes:
    """All writes of a history, by operation id and by key."""

    by_op: Mapping[str, Operation]
    deletes: Mapping[str, Sequence[Operation]]

    @classmethod
    def of(cls, operations: Iterable[Operation]) -> Writes:
        """Index the writes among the operations."""
        by_op: dict[str, Operation] = {}
        deletes: dict[str, list[Operation]] = {}
        for operation in operations:
            if not operation.is_write:
                continue
            by_op[operation.invoke.op] = operation
            if operation.invoke.f == "delete":
                deletes.setdefault(operation.invoke.k, []).append(operation)
        return cls(by_op, deletes)

    def effect(self, write: Operation, state: Mapping[str, str]) -> Effect:
        """What `state` (key -> value, absent keys left out) shows of `write`."""
        visible = state.get(write.invoke.k)
        if visible is None:
            return self._absent(write)
        if visible == write.invoke.op and write.invoke.f == "put":
            return Effect.PRESENT
        above = self.by_op.get(visible)
        if above is None or above.outcome is Outcome.FAIL:
            return Effect.MAYBE
        return Effect.LOST if settled_ns(above) < write.sent_ns else Effect.PRESENT

    def deleted_later_only(self, write: Operation) -> bool:
        """No delete of the write's key had certainly ended before it: whatever deleted the key may have come after."""
        deletes = self.deletes.get(write.invoke.k, ())
        return all(d.outcome is Outcome.FAIL or settled_ns(d) >= write.sent_ns for d in deletes)

    def _absent(self, write: Operation) -> Effect:
        if write.invoke.f == "delete":
            return Effect.PRESENT
        after = [
            delete
            for delete in self.deletes.get(write.invoke.k, ())
            if delete.outcome is not Outcome.FAIL and settled_ns(delete) >= write.sent_ns
        ]
        if any(delete.outcome is Outcome.OK for delete in after):
            return Effect.PRESENT
        return Effect.MAYBE if after else Effect.LOST


def settled_ns(operation: Operation) -> int:
    """When an operation can no longer take effect: its return, or never for an INFO."""
    returned_ns = operation.returned_ns
    return NEVER_NS if operation.outcome is Outcome.INFO or returned_ns is None else returned_ns
