"""May this storefront accept a write, may it serve a read, and may the edge send it traffic? A pure machine.

What may be true of a storefront:

| lease | database | /health (edge) | writes |
| --- | --- | --- | --- |
| none, run out, or fenced | any | 503 | refused |
| held for an epoch | last good beat too old | 503 | accepted, and fail by themselves |
| held for an epoch | last good beat recent | 200 | accepted |

The lease is held from the first echo of an own beat until `beat sent + length` on this process's own monotonic clock.
A fence for the epoch, or the grant of a later one, ends it at once; fences and epochs never go back, so answers that
arrive out of order change nothing. A write is acknowledged only if its lease still runs when its outcome is known; a
fence that came meanwhile waits for it, since none is confirmed (`ack`) while a write of its epoch is under way.

Without a lease, reads are served only while the replication into this region keeps saying that it has caught up: a
region that was away while the other one accepted writes refuses them until it has what it missed. How long ago the
replication last said so is counted from the latest moment at which it surely had not said it yet, so what is served
is never older than the lag that `read_refusal` is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reference.heartbeat import Heartbeat, Replication
from reference.lease import LeaseTerms, Nonce

REMEMBERED_BEATS = 256
JUDGED_CALLS = 200
MIN_JUDGED_CALLS = 10


@dataclass(frozen=True, slots=True)
class BeatSent:
    """A beat is about to be sent. Its nonce is `state.latest` of the state that comes out."""


@dataclass(frozen=True, slots=True)
class BeatAnswered:
    """The table took the beat, and answered with the region's item."""

    nonce: Nonce
    item: Heartbeat


