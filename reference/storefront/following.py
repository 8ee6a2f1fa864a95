"""Which database serves a request: the permissions that several regions give, side by side. A pure machine.

With `DATABASE=local` there is one region, the one whose database is near, and it serves or nobody does. With
`DATABASE=active` a storefront beats in the table of every region, and whichever grants it the lease serves: it goes
where the one decider goes, wherever it runs itself. Two never hold one at a time (see lease.py), and each write is
acknowledged under the lease that it began with, in the region that granted it.

| lease | that database | writes | reads | /health |
| --- | --- | --- | --- | --- |
| of a region | answers | there | there | 200 |
| of a region | is silent | refused at once | refused at once | 200, then as below |
| of none, a handover is under way | | wait for a moment | where the lease was last, while that region may | 200 |
| of none, and no longer than a takeover takes | some database answers | refused | the same | 200 |
| of none for longer, or no database answers | | refused | the same | 503 |

While one database takes over from the other, no place is better than another: the edge must not move clients then.
Where it takes longer, this place alone may lack the active database, and clients are better off elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reference.lease import LeaseTerms, Nonce
from reference.storefront import permission
from reference.storefront.permission import acknowledges, database_works, edge_verdict, lease_epoch, read_refusal


@dataclass(frozen=True, slots=True)
class Happened:
    """Something happened between this storefront and the database of a region."""

    region: str
    what: permission.Event


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it there."""

    region: str
    what: permission.Effect


@dataclass(frozen=True, slots=True)
class Held:
    """The lease of a region, under an epoch."""

    region: str
    epoch: int


@dataclass(frozen=True, slots=True)
class State:
    """What is known of each region, the near one first. able_until_ns: until when this storefront could work, as far as
    is known now; None: never yet."""

    regions: Mapping[str, permission.State]
    able_until_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Following:
    """The machine; its numbers in nanoseconds: see `Settings.stale_after_ns`, `read_lag_ns`, `takeover_ns`."""

    stale_after_ns: int
    lag_ns: int
    takeover_ns: int

    def start(self, instance: str, terms: LeaseTerms, boots: Mapping[str, str]) -> State:
        """The state of a storefront that has just started. boots: by region, the near one first, a random word."""
        return State({region: permission.State(instance, terms, Nonce(boot, 0)) for region, boot in boots.items()})

    def step(self, state: State, event: Happened, now_ns: int) -> tuple[State, tuple[Told, ...]]:
        """The next state, and what is worth telling."""
        changed, effects = permission.step(state.regions[event.region], event.what, now_ns)
        state = replace(state, regions={**state.regions, event.region: changed})
        state = replace(state, able_until_ns=self._able_until_ns(state, now_ns))
        return state, tuple(Told(event.region, effect) for effect in effects)

    def _able_until_ns(self, state: State, now_ns: int) -> int | None:
        held = holds(state, now_ns)
        if held is not None:
            own = state.regions[held.region]
            return min(own.lease_until_ns, (own.last_good_ns or 0) + self.stale_after_ns)
        return None if state.able_until_ns is None else min(state.able_until_ns, now_ns)

    # -- what follows from it ------------------------------------------------------------------------------------
    def holds(self, state: State, now_ns: int) -> Held | None:
        """What a write is accepted under; None: it is not."""
        return holds(state, now_ns)

    def answers(self, state: State, region: str, now_ns: int) -> bool:
        """Whether the database of a region answered a beat lately."""
        return database_works(state.regions[region], now_ns, self.stale_after_ns)

    def ready(self, state: State, now_ns: int) -> bool:
        """Whether any database answers that this storefront could use."""
        return any(self.answers(state, region, now_ns) for region in state.regions)

    def silent(self, state: State, held: Held, now_ns: int) -> bool:
        """Whether a request to that database would only wait in vain. With one database alone, it is tried."""
        return len(state.regions) > 1 and not self.answers(state, held.region, now_ns)

    def reads_from(self, state: State, now_ns: int) -> tuple[str | None, str]:
        """The region that a read is served from; None, and why it must be refused."""
        held = holds(state, now_ns)
        if held is not None:
            refused = self.silent(state, held, now_ns)
            return (None, "the active database has not answered lately") if refused else (held.region, "")
        why = ""
        for region in self._newest_first(state, now_ns):
            why = read_refusal(state.regions[region], now_ns, self.lag_ns) or ""
            if not why:
                return region, ""
        return None, why or "no database has answered lately"

    def _newest_first(self, state: State, now_ns: int) -> Iterable[str]:
        """The regions that may be asked: the one that had the lease last has the newest data."""
        if len(state.regions) == 1:
            return state.regions
        answering = [region for region in state.regions if self.answers(state, region, now_ns)]
        return sorted(answering, key=lambda region: -state.regions[region].epoch)

    def acknowledges(self, state: State, held: Held, now_ns: int) -> bool:
        """Whether a write that was begun under a lease and has just ended may be acknowledged."""
        return acknowledges(state.regions[held.region], held.epoch, now_ns)

    def handing_over(self, state: State, now_ns: int) -> bool:
        """Whether another region's lease is about to come, so that it is worth while to wait for it."""
        if len(state.regions) == 1 or state.able_until_ns is None or holds(state, now_ns) is not None:
            return False
        return any(own.hurry and self.answers(state, region, now_ns) for region, own in state.regions.items())

    def edge_verdict(self, state: State, now_ns: int) -> tuple[bool, Mapping[str, object]]:
        """Whether the edge may send traffic here, and why."""
        near = next(iter(state.regions.values()))
        if len(state.regions) == 1:
            return edge_verdict(near, now_ns, self.stale_after_ns)
        held = holds(state, now_ns)
        told: dict[str, object] = {"lease": None if held is None else held.region}
        if held is not None and self.answers(state, held.region, now_ns):
            return True, {"reason": "active", "epoch": held.epoch, **told}
        if not self.ready(state, now_ns):
            return False, {"reason": "no database has answered lately", **told}
        if state.able_until_ns is not None and now_ns <= state.able_until_ns + self.takeover_ns:
            return True, {"reason": "another database may be taking over", **told}
        return False, {"reason": "no lease, for longer than a takeover takes", **told}


def holds(state: State, now_ns: int) -> Held | None:
    """The lease that writes are accepted under; None without any."""
    held = [(lease_epoch(own, now_ns), region) for region, own in state.regions.items()]
    return max((Held(region, epoch) for epoch, region in held if epoch), key=lambda one: one.epoch, default=None)
