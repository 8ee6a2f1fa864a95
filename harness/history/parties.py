"""What the systems of others, an ERP for instance, leave in a history: who called them, and what they made of it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.history.source import Source


@dataclass(frozen=True)
class PartyCall:
    """A third party was told something, as it saw that itself. Calls that never reached it are in no history.

    system: which one, e.g. `erp`. key: of what, as the caller named it. idempotency: the key that makes repeats
    harmless, "" when the caller gave none. v: the version that it was told, as text: `version` of the body, or else its
    `value`; "" for neither. status: of the answer; None: it never answered. stored: whether it has kept what it was
    told, as a record of its own; repeated: whether it had that already. place: where the caller runs. mono_ns: when the
    call arrived; returned_ns: when it was answered.
    """

    system: str
    key: str
    idempotency: str
    v: str
    status: int | None
    stored: bool
    mono_ns: int
    returned_ns: int
    place: str = ""
    repeated: bool = False
    source: Source = "world"
