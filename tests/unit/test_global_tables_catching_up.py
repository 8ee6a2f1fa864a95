"""A region that was away catches up by the numbers of versions, and fetches only what it lacks; nothing is read back
that call and answer tell."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from harness.parts.data.global_tables import member
from harness.parts.data.global_tables.calling import NoReply, Peers, Reply, Server
from harness.parts.data.global_tables.following import Following
from harness.parts.data.global_tables.group import STRONG, Group
from harness.parts.data.global_tables.majority import Majority
from harness.parts.data.global_tables.member import Version
from harness.parts.data.global_tables.names import OURS
from harness.parts.data.global_tables.strong import Strong

EAST, WEST, OHIO = "us-east-1", "us-west-2", "us-east-2"


def item(name: str, text: str = "x") -> dict[str, Any]:
    return {"id": {"S": name}, "v": {"S": text}}


def key_of(name: str) -> tuple[str, str]:
    return "items", json.dumps({"id": {"S": name}}, sort_keys=True)


class Table(Server):
    """A region's server with one table. called: each operation, in order."""

    def __init__(self) -> None:
        self.items: dict[str, Mapping[str, Any]] = {}
        self.called: list[str] = []

    async def call(self, operation: str, body: Mapping[str, Any], writer: str = OURS) -> Reply:
        self.called.append(operation)
        name = (body.get("Key") or body.get("Item") or {"id": {"S": ""}})["id"]["S"]
        if operation == "DescribeTable":
            return Reply(200, {"Table": {"KeySchema": [{"AttributeName": "id"}]}})
        if operation == "GetItem":
            return Reply(200, {"Item": self.items[name]} if name in self.items else {})
        if operation == "DeleteItem":
            self.items.pop(name, None)
            return Reply(200, {})
        old = self.items.get(name)
        changed = body["Item"] if operation == "PutItem" else {**item(name), "v": body["ExpressionAttributeValues"]}
        self.items[name] = changed
        wanted = {"ALL_NEW": changed, "ALL_OLD": old}.get(str(body.get("ReturnValues")))
        return Reply(200, {"Attributes": wanted} if wanted else {})


class Links(Peers):
    """The other regions, each over a link that may be cut. sent: what went over them."""

    def __init__(self, majority: Majority) -> None:
        self._majority = majority
        self.cut: set[str] = set()
        self.sent: list[tuple[str, Mapping[str, Any]]] = []

    async def tell(self, path: str, what: str, body: Mapping[str, Any], timeout_s: float = 1.0) -> Any:
        source, _, target = path.partition("->")
        if {source, target} & self.cut:
            raise NoReply(path)
        self.sent.append((what, body))
        answering = {"/member": self._majority.told, "/log": self._majority.page, "/images": self._majority.images}
        return json.loads(json.dumps(answering[what](target, body)))


class World:
    def __init__(self) -> None:
        self.majority = Majority((EAST, WEST), OHIO, lambda *_: None)
        self.servers = {EAST: Table(), WEST: Table()}
        self.links = Links(self.majority)
        self.majority.connect(self.servers, self.links)
        self.strong = Strong({"items": Group(STRONG)}, self.majority)
        self.strong.connect(self.servers)

    async def put(self, name: str, text: str = "x", region: str = EAST) -> Reply:
        return await self.call("PutItem", region, Item=item(name, text))

    async def call(self, operation: str, region: str = EAST, **body: Any) -> Reply:
        return await self.strong.calls[operation](region, operation, {"TableName": "items", **body})

    async def settled(self) -> None:
        """What was started for later is done."""
        while tasks := self.majority._tasks:
            await asyncio.gather(*tasks, return_exceptions=True)


