"""What the evidence says of single measurements: recovery points, outages, interruptions, predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.outcome import Bracket


@dataclass(frozen=True)
class RpoResult:
    """What the survivor lacked at the moment it took over. Items exactly; low/high differ by the unknown outcomes.

    span_s: the recovery point in seconds: from the oldest missing acknowledgement to the fault, or to the newest one
    where that came later. after: how many of the missing ones the lost side acknowledged after the fault had begun;
    after_s: up to how long after it. oldest_missing_s, newest_missing_s: ages at the fault. unbounded: nothing was ever
    replicated, so all is lost, and the seconds only tell for how long the drill had been writing.
    """

    acknowledged: int
    missing_low: int
    missing_high: int
    oldest_missing_s: float | None
    newest_missing_s: float | None = None
    stale: int = 0
    duplicated: int = 0
    resurrected: int = 0
    unknown: int = 0
    lost_after_heal: int | None = None
    missing_ids: tuple[str, ...] = ()
    span_s: float | None = None
    after: int = 0
    after_s: float | None = None
    unbounded: bool = False


@dataclass(frozen=True)
class Outage:
    """One interruption that clients of a cohort saw."""

    cohort: str
    duration: Bracket
    first_bad_ns: int
    last_bad_ns: int | None


@dataclass(frozen=True)
class InterruptionResult:
    """What the plan itself cost the clients: an interruption by a failback, a drain or a failover that nobody needed.

    cause: `failback`, `needless failover`, or `no move` where clients stayed. source, target: the places that served
    before and after, None where nobody did. client, kind: of the worst client, whose duration it is. text: all of it
    in a sentence. The rest as in Outage; episode: its number, from 0.
    """

    cause: str
    duration: Bracket
    source: str | None
    target: str | None
    client: str
    kind: str
    clients: int
    failures: int
    first_bad_ns: int
    last_bad_ns: int | None
    episode: int
    text: str = ""


@dataclass(frozen=True)
class PredictionResult:
    """Between which bounds the documented constants of a profile put the recovery time, and each of its phases.

    total: its point is what is typical. phases: by name, without those that nothing documented bounds.
    """

    profile: str
    total: Bracket
    phases: Mapping[str, Bracket] = field(default_factory=dict)
