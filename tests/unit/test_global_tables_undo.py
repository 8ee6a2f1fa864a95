"""A strong write that no other region is known to have is undone, and the region's commit log is told that it is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from harness.names import UNDO
from harness.parts.data.global_tables.calling import NoReply, Peers, Reply, Server
from harness.parts.data.global_tables.group import STRONG, Group
from harness.parts.data.global_tables.majority import Majority
from harness.parts.data.global_tables.names import OURS
from harness.parts.data.global_tables.strong import Strong

EAST, WEST, OHIO = "us-east-1", "us-west-2", "us-east-2"


class OneItem(Server):
    """A region's server that holds one item. written: each write to it, and by whom."""

    def __init__(self) -> None:
        self.item: Mapping[str, Any] | None = None
        self.written: list[tuple[str, str]] = []

    async def call(self, operation: str, body: Mapping[str, Any], writer: str = OURS) -> Reply:
        if operation == "DescribeTable":
            return Reply(200, {"Table": {"KeySchema": [{"AttributeName": "id"}]}})
        if operation == "GetItem":
            return Reply(200, {} if self.item is None else {"Item": self.item})
        self.written.append((operation, writer))
        self.item = body.get("Item")
        return Reply(200, {})


class Cut(Peers):
    """The other regions answer until `after` is asked of them."""

    def __init__(self, majority: Majority, after: str) -> None:
        self._majority, self.after = majority, after
        self.cut = False

    async def tell(self, path: str, what: str, body: Mapping[str, Any], timeout_s: float = 1.0) -> Any:
        self.cut = self.cut or body["what"] == self.after
        if self.cut:
            raise NoReply(path)
        return self._majority.told(OHIO if OHIO in path.partition("->")[2] else WEST, body)


@pytest.mark.parametrize("first", [{"id": {"S": "a"}, "v": {"S": "before"}}, None])
def test_a_write_that_is_put_back_is_called_so(first: Mapping[str, Any] | None) -> None:
    async def written() -> tuple[Reply, OneItem]:
        majority = Majority((EAST, WEST), OHIO, lambda *_: None)
        server = OneItem()
        majority.connect({EAST: server, WEST: OneItem()}, peers := Cut(majority, "store"))
        strong = Strong({"items": Group(STRONG)}, majority)
        strong.connect({EAST: server})
        if first is not None:
            peers.after = "nothing"
            assert (await strong.calls["PutItem"](EAST, "PutItem", {"TableName": "items", "Item": first})).status == 200
            peers.after = "store"
        item = {"id": {"S": "a"}, "v": {"S": "after"}}
        reply = await strong.calls["PutItem"](EAST, "PutItem", {"TableName": "items", "Item": item})
        await majority.reset()
        return reply, server

    reply, server = asyncio.run(written())
    assert (reply.status, reply.code) == (500, "InternalServerError")
    assert server.item == first
    assert server.written[-2:] == [("PutItem", ""), ("PutItem" if first else "DeleteItem", UNDO)]
