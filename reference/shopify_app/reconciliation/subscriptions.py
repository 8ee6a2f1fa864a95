"""Which webhooks are asked for, beside those that should be. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Plan:
    """missing: topics to subscribe to; astray: ids of subscriptions that lead elsewhere, by topic."""

    missing: tuple[str, ...] = ()
    astray: Mapping[str, str] | None = None

    @property
    def right(self) -> bool:
        """Nothing is to be done."""
        return not self.missing and not self.astray


def as_enum(topic: str) -> str:
    """A topic as the Admin API calls it: ORDERS_CREATE."""
    return topic.replace("/", "_").upper()


def plan(listed: Iterable[Mapping[str, Any]], topics: Collection[str], url: str) -> Plan:
    """What is missing, and what leads elsewhere."""
    wanted = {as_enum(topic) for topic in topics}
    there, astray = set(), {}
    for one in listed:
        topic = str(one.get("topic"))
        if topic not in wanted:
            continue
        if one.get("uri") == url:
            there.add(topic)
        else:
            astray[str(one.get("id"))] = topic
    return Plan(tuple(sorted(wanted - there)), astray)


def is_taken(errors: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a subscription was not made because it is there: the other region was quicker."""
    return all("already" in str(error.get("message", "")).lower() for error in errors)
