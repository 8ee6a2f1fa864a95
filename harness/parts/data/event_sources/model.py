"""An event source mapping that reads a DynamoDB stream: a pure machine, `step(state, event, now_ns)`.

AWS Lambda Developer Guide, "Process DynamoDB records with Lambda" and the pages below it. It lists the shards and reads
each after its parent, hands batches to the function lane by lane, retries them, cuts them in two, and gives up what
may not be retried any more: then the destination is told, as often as it takes. Every record that was read is done
with by the function, told to the destination, or, where there is none, told to people as lost.
"""

from __future__ import annotations

from dataclasses import replace

from harness.parts.data.event_sources import events as ev
from harness.parts.data.event_sources import lane as lanes
from harness.parts.data.event_sources import shards as reading
from harness.parts.data.event_sources.events import Effect, Event, State
from harness.parts.data.event_sources.lane import Lane, LaneEffect
from harness.parts.data.event_sources.mapping import LATEST, TRIM_HORIZON, Mapping
from harness.parts.data.event_sources.shards import Reading, Shard

Step = tuple[State, tuple[Effect, ...]]
OK, NO_RECORDS = "OK", "No records processed"


def start(mapping: Mapping) -> State:
    """A mapping that has just been created."""
    return State(mapping)


def step(state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """The next state, and what is to be done. The last effect says when to come back, if ever."""
    state, first = _heard(state, event, now_ns)
    state, then = _go_on(state, now_ns)
    wake = _wake(state)
    return state, (*first, *then, *(() if wake is None else (ev.Wake(wake),)))


def result(state: State) -> str:
    """LastProcessingResult of the mapping."""
    return state.problem or (OK if state.done else NO_RECORDS)


# -- what has happened --------------------------------------------------------------------------------------------
def _heard(state: State, event: Event, now_ns: int) -> Step:
    match event:
        case ev.Woke():
            return state, ()
        case ev.Changed(mapping=mapping):
            return replace(state, mapping=mapping), ()
        case ev.ShardsListed(shards=found):
            mapping = state.mapping
            known = reading.listed(state.shards, found, mapping.starting, mapping.lanes, first=not state.listed)
            due_ns = now_ns + mapping.list_ns
            return replace(state, shards=known, listed=True, listing=False, listed_ns=due_ns, problem=""), ()
        case ev.ListFailed(why=why):
            state = replace(state, listing=False, listed_ns=now_ns + state.mapping.list_ns)
            return _troubled(state, f"the stream's shards are not told: {why}")
        case ev.Opened(shard=name, iterator=iterator) if name in state.shards:
            shard = replace(state.shards[name], iterator=iterator, asked=False, reading=Reading.OPEN, failures=0)
            return _with(state, shard), ()
        case ev.Read(shard=name) if name in state.shards:
            return _read(state, event, now_ns), ()
        case ev.ReadFailed(shard=name) if name in state.shards:
            return _read_failed(state, event, now_ns)
        case ev.Answered(shard=name, lane=number, outcome=outcome, luck=luck) if name in state.shards:
            lane = state.shards[name].lanes[number]
            lane, effects = lanes.answered(lane, outcome, state.mapping, now_ns, luck)
            return _told(_with_lane(state, name, number, lane), name, number, effects, now_ns)
        case ev.Delivered(shard=name, lane=number) if name in state.shards:
            lane = state.shards[name].lanes[number]
            count = len(lane.given_up[0][0].records)
            state = _with_lane(state, name, number, lanes.delivered(lane))
            return replace(state, delivered=state.delivered + count), ()
        case ev.NotDelivered(shard=name, lane=number, why=why) if name in state.shards:
            lane = lanes.not_delivered(state.shards[name].lanes[number], state.mapping, now_ns)
            return _troubled(_with_lane(state, name, number, lane), f"the destination was not told: {why}")
    return state, ()  # of a shard that is no more


def _read(state: State, page: ev.Read, now_ns: int) -> State:
    shard = reading.taken(state.shards[page.shard], page.records, page.iterator, now_ns)
    shard = replace(shard, next_ns=now_ns if page.full else now_ns + state.mapping.poll_ns)
    ended = shard.reading is Reading.ENDED  # its children are of interest now
    state = replace(state, read=state.read + len(page.records), listed_ns=now_ns if ended else state.listed_ns)
    return _with(state, shard)


def _read_failed(state: State, failed: ev.ReadFailed, now_ns: int) -> Step:
    shard = state.shards[failed.shard]
    tries = shard.failures + 1
    again_ns = now_ns + state.mapping.pause_ns(tries)
    shard = replace(shard, asked=False, failures=tries, next_ns=again_ns)
    if failed.refusal is ev.Refusal.OTHER:
        return _troubled(_with(state, shard), f"shard {shard.name} was not read: {failed.why}")
    shard = replace(shard, iterator=None, next_ns=now_ns if tries == 1 else again_ns)
    if failed.refusal is ev.Refusal.GONE:
        return _troubled(_with(replace(state, listed_ns=now_ns), shard), f"shard {shard.name} is gone: {failed.why}")
    unknown = shard.after is None and shard.start == LATEST
    if failed.refusal is ev.Refusal.EXPIRED and not unknown:
        return _with(state, shard), ()
    where = "before anything was read" if shard.after is None else f"behind {shard.after}"
    text = f"records of {shard.name} {where} were no longer in the stream: copy the table to have all of it"
    shard = replace(shard, after=None, start=LATEST if unknown else TRIM_HORIZON)
    return replace(_with(state, shard), gaps=state.gaps + 1), (ev.Tell("gap in the stream", text, good=False),)


def _troubled(state: State, why: str) -> Step:
    """Told once, and again when it is something else."""
    problem = f"PROBLEM: {why}"
    told = () if state.problem == problem else (ev.Tell("in trouble", why, good=False),)
    return replace(state, problem=problem), told


# -- what can be done now -----------------------------------------------------------------------------------------
def _go_on(state: State, now_ns: int) -> Step:
    mapping = state.mapping
    if not mapping.enabled:
        return state, ()
    effects: list[Effect] = []
    if not state.listing and now_ns >= state.listed_ns:
        state = replace(state, listing=True)
        effects.append(ev.ListShards())
    for name in tuple(state.shards):
        for number in range(len(state.shards[name].lanes)):
            state, found = _lane_goes_on(state, name, number, now_ns)
            effects.extend(found)
        state, found = _shard_goes_on(state, name, now_ns)
        effects.extend(found)
    return state, tuple(effects)


def _lane_goes_on(state: State, name: str, number: int, now_ns: int) -> Step:
    found: list[Effect] = []
    while True:
        lane, effects = lanes.go_on(state.shards[name].lanes[number], state.mapping, now_ns)
        state, told = _told(_with_lane(state, name, number, lane), name, number, effects, now_ns)
        found.extend(told)
        if not effects:
            return state, tuple(found)


def _shard_goes_on(state: State, name: str, now_ns: int) -> Step:
    shard, mapping = state.shards[name], state.mapping
    if shard.asked or shard.reading in (Reading.ENDED, Reading.SKIPPED) or now_ns < shard.next_ns:
        return state, ()
    if shard.iterator is None:
        if not reading.may_open(shard, state.shards):
            return state, ()
        kind, after = shard.where()
        return _with(state, replace(shard, asked=True)), (ev.OpenIterator(name, kind, after),)
    if _is_full(shard, mapping):
        return state, ()
    limit = min(reading.GET_RECORDS_MAX, mapping.batch_size * mapping.lanes)
    return _with(state, replace(shard, asked=True)), (ev.GetRecords(name, shard.iterator, limit),)


def _is_full(shard: Shard, mapping: Mapping) -> bool:
    """Enough to do already: what a lane cannot take yet is better left in the stream."""
    return shard.held >= 2 * mapping.batch_size * mapping.lanes


def _wake(state: State) -> int | None:
    mapping = state.mapping
    if not mapping.enabled:
        return None
    times = [] if state.listing else [state.listed_ns]
    for shard in state.shards.values():
        opening = shard.iterator is not None or reading.may_open(shard, state.shards)
        if shard.reading in (Reading.WAITING, Reading.OPEN) and not shard.asked and opening:
            times += [] if _is_full(shard, mapping) else [shard.next_ns]
        times += [due for lane in shard.lanes if (due := lanes.due_ns(lane, mapping)) is not None]
    return min(times, default=None)


# -- what lanes ask for -------------------------------------------------------------------------------------------
def _told(state: State, name: str, number: int, effects: tuple[LaneEffect, ...], now_ns: int) -> Step:
    found: list[Effect] = []
    for effect in effects:
        match effect:
            case lanes.Call(batch=batch):
                found.append(ev.Invoke(name, number, batch))
            case lanes.HandOver(batch=batch, condition=condition, why=why):
                found.append(ev.Deliver(name, number, batch, condition, why))
                found.append(
                    ev.Tell("gave records up", f"{_records(len(batch.records))}: {condition}: {why}", good=False)
                )
            case lanes.Lost(batch=batch, condition=condition, why=why):
                state = replace(state, lost=state.lost + len(batch.records))
                text = f"{_records(len(batch.records))} given up, and nobody told: {condition}: {why}"
                found.append(ev.Tell("lost records", text, good=False))
            case lanes.Finished(records=records, again=again):
                age_ns = now_ns - records[-1].created_ns
                once, more = (0, len(records)) if again else (len(records), 0)
                healed = (ev.Tell("works", good=True, lasts=True),) if state.problem else ()
                state = replace(
                    state, done=state.done + once, repeated=state.repeated + more, age_ns=age_ns, problem=""
                )
                found += [ev.Measured(len(records), age_ns), *healed]
            case lanes.Troubled(why=why):
                state, told = _troubled(state, why)
                found += told
    return state, tuple(found)


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"


def _with(state: State, shard: Shard) -> State:
    return replace(state, shards={**state.shards, shard.name: shard})


def _with_lane(state: State, name: str, number: int, lane: Lane) -> State:
    shard = state.shards[name]
    if shard.lanes[number] is lane:
        return state
    return _with(state, replace(shard, lanes=(*shard.lanes[:number], lane, *shard.lanes[number + 1 :])))
