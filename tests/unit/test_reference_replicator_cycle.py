"""The replicator's rounds, played call by call against its pure machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reference.replicator.cycle import PAGES_A_ROUND, Cycle, pace_of
from reference.replicator.position import Position, Shard
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
    State,
    Tell,
    TokenSeen,
    Wait,
    Woke,
)
from reference.settings import NS_PER_S, load

PACE = pace_of(load({}))
EMPTY = Applied(0, None, full=False, closed=False, parked=0)
KNOWN = Position("arn", {"s": Shard(last="5")}, copy_needed=False)


class Scene:
    """A source with one stream, and a target; every call takes a millisecond. Answers can be replaced."""

    def __init__(self, position: Position = KNOWN) -> None:
        self.cycle = Cycle(PACE)
        self.state = State()
        self.now_ns = 100 * NS_PER_S
        self.told: list[Tell] = []
        self.published: list[Publish] = []
        self.shards: tuple[dict[str, Any], ...] = ({"ShardId": "s"},)
        self.token = 0
        self.parked = 0
        self.answers: dict[type, Callable[[Any], Event]] = {
            Open: lambda _: Opened(position, 0, self.parked),
            LookForToken: lambda _: TokenSeen(self.token),
            Describe: lambda _: Described("arn", self.shards),
            Copy: lambda _: Copied(7, self.parked),
            Read: lambda _: EMPTY,
            Replay: lambda _: Replayed(0),
            Publish: lambda _: Published(),
        }

    def round(self) -> list[Effect]:
        """What is done from waking until the next pause, which is the last of it and has passed afterwards."""
        event: Event = Woke()
        done: list[Effect] = []
        while True:
            self.state, effects = self.cycle.step(self.state, event, self.now_ns)
            done += [effect for effect in effects if not isinstance(effect, Tell)]
            self.told += [effect for effect in effects if isinstance(effect, Tell)]
            call = effects[-1]
            if isinstance(call, Wait):
                self.now_ns += call.ns
                return done
            if isinstance(call, Publish):
                self.published.append(call)
            self.now_ns += NS_PER_S // 1000
            event = self.answers[type(call)](call)

    def fail(self, call: type, **how: Any) -> None:
        self.answers[call] = lambda _: Failed("away", 0.5, **how)

    @property
    def words(self) -> list[str]:
        return [tell.what for tell in self.told]


def kinds(done: list[Effect]) -> list[type]:
    return [type(effect) for effect in done]


def test_the_first_round_opens_copies_reads_and_reports() -> None:
    scene = Scene(Position())
    done = scene.round()
    assert kinds(done) == [Open, LookForToken, Describe, Copy, Reopen, Read, Publish, Wait]
    assert Read("s", None) in done
    assert scene.words == ["replicating", "table copied"]
    assert scene.published[0].caught_up
    assert not scene.published[0].position.copy_needed
    assert done[-1] == Wait(PACE.idle_ns)


def test_later_rounds_do_only_what_is_due() -> None:
    scene = Scene()
    scene.round()
    assert kinds(scene.round()) == [LookForToken, Read, Publish, Wait]
    scene.answers[Read] = lambda _: Applied(3, "8", full=False, closed=False, parked=0)
    assert scene.round()[-1] == Wait(PACE.poll_ns), "after a record the next ones are near"
    assert kinds(scene.round()) == [Read, Wait]
    assert scene.state.position.shards["s"].last == "8"


def test_a_long_backlog_is_read_page_by_page_and_leaves_room_for_the_others() -> None:
    scene = Scene(Position("arn", {"s": Shard(), "t": Shard()}, copy_needed=False))
    scene.shards = ({"ShardId": "s"}, {"ShardId": "t"})
    scene.answers[Read] = lambda read: Applied(
        1000 if read.shard == "s" else 0, f"{int(read.last or 0) + 1000}", read.shard == "s", False, 0
    )
    reads = [effect for effect in scene.round() if isinstance(effect, Read)]
    assert [read.shard for read in reads] == ["s"] * PAGES_A_ROUND + ["t"]
    assert reads[1] == Read("s", "1000")
    assert not scene.published[0].caught_up


def test_a_shard_that_has_ended_is_followed_by_its_children() -> None:
    scene = Scene(Position("arn", {"s": Shard()}, copy_needed=False))
    scene.round()
    scene.shards = ({"ShardId": "s"}, {"ShardId": "child", "ParentShardId": "s"})
    scene.answers[Read] = lambda read: Applied(0, None, False, read.shard == "s", 0)
    assert Read("child", None) not in scene.round()
    assert not scene.state.caught_up
    after = scene.round()
    assert Describe in kinds(after)
    assert [effect for effect in after if isinstance(effect, Read)] == [Read("child", None)]


def test_a_drain_takes_two_quiet_rounds_without_a_pause_and_is_reported_at_once() -> None:
    scene = Scene()
    scene.round()
    scene.token = 4
    scene.answers[Read] = lambda _: Applied(1, "6", False, False, 0)
    assert kinds(scene.round()) == [LookForToken, Reopen, Describe, Read, Publish, Wait]
    scene.answers[Read] = lambda _: EMPTY
    assert scene.round()[-1] == Wait(0)
    assert scene.state.drained_token == 0
    scene.round()
    assert scene.published[-1].drained_token == 4
    assert scene.words.count("drained") == 1
    assert scene.round()[-1] != Wait(0)


def test_a_drain_starts_over_when_records_still_come_or_a_call_fails() -> None:
    scene = Scene()
    scene.token = 4
    scene.round()
    scene.fail(Read)
    scene.round()
    scene.answers[Read] = lambda _: EMPTY
    scene.round()
    assert scene.state.drained_token == 0
    scene.round()
    assert scene.state.drained_token == 4


def test_a_source_that_is_away_is_told_once_with_longer_and_longer_pauses() -> None:
    scene = Scene()
    scene.round()
    scene.fail(Read)
    pauses = []
    for _ in range(6):
        done = scene.round()
        assert Disconnect() in done
        pauses.append(done[-1])
    waits = [pause.ns for pause in pauses if isinstance(pause, Wait)]
    assert waits == sorted(waits)
    assert waits[-1] <= PACE.backoff_cap_ns
    assert scene.words.count("replication interrupted") == 1
    assert not scene.published[-1].caught_up, "nobody may take a replication without its source for caught up"
    scene.answers[Read] = lambda _: EMPTY
    scene.round()
    assert scene.told[-1] == Tell("replication resumed", details={"after_failures": 6})


def test_a_target_that_is_away_too_is_no_reason_to_stop() -> None:
    scene = Scene()
    scene.round()
    scene.fail(Read)
    scene.fail(Publish)
    for _ in range(4):
        assert isinstance(scene.round()[-1], Wait)
    assert "status not published" in scene.words


def test_a_table_that_was_made_anew_is_opened_again() -> None:
    scene = Scene()
    scene.round()
    scene.now_ns += 60 * NS_PER_S
    scene.fail(Describe, missing=True)
    scene.round()
    assert not scene.state.opened
    scene.answers[Describe] = lambda _: Described("another", scene.shards)
    scene.now_ns += 60 * NS_PER_S
    assert kinds(scene.round())[:4] == [Open, LookForToken, Describe, Copy]


def test_records_that_the_stream_has_dropped_are_made_good_by_a_copy() -> None:
    scene = Scene()
    scene.round()
    scene.fail(Read, trimmed=True)
    scene.round()
    scene.answers[Read] = lambda _: EMPTY
    assert Copy() in scene.round()
    assert scene.words.count("table copied") == 1


@pytest.mark.parametrize("parked", [0, 2])
def test_parked_records_are_tried_again_once_a_minute(parked: int) -> None:
    scene = Scene()
    scene.answers[Read] = lambda _: Applied(0, None, False, False, parked)
    scene.answers[Replay] = lambda _: Replayed(parked)
    begin_ns, replays = scene.now_ns, 0
    while scene.now_ns < begin_ns + 130 * NS_PER_S:
        replays += kinds(scene.round()).count(Replay)
    assert replays == (3 if parked else 0)


def test_whoever_hurries_looks_for_a_token_in_every_round_and_soon_again() -> None:
    scene = Scene()
    scene.round()
    scene.answers[LookForToken] = lambda _: TokenSeen(scene.token, hurry=True)
    scene.now_ns += PACE.intervals_ns["token"]
    assert scene.round()[-1] == Wait(PACE.hurried_ns)
    assert kinds(scene.round())[0] is LookForToken
    scene.token = 4
    began_ns = scene.now_ns
    while scene.state.drained_token < 4:
        scene.round()
    assert scene.now_ns - began_ns < NS_PER_S // 2
    scene.answers[LookForToken] = lambda _: TokenSeen(4)
    scene.round()
    assert scene.round()[-1] == Wait(PACE.idle_ns)