@dataclass(frozen=True, slots=True)
class StatusRead:
    """The status of the replication into this region was asked for at `asked_ns`, and is known now (None: none)."""

    asked_ns: int
    status: Replication | None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call to the database ended. `failed` means that the database let it down, not that a condition refused it."""

    failed: bool


@dataclass(frozen=True, slots=True)
class WriteStarted:
    """A write of `epoch` goes to the database."""

    epoch: int


@dataclass(frozen=True, slots=True)
class WriteEnded:
    """It has come back, or has been given up."""

    epoch: int


Event = BeatSent | BeatAnswered | StatusRead | CallEnded | WriteStarted | WriteEnded


@dataclass(frozen=True, slots=True)
class LeaseGained:
    """From now on writes are accepted under `epoch`."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Fenced:
    """No write of `epoch` or below will be accepted any more."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Hurried:
    """Beats are wanted more often from now on, and one at once."""


Effect = LeaseGained | Fenced | Hurried


@dataclass(frozen=True, slots=True)
class State:
    """What a storefront remembers between beats."""

    instance: str
    terms: LeaseTerms
    latest: Nonce
    sent: tuple[tuple[int, int], ...] = ()  # (count, sent_ns), oldest first
    epoch: int = 0  # highest epoch that was ever granted or fenced here
    lease_until_ns: int = 0
    fenced: int = 0
    hurry: bool = False
    last_good_ns: int | None = None
    status: Replication | None = None
    status_asked_ns: int = 0  # when `status` was asked for
    status_read_ns: int = 0  # when the answer came
    caught_up_ns: int | None = None  # at this time or later the replication said that it had caught up, and not since
    in_flight: tuple[tuple[int, int], ...] = ()  # (epoch, writes)
    outcomes: tuple[tuple[int, bool], ...] = ()  # (ended_ns, failed) of the calls of the last third of a lease

    @property
    def ack(self) -> int:
        """Epoch up to which no write will be acknowledged any more: the fence, once no write is under way below it."""
        unsettled = [epoch for epoch, count in self.in_flight if count and epoch <= self.fenced]
        return min(unsettled) - 1 if unsettled else self.fenced

    @property
    def error_percent(self) -> int:
        """Share of the calls of the last third of a lease that failed; 0 while there are too few to tell."""
        if len(self.outcomes) < MIN_JUDGED_CALLS:
            return 0
        return round(100 * sum(failed for _, failed in self.outcomes) / len(self.outcomes))


def step(state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """The next state, and what is worth telling."""
    match event:
        case BeatSent():
            nonce = replace(state.latest, count=state.latest.count + 1)
            sent = (*state.sent, (nonce.count, now_ns))[-REMEMBERED_BEATS:]
            return replace(state, latest=nonce, sent=sent), ()
        case BeatAnswered(item=item):
            return _heard(state, item, now_ns)
        case StatusRead(asked_ns=asked_ns, status=status):
            return _status_read(state, asked_ns, status, now_ns), ()
        case CallEnded(failed=failed):
            since_ns = now_ns - state.terms.length_ns // 3
            recent = tuple(entry for entry in state.outcomes[-JUDGED_CALLS:] if entry[0] >= since_ns)
            return replace(state, outcomes=(*recent, (now_ns, failed))), ()
        case WriteStarted(epoch=epoch):
            return _count(state, epoch, 1), ()
        case WriteEnded(epoch=epoch):
            return _count(state, epoch, -1), ()


def _count(state: State, epoch: int, change: int) -> State:
    counts = dict(state.in_flight)
    counts[epoch] = counts.get(epoch, 0) + change
    return replace(state, in_flight=tuple(sorted((e, n) for e, n in counts.items() if n > 0)))


def _status_read(state: State, asked_ns: int, status: Replication | None, now_ns: int) -> State:
    if asked_ns < state.status_read_ns:
        return state  # the calls overlapped: who knows which of the two answers is the later one
    caught_up_ns = state.caught_up_ns
    if status is None or not status.caught_up:
        caught_up_ns = None
    elif state.status is not None and status.beat != state.status.beat:
        caught_up_ns = state.status_asked_ns  # then there was another report, so this one is younger
    return replace(state, status=status, status_asked_ns=asked_ns, status_read_ns=now_ns, caught_up_ns=caught_up_ns)


def _heard(state: State, item: Heartbeat, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    had = lease_epoch(state, now_ns)
    fenced = max(state.fenced, item.fenced)
    changed = replace(state, fenced=fenced, epoch=max(state.epoch, item.fenced), hurry=item.hurry, last_good_ns=now_ns)
    echo = item.echoes.get(state.instance)
    if echo is not None and echo.nonce.boot == state.latest.boot and echo.epoch >= changed.epoch:
        sent_ns = dict(state.sent).get(echo.nonce.count)
        if sent_ns is not None:
            until_ns = state.terms.expires_ns(sent_ns)
            if echo.epoch == state.epoch:  # an older grant of the same epoch may arrive late: it takes nothing away
                until_ns = max(until_ns, state.lease_until_ns)
            changed = replace(changed, epoch=echo.epoch, lease_until_ns=until_ns)
    has = lease_epoch(changed, now_ns)
    effects: list[Effect] = []
    if fenced > state.fenced:
        effects.append(Fenced(fenced))
    if has is not None and has != had:
        effects.append(LeaseGained(has))
    if item.hurry and not state.hurry:
        effects.append(Hurried())
    return changed, tuple(effects)


def lease_epoch(state: State, now_ns: int) -> int | None:
    """The epoch under which writes may be accepted, and acknowledged, at `now_ns`; None without a valid lease."""
    return state.epoch if state.epoch > state.fenced and now_ns < state.lease_until_ns else None


def acknowledges(state: State, epoch: int, now_ns: int) -> bool:
    """Whether a write that was begun under `epoch` and has just ended may be acknowledged.

    A fence in between takes nothing away: whoever fences waits until this write has ended, and drains it then.
    """
    return state.epoch == epoch and now_ns < state.lease_until_ns


def read_refusal(state: State, now_ns: int, lag_ns: int) -> str | None:
    """Why a read must not be served; None when it may, with an answer no older than `lag_ns` where it may be old."""
    if lease_epoch(state, now_ns) is not None:
        return None
    if state.caught_up_ns is not None and now_ns - state.caught_up_ns <= lag_ns:
        return None
    return "this region is not active, and has not caught up with the one that is"


def database_works(state: State, now_ns: int, stale_after_ns: int) -> bool:
    """Whether the region's database answered a beat lately."""
    return state.last_good_ns is not None and now_ns - state.last_good_ns <= stale_after_ns


def edge_verdict(state: State, now_ns: int, stale_after_ns: int) -> tuple[bool, Mapping[str, object]]:
    """Whether the edge may send traffic here, and why. Costs nothing, however many checkers ask."""
    epoch = lease_epoch(state, now_ns)
    works = database_works(state, now_ns, stale_after_ns)
    if not works:
        reason = "database has not answered lately"
    elif epoch is None:
        reason = "fenced" if state.epoch and state.epoch <= state.fenced else "no lease"
    else:
        reason = "active"
    return works and epoch is not None, {"reason": reason, "epoch": state.epoch, "lease": epoch is not None}
