"""Commits as streams tell them: their order, where they go on after a silence, and when a stream tells too little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.engines.aws.calls import CallRefused
from harness.engines.aws.stream_feed import Followed, StreamFeed
from harness.errors import WorldError
from harness.wire.ask import NoAnswer

EAST = "us-east-1"
TABLE = Followed("items", "id", "value")


class Server:
    """One table with one stream; answers as DynamoDB's API does."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.shards = ["shardId-1"]
        self.arn: str | None = "arn:1"
        self.there = True
        self.down = False
        self.asked: list[str] = []
        self.generation = 0

    def write(self, key: str, value: str | None) -> None:
        change: dict[str, Any] = {"Keys": {"id": {"S": key}}, "SequenceNumber": f"{len(self.records) + 1:021d}"}
        if value is not None:
            change["NewImage"] = {"id": {"S": key}, "value": {"S": value}}
        self.records.append({"eventName": "REMOVE" if value is None else "MODIFY", "dynamodb": change})

    def __call__(self, protocol: str, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(operation)
        if self.down:
            raise NoAnswer("connection refused")
        if not self.there:
            raise CallRefused("no such table", "ResourceNotFoundException", 400)
        if operation == "DescribeTable":
            return {"Table": {} if self.arn is None else {"LatestStreamArn": self.arn}}
        if operation == "DescribeStream":
            return {"StreamDescription": {"Shards": [{"ShardId": shard} for shard in self.shards]}}
        if operation == "GetShardIterator":
            after = body.get("SequenceNumber")
            at = 0 if after is None else int(after)
            return {"ShardIterator": f"{self.generation}:{at}"}
        generation, at = body["ShardIterator"].split(":")
        if int(generation) != self.generation:
            raise CallRefused("expired", "ExpiredIteratorException", 400)
        page = self.records[int(at) :][: body["Limit"]]
        return {"Records": page, "NextShardIterator": f"{generation}:{int(at) + len(page)}"}


def feed(server: Server) -> StreamFeed:
    return StreamFeed(EAST, lambda: ("127.0.0.1", 1), [TABLE], server)


def told(found: Any) -> list[tuple[str, str | None]]:
    assert found is not None
    return [(commit.k, commit.v) for commit in found]


def test_changes_come_once_in_their_order_with_moments_that_rise() -> None:
    server = Server()
    following = feed(server)
    for number in range(3):
        server.write("k", f"v{number}")
    server.write("k", None)
    first = following.poll()
    assert told(first) == [("k", "v0"), ("k", "v1"), ("k", "v2"), ("k", None)]
    assert first is not None
    moments = [commit.mono_ns for commit in first]
    assert sorted(set(moments)) == moments
    assert [commit.seq for commit in first] == [0, 1, 2, 3]
    assert following.poll() == []
    server.write("l", "w")
    assert told(following.poll()) == [("l", "w")]


def test_more_than_one_page_is_read_at_once() -> None:
    server = Server()
    for number in range(2500):
        server.write(f"k{number}", "v")
    assert len(told(feed(server).poll())) == 2500


def test_a_table_that_comes_later_is_followed_from_its_first_record() -> None:
    server = Server()
    server.there = False
    following = feed(server)
    assert following.poll() == []
    server.there = True
    server.write("k", "v")
    assert told(following.poll()) == [("k", "v")]


def test_after_a_restart_it_goes_on_behind_the_last_record() -> None:
    server = Server()
    server.write("k", "v0")
    following = feed(server)
    assert told(following.poll()) == [("k", "v0")]
    server.down = True
    assert following.poll() == []
    server.down, server.generation = False, 1
    server.write("k", "v1")
    assert told([*(following.poll() or ()), *(following.poll() or ())]) == [("k", "v1")]


def test_an_iterator_that_has_expired_is_made_anew() -> None:
    server = Server()
    server.write("k", "v0")
    following = feed(server)
    following.poll()
    server.generation = 1
    server.write("k", "v1")
    assert told([*(following.poll() or ()), *(following.poll() or ())]) == [("k", "v1")]


def test_a_stream_that_was_made_anew_is_read_from_its_beginning() -> None:
    server = Server()
    server.write("k", "v0")
    following = feed(server)
    following.poll()
    server.records.clear()
    server.generation, server.arn = 1, "arn:2"
    server.write("k", "new")
    assert told([*(following.poll() or ()), *(following.poll() or ())]) == [("k", "new")]


def test_what_a_stream_cannot_tell_is_no_log() -> None:
    several, none = Server(), Server()
    several.shards = ["shardId-1", "shardId-2"]
    none.arn = None
    for server, why in ((several, "2 shards"), (none, "has no stream")):
        following = feed(server)
        assert following.poll() is None
        assert why in (following.gap or "")


def test_its_thread_follows_until_it_is_closed() -> None:
    server = Server()
    following = feed(server).start()
    following.close()
    asked = len(server.asked)
    assert not following._thread.is_alive()
    assert len(server.asked) == asked
    assert issubclass(NoAnswer, WorldError)


def test_what_was_told_of_before_is_no_commit_of_this_drill() -> None:
    """A table was deleted, or emptied, and its stream still tells what was in it."""
    server = Server()
    for number in range(2500):
        server.write(f"old{number}", "v")
    following = feed(server)
    following.begin_here()
    assert following.poll() == []
    server.write("k", "v")
    assert told(following.poll()) == [("k", "v")]
