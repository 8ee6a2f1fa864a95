"""What the monitor makes of looking at a region: healthy or not, for how long, and who may still hold a lease.

A region is healthy in a look when its table answered, its status is the agreed one, and at least one storefront's beat
has advanced lately: an item that is there but stands still proves nothing. The first look after a start proves nothing
either, for or against.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reference.active_region import Record
from reference.heartbeat import RegionItems, Replication
from reference.lease import LeaseTerms, Nonce

WINDOW = 20
WINDOW_FAILURES = 6
WINDOW_RUNS = 3
ERROR_PERCENT = 20
CAUGHT_UP_REPORTS = 2  # in a row: one alone may be the first after an interruption, with the next one to follow
IMPAIRED_LOOKS = 6  # a blip is over sooner: its errors leave the storefront's report within four looks


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers that the decisions rest on. Times in nanoseconds.

    prepare_ns: how long everybody hurries before anybody is told to stop; 0: a handover is not prepared.
    """

    primary: str
    secondary: str
    status: str
    threshold: int
    lease: LeaseTerms
    stale_after_ns: int
    hold_down_ns: int
    drain_patience_ns: int
    alert_every_ns: int
    prepare_ns: int = 0

    def other(self, region: str) -> str:
        """The other region."""
        return self.secondary if region == self.primary else self.primary

    def lost(self, view: View) -> bool:
        """The consecutive count says that the region is gone."""
        return view.failures >= self.threshold


@dataclass(frozen=True, slots=True)
class Look:
    """One read of a region's table. `items` is None when it failed, and then `reason` says why.

    `counted` is False for a look that only serves to keep a lease alive after a lost call.
    """

    region: str
    items: RegionItems | None
    reason: str = ""
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Sighting:
    """The latest beat seen of one storefront. `advanced` once it was seen to change."""

    nonce: Nonce
    seen_ns: int
    advanced: bool


@dataclass(frozen=True, slots=True)
class View:
    """All that is known of one region. `horizon_ns`: by then no lease given before this monitor started is held."""

    region: str
    horizon_ns: int
    first_look_ns: int | None = None
    answered: bool = False
    last: RegionItems | None = None
    reason: str = "never looked"
    failures: int = 0
    window: tuple[bool, ...] = ()
    impaired: int = 0  # looks in which a storefront reported many errors, less those in which none did
    healthy_since_ns: int | None = None
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    holders: Mapping[str, int] = field(default_factory=dict)  # storefront -> horizon of the lease it may hold
    replication_beat: str = ""
    replication_seen_ns: int | None = None
    caught_up_reports: int = 0  # in a row, none of them late

    @property
    def healthy(self) -> bool:
        """The latest counted look was a good one."""
        return self.healthy_since_ns is not None

    @property
    def fenced(self) -> int:
        """Epoch up to which the region's table forbids writes, as last read."""
        return self.last.heartbeat.fenced if self.last else 0

    @property
    def record(self) -> Record | None:
        """The record in the region's table, as last read."""
        return self.last.record if self.last else None


def seen(view: View, look: Look, rules: Rules, now_ns: int) -> View:
    """The view after one more look."""
    view = replace(view, answered=look.items is not None, first_look_ns=view.first_look_ns or now_ns)
    if look.items is not None:
        view = _read(view, look.items, rules, now_ns)
    verdict = _judge(view, look, rules, now_ns)
    if verdict is None or not look.counted:
        return view
    failed = verdict != ""
    change = 1 if _error_percent(view, rules, now_ns) > ERROR_PERCENT else -1
    impaired = min(max(view.impaired + change, 0), IMPAIRED_LOOKS)
    reason = verdict or ("storefronts report errors" if impaired else "")
    return replace(
        view,
        reason=reason,
        failures=view.failures + 1 if failed else 0,
        window=(*view.window, failed)[-WINDOW:],
        impaired=impaired,
        healthy_since_ns=None if failed or impaired else (view.healthy_since_ns or now_ns),
    )


