"""What was looked at and what was replayed, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold. says: what was found, in words."""

    name: str
    good: bool
    says: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """webhooks: that were in the inbox; learned: what the shop told and nobody knew; sent: by party, the effects that
    it has now, in the order in which that was seen; unsent, dead: by party, how many it does not have yet, or never
    will."""

    webhooks: int = 0
    parked: int = 0
    learned: int = 0
    seen: Mapping[str, int] = field(default_factory=dict)
    subscribed: Sequence[str] = ()
    sent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unsent: Mapping[str, int] = field(default_factory=dict)
    dead: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """Of one region. replayed: None where it was only looked."""

    region: str
    checks: Sequence[Check]
    replayed: Replayed | None = None

    @property
    def good(self) -> bool:
        """Nothing is left for people to do."""
        left = self.replayed is not None and (any(self.replayed.unsent.values()) or any(self.replayed.dead.values()))
        return all(check.good for check in self.checks) and not left

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {"good": self.good, **asdict(self)}

    def as_text(self) -> str:
        """For people."""
        lines = [f"{self.region}: {'everything is in place' if self.good else 'something is left to do'}"]
        lines += [f"  {'ok  ' if check.good else 'FAIL'}  {check.name}: {check.says}" for check in self.checks]
        return "\n".join([*lines, *_replayed(self.replayed)]) + "\n"


def _replayed(found: Replayed | None) -> list[str]:
    if found is None:
        return ["  nothing was changed: this was a look"]
    seen = ", ".join(f"{count} {kind}" for kind, count in found.seen.items()) or "nothing"
    lines = [
        f"  webhooks done that were left in the inbox: {found.webhooks}" + _more(found.parked, "parked"),
        f"  the shop told of {seen}; news among it: {found.learned}",
    ]
    if found.subscribed:
        lines.append(f"  webhooks subscribed to anew: {', '.join(found.subscribed)}")
    for party in sorted({*found.sent, *found.unsent, *found.dead}):
        sent, dead = found.sent.get(party, ()), found.dead.get(party, {})
        lines.append(
            f"  {party}: sent {len(sent)}, not yet {found.unsent.get(party, 0)}" + _more(len(dead), "given up")
        )
        lines += [f"    {key}: {why}" for key, why in dead.items()]
    return lines


def _more(count: int, what: str) -> str:
    return f", {what} {count}" if count else ""