def test_a_region_that_was_away_fetches_the_latest_of_what_it_lacks_and_nothing_twice() -> None:
    async def run() -> None:
        world = World()
        await world.put("known")
        await world.settled()
        world.links.cut.add(WEST)
        for text in ("1", "2", "3"):
            assert (await world.put("changed", text)).status == 200
        await world.put("new")
        await world.settled()
        assert world.servers[WEST].items == {"known": item("known")}
        world.links.cut.clear()
        world.links.sent.clear()
        assert await world.majority.catch_up((WEST, EAST))
        assert world.servers[WEST].items == world.servers[EAST].items
        fetched = [list(map(list, body["keys"])) for what, body in world.links.sent if what == "/images"]
        assert fetched == [[list(key_of("changed")), list(key_of("new"))]]
        world.links.sent.clear()
        assert await world.majority.catch_up((WEST, OHIO))
        assert [what for what, _ in world.links.sent] == ["/log"]
        await world.majority.reset()

    asyncio.run(run())


def test_a_deleted_item_is_caught_up_with_and_so_is_one_whose_server_did_not_answer() -> None:
    async def run() -> None:
        world = World()
        await world.put("a")
        await world.settled()
        world.links.cut.add(WEST)
        await world.call("DeleteItem", Key={"id": {"S": "a"}})
        world.links.cut.clear()
        assert await world.majority.catch_up((WEST, EAST))
        assert world.servers[WEST].items == {}
        world.majority.here(WEST, key_of("b"), member.Learn(Version(9, item("b"))))  # stored, and never shown
        world.majority.here(EAST, key_of("b"), member.Learn(Version(9, item("b"))))
        assert await world.majority.catch_up((WEST, EAST))
        assert world.servers[WEST].items == {"b": item("b")}
        await world.majority.reset()

    asyncio.run(run())


def test_a_link_that_breaks_between_the_list_and_the_images_loses_nothing() -> None:
    async def run() -> None:
        world = World()
        world.links.cut.add(WEST)
        await world.put("a")
        await world.settled()
        world.links.cut.clear()
        real = world.majority.page

        def cut_after(region: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
            found = real(region, body)
            world.links.cut.add(WEST)
            return found

        world.majority.page = cut_after  # type: ignore[method-assign]
        assert not await world.majority.catch_up((WEST, EAST))
        world.majority.page = real  # type: ignore[method-assign]
        world.links.cut.clear()
        assert await world.majority.catch_up((WEST, EAST))
        assert world.servers[WEST].items == {"a": item("a")}
        await world.majority.reset()

    asyncio.run(run())


@pytest.mark.parametrize(("wanted", "told"), [(None, None), ("NONE", None), ("ALL_NEW", "new"), ("ALL_OLD", "old")])
def test_an_update_is_answered_as_asked_and_stored_everywhere(wanted: str | None, told: str | None) -> None:
    async def run() -> tuple[Reply, World]:
        world = World()
        await world.put("a", "old")
        more = {} if wanted is None else {"ReturnValues": wanted}
        reply = await world.call("UpdateItem", Key={"id": {"S": "a"}}, ExpressionAttributeValues={"S": "new"}, **more)
        await world.settled()
        await world.majority.reset()
        return reply, world

    reply, world = asyncio.run(run())
    assert reply == Reply(200, {} if told is None else {"Attributes": item("a", told)})
    assert world.servers[WEST].items == world.servers[EAST].items == {"a": item("a", "new")}
    assert ("GetItem" in world.servers[EAST].called) == (wanted == "ALL_OLD")


def test_changes_that_nobody_makes_anything_of_are_passed_over_unread(tmp_path: Any) -> None:
    file, wants, seen = tmp_path / "changes", [False], []
    following = Following({EAST: file}, lambda region, change: seen.append(change), lambda: wants[0])
    file.write_text('this is never parsed\n{"seq": 1}\n{"seq"')
    following.look()
    wants[0] = True
    with file.open("a") as more:
        more.write(': 2}\n{"seq": 3}\n')
    following.look()
    assert seen == [{"seq": 2}, {"seq": 3}]