def _read(view: View, items: RegionItems, rules: Rules, now_ns: int) -> View:
    sightings = dict(view.sightings)
    for instance, nonce in items.heartbeat.beats.items():
        before = sightings.get(instance)
        if nonce.follows(before.nonce if before else None):
            advanced = before is not None or view.last is not None
            sightings[instance] = Sighting(nonce, now_ns, advanced)
    if items.replication and items.replication.beat != view.replication_beat:
        view = _reported(view, items.replication, rules, now_ns)
    return replace(view, last=items, sightings=sightings)


def _reported(view: View, replication: Replication, rules: Rules, now_ns: int) -> View:
    before = view.caught_up_reports if replicated(view, rules, now_ns) else 0
    return replace(
        view,
        replication_beat=replication.beat,
        replication_seen_ns=now_ns if view.last is not None else None,  # the first one seen may be an old one
        caught_up_reports=before + 1 if replication.caught_up and view.last is not None else 0,
    )


def _judge(view: View, look: Look, rules: Rules, now_ns: int) -> str | None:
    """Empty when healthy, else what is wrong; None while there is nothing to go by."""
    if look.items is None:
        return look.reason or "no answer"
    if look.items.heartbeat.status not in {"", rules.status}:
        return f"status {look.items.heartbeat.status!r}"
    if fresh(view, rules, now_ns):
        return ""
    if view.first_look_ns is not None and now_ns - view.first_look_ns <= rules.stale_after_ns:
        return None
    return "no storefront's beat advances"


def fresh(view: View, rules: Rules, now_ns: int) -> Mapping[str, Nonce]:
    """The storefronts that live, with the latest beat of each."""
    return {
        instance: sighting.nonce
        for instance, sighting in view.sightings.items()
        if sighting.advanced and now_ns - sighting.seen_ns <= rules.stale_after_ns
    }


def _error_percent(view: View, rules: Rules, now_ns: int) -> int:
    """The worst that any storefront reports; one that is gone reports nothing any more."""
    if view.last is None:
        return 0
    alive = fresh(view, rules, now_ns)
    return max((percent for instance, percent in view.last.heartbeat.errors.items() if instance in alive), default=0)


def gray(view: View) -> bool:
    """Failures keep coming between good looks, or the storefronts themselves report many errors.

    One uninterrupted run of failures is a blip or an outage, and the consecutive count's business: hence the runs.
    """
    runs = sum(failed and not before for before, failed in zip((False, *view.window), view.window, strict=False))
    return (sum(view.window) >= WINDOW_FAILURES and runs >= WINDOW_RUNS) or view.impaired >= IMPAIRED_LOOKS


def granted(view: View, instances: Mapping[str, Nonce], rules: Rules, now_ns: int) -> View:
    """The view once a grant for these beats, all read by now, may be on its way."""
    horizon_ns = rules.lease.horizon_ns(now_ns)
    return replace(view, holders={**view.holders, **dict.fromkeys(instances, horizon_ns)})


def released(view: View) -> View:
    """The view once its storefronts are silenced: nobody holds a lease."""
    return replace(view, holders={})


def lease_over(view: View, now_ns: int) -> bool:
    """No storefront of the region can hold a lease any more: time alone proves it."""
    return now_ns >= view.horizon_ns and all(now_ns >= until_ns for until_ns in view.holders.values())


def silenced(view: View, epoch: int, now_ns: int) -> bool:
    """No storefront of the region accepts writes of `epoch` any more: each has said so, or its lease is over."""
    acks = view.last.heartbeat.acks if view.last else {}
    return now_ns >= view.horizon_ns and all(
        now_ns >= until_ns or acks.get(instance, 0) >= epoch for instance, until_ns in view.holders.items()
    )


def replicated(view: View, rules: Rules, now_ns: int) -> bool:
    """Whether the replication into the region is alive: its latest report is no older than a beat may be."""
    return view.replication_seen_ns is not None and now_ns - view.replication_seen_ns <= rules.stale_after_ns


def keeps_up(view: View, rules: Rules, now_ns: int) -> bool:
    """Whether the replication into the region has been caught up for some time, and promises a short drain."""
    return replicated(view, rules, now_ns) and view.caught_up_reports >= CAUGHT_UP_REPORTS
