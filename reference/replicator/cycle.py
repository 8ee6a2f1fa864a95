"""What the replicator does next: a pure machine that asks for one call at a time and hears how it ended.

A round goes through these calls, those in brackets only when they are due:

    (Open) -> (LookForToken) -> (Describe) -> (Copy) -> Read, shard by shard -> (Replay) -> (Publish) -> Wait

A call that fails ends the round: whatever was not applied does not count as read, connections and iterators are given
up, and the next round begins after a pause that grows with each failure. While the source is away the status is still
published, so that nobody takes the replication for caught up.

A drain is over after QUIET_ROUNDS in which every shard was read to its end and held nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reference.replicator.position import advanced, backoff_s, listed, trimmed
from reference.replicator.state import (
    Applied,
    Copied,
    Copy,
    Describe,
    Described,
    Disconnect,
    Effect,
    Event,
    Failed,
    LookForToken,
    Open,
    Opened,
    Publish,
    Published,
    Read,
    Reopen,
    Replay,
    Replayed,
    Stage,
    State,
    Tell,
    TokenSeen,
    Wait,
    Woke,
)
from reference.settings import IDLE_POLL_INTERVAL_S, NS_PER_S, POLL_INTERVAL_S, Settings

DESCRIBE_INTERVAL_S = 10.0
REOPEN_INTERVAL_S = 10.0
TOKEN_INTERVAL_S = 2.0
REPLAY_INTERVAL_S = 60.0
REPORT_INTERVAL_S = IDLE_POLL_INTERVAL_S  # so with every idle poll, and with every third busy one
BUSY_FOR_S = 20.0  # poll at the quick pace this long after a record
QUIET_ROUNDS = 2  # empty rounds over all shards that make a drain
BACKOFF_BASE_S = 1.0
BACKOFF_CAP_S = 10.0
PAGES_A_ROUND = 10  # of one shard, so that a long backlog does not keep the others and the reports waiting

Step = tuple[State, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are done, in nanoseconds."""

    poll_ns: int
    idle_ns: int
    busy_ns: int
    hurried_ns: int
    backoff_base_ns: int
    backoff_cap_ns: int
    intervals_ns: Mapping[str, int]


def pace_of(settings: Settings) -> Pace:
    """The pace of a profile."""
    return Pace(
        poll_ns=settings.ns(POLL_INTERVAL_S),
        idle_ns=settings.ns(IDLE_POLL_INTERVAL_S),
        busy_ns=settings.ns(BUSY_FOR_S),
        hurried_ns=round(settings.hurried_s * NS_PER_S),
        backoff_base_ns=settings.ns(BACKOFF_BASE_S),
        backoff_cap_ns=settings.ns(BACKOFF_CAP_S),
        intervals_ns={
            "token": settings.ns(TOKEN_INTERVAL_S),
            "describe": settings.ns(DESCRIBE_INTERVAL_S),
            "reopen": settings.ns(REOPEN_INTERVAL_S),
            "replay": settings.ns(REPLAY_INTERVAL_S),
            "publish": settings.ns(REPORT_INTERVAL_S),
        },
    )


