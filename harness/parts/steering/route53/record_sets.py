"""Record sets and changes of them as values, and how AWS names them in its messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from harness.engines.dns.names import escaped
from harness.engines.dns.zone import RecordSet

Action = Literal["CREATE", "UPSERT", "DELETE"]
Key = tuple[str, str, str | None]
"""A record set is named by name, type and set identifier together."""

POLICIES = (
    "Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer", "GeoProximityLocation", "CidrRoutingConfig",
)  # fmt: skip
"""The fields that ask for a routing policy, in the order of AWS's messages."""


@dataclass(frozen=True)
class Stored:
    """A record set with its routing policies, by the fields that ask for them.

    place: what its GeoLocation, GeoProximityLocation or CidrRoutingConfig says, as (field, text). source: as written.
    """

    record: RecordSet
    policies: frozenset[str] = frozenset()
    place: tuple[tuple[str, str], ...] = ()
    source: Any = None

    @property
    def key(self) -> Key:
        """What names it."""
        return self.record.name, self.record.type, self.record.set_identifier

    @property
    def policy(self) -> str:
        """The field of its routing policy; "" for simple routing."""
        return next((field for field in POLICIES if field in self.policies), "")

    @property
    def content(self) -> tuple[RecordSet, frozenset[str], tuple[tuple[str, str], ...]]:
        """What has to be repeated to delete it; the order of values does not matter."""
        return replace(self.record, values=tuple(sorted(self.record.values))), self.policies, self.place

    @property
    def named(self) -> str:
        """As messages about one record set begin."""
        identifier = self.record.set_identifier
        which = "" if identifier is None else f", SetIdentifier {identifier}"
        return f"RRSet with DNS name {escaped(self.record.name)}, type {self.record.type}{which}"

    @property
    def bracketed(self) -> str:
        """As messages about its existence name it."""
        identifier = self.record.set_identifier
        which = "" if identifier is None else f", set-identifier='{identifier}'"
        return f"resource record set [name='{escaped(self.record.name)}', type='{self.record.type}'{which}]"


@dataclass(frozen=True)
class Change:
    """One change of a batch. typed: the name as the request spells it."""

    action: Action
    stored: Stored
    typed: str = ""

    @property
    def where(self) -> str:
        """As messages about a contradictory request end."""
        record = self.stored.record
        return (
            f"in Change with [Action={self.action}, Name={self.typed}, Type={record.type}, "
            f"SetIdentifier={'null' if record.set_identifier is None else record.set_identifier}]"
        )


Records = Mapping[Key, Stored]