@dataclass(frozen=True, slots=True)
class Cycle:
    """The machine. The last effect of a step is the one call to make now; its end is the next event."""

    pace: Pace

    def step(self, state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """The next state, and what must be done."""
        match event:
            case Woke():
                return self._begin(state, now_ns)
            case Opened(position=position, drained_token=token, parked=parked):
                state = replace(state, opened=True, position=position, drained_token=token, parked=parked)
                return _after((Tell("replicating"),), self._token(state, now_ns))
            case TokenSeen(token=token, hurry=hurry) if token > state.pending_token:
                state = replace(state, pending_token=token, quiet=0, hurry=hurry)
                return _after((Reopen(),), self._describe(state, now_ns, at_once=token > state.drained_token))
            case TokenSeen(hurry=hurry):
                return self._describe(replace(state, hurry=hurry), now_ns)
            case Described(arn=arn, shards=shards):
                position = listed(state.position, arn, shards)
                return self._copy(replace(state, position=position, shard_ended=False), now_ns)
            case Copied(items=items, parked=parked):
                # What happened meanwhile is in the stream, from its oldest record.
                position = replace(state.position, copy_needed=False)
                said = Tell("table copied", details={"items": items})
                return _after((said,), self._read(replace(state, position=position, parked=parked), now_ns))
            case Applied():
                return self._applied(state, event, now_ns)
            case Replayed(parked=parked):
                return self._publish(replace(state, parked=parked), now_ns)
            case Published():
                return _wait(state, state.pause_ns) if state.stage is Stage.REPORTING else self._end(state, now_ns)
            case Failed():
                return self._failed(state, event, now_ns)

    # -- the calls of a round, each going on to the next when it is not due ------------------------------------
    def _begin(self, state: State, now_ns: int) -> Step:
        if not state.opened:
            return replace(state, stage=Stage.OPENING), (Open(),)
        return self._token(state, now_ns)

    def _token(self, state: State, now_ns: int) -> Step:
        due, state = self._is_due(state, "token", now_ns)
        if due or (state.hurry and state.pending_token <= state.drained_token):
            return replace(state, stage=Stage.TOKEN), (LookForToken(),)
        return self._describe(state, now_ns)

    def _describe(self, state: State, now_ns: int, *, at_once: bool = False) -> Step:
        """at_once: a drain begins, which is over only when every shard that there is now has been read."""
        due, state = self._is_due(state, "describe", now_ns)
        if due or at_once or state.shard_ended:
            return replace(state, stage=Stage.DESCRIBING), (Describe(),)
        return self._copy(state, now_ns)

    def _copy(self, state: State, now_ns: int) -> Step:
        if state.position.copy_needed:
            return replace(state, stage=Stage.COPYING), (Copy(),)
        return self._read(state, now_ns)

    def _read(self, state: State, now_ns: int) -> Step:
        due, state = self._is_due(state, "reopen", now_ns)
        before: tuple[Effect, ...] = (Reopen(),) if due and now_ns >= state.busy_until_ns else ()
        shards, any_shard = state.position.readable(), bool(state.position.shards)
        state = replace(state, stage=Stage.READING, shards=shards, pages=0, records=0, complete=any_shard)
        return _after(before, self._next_page(state, now_ns))

    def _next_page(self, state: State, now_ns: int) -> Step:
        if not state.shards:
            return self._round_read(state, now_ns)
        shard = state.shards[0]
        return state, (Read(shard, state.position.shards[shard].last),)

    def _applied(self, state: State, page: Applied, now_ns: int) -> Step:
        position = advanced(state.position, state.shards[0], page.last, done=page.closed)
        state = replace(
            state, position=position, parked=page.parked, pages=state.pages + 1, records=state.records + page.records
        )
        if page.closed:  # its children come next
            state = replace(state, shard_ended=True, complete=False)
        elif page.full and state.pages < PAGES_A_ROUND:
            return self._next_page(state, now_ns)
        elif page.full:
            state = replace(state, complete=False)
        return self._next_page(replace(state, shards=state.shards[1:], pages=0), now_ns)

    def _round_read(self, state: State, now_ns: int) -> Step:
        if state.records:
            state = replace(state, busy_until_ns=now_ns + self.pace.busy_ns)
        quiet = state.quiet + 1 if state.complete and not state.records else 0
        drained = state.pending_token > state.drained_token and quiet >= QUIET_ROUNDS
        state = replace(state, caught_up=state.complete, quiet=quiet, just_drained=drained)
        said: tuple[Effect, ...] = ()
        if drained:
            state = replace(state, drained_token=state.pending_token)
            said = (Tell("drained", details={"token": state.drained_token, "parked": state.parked}),)
        due, state = self._is_due(state, "replay", now_ns) if state.parked else (False, state)
        if due:
            return _after(said, (replace(state, stage=Stage.REPLAYING), (Replay(),)))
        return _after(said, self._publish(state, now_ns))

    def _publish(self, state: State, now_ns: int) -> Step:
        due, state = (True, state) if state.just_drained else self._is_due(state, "publish", now_ns)
        return _published(state, Stage.PUBLISHING) if due else self._end(state, now_ns)

    def _end(self, state: State, now_ns: int) -> Step:
        said: tuple[Effect, ...] = ()
        if state.failures:
            said = (Tell("replication resumed", details={"after_failures": state.failures}),)
        return _after(said, _wait(replace(state, failures=0), self._pause_ns(state, now_ns)))

    # -- failures, and time ------------------------------------------------------------------------------------
    def _failed(self, state: State, failure: Failed, now_ns: int) -> Step:
        if state.stage is Stage.REPORTING:
            said = Tell("status not published", "warning", {"why": failure.why})
            return _after((said,), _wait(state, state.pause_ns))
        before: tuple[Effect, ...] = (Disconnect(),)
        if state.failures == 0:
            before = (Tell("replication interrupted", "warning", {"why": failure.why}), Disconnect())
        if failure.trimmed and state.stage is Stage.READING:
            state = replace(state, position=trimmed(state.position, state.shards[0]))
        if failure.missing and state.stage is Stage.DESCRIBING:
            state = replace(state, opened=False)  # the table was made anew, and so was its stream
        base_s, cap_s = self.pace.backoff_base_ns / NS_PER_S, self.pace.backoff_cap_ns / NS_PER_S
        pause_ns = round(backoff_s(state.failures, base_s, cap_s, failure.luck) * NS_PER_S)
        state = replace(state, caught_up=False, quiet=0, failures=state.failures + 1, pause_ns=pause_ns)
        due, state = self._is_due(state, "publish", now_ns) if state.opened else (False, state)
        return _after(before, _published(state, Stage.REPORTING) if due else _wait(state, pause_ns))

    def _pause_ns(self, state: State, now_ns: int) -> int:
        if state.pending_token > state.drained_token:
            return 0
        pause_ns = self.pace.poll_ns if now_ns < state.busy_until_ns else self.pace.idle_ns
        return min(pause_ns, self.pace.hurried_ns) if state.hurry else pause_ns

    def _is_due(self, state: State, what: str, now_ns: int) -> tuple[bool, State]:
        """Whether its interval has passed since this was last true for `what`."""
        if now_ns < state.due.get(what, 0):
            return False, state
        return True, replace(state, due={**state.due, what: now_ns + self.pace.intervals_ns[what]})


def _after(before: tuple[Effect, ...], then: Step) -> Step:
    """The step `then`, with something to be done before its call."""
    state, effects = then
    return state, (*before, *effects)


def _wait(state: State, pause_ns: int) -> Step:
    return replace(state, stage=Stage.WAITING), (Wait(pause_ns),)


def _published(state: State, stage: Stage) -> Step:
    state = replace(state, stage=stage, beats=state.beats + 1, just_drained=False)
    return state, (Publish(state.beats, state.drained_token, state.caught_up, state.position),)
