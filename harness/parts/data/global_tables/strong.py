"""Calls to strongly consistent tables: each write by its machine, each strong read with the latest of another region.

A strong read of one item is answered when two regions are known to hold what it shows. Query, Scan and BatchGetItem
with strong consistency catch up with another region first, which shows everything that was answered before.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from harness.errors import WorldError
from harness.names import UNDO
from harness.parts.data.global_tables import member, writing
from harness.parts.data.global_tables.calling import Reply, Server
from harness.parts.data.global_tables.group import STRONG, Group
from harness.parts.data.global_tables.majority import Answer, Key, Majority, dumped
from harness.parts.data.global_tables.member import Version
from harness.parts.data.global_tables.tables import refusal
from harness.parts.data.global_tables.writing import Outcome, Phase, Write
from harness.units import NS_PER_S

RESERVED_NS = 3 * NS_PER_S
"""How long an item stays reserved whose writer has gone silent: longer than a write takes that gives up in time."""
_NO_STRONG_READ = "Strongly consistent reads need another region, and none answers"
_NO_WRITE = "The write could not be replicated to another region"
_CONFLICT = "The item is being modified in another region"


class Strong:
    """groups: by table, shared with the API of tables."""

    def __init__(self, groups: Mapping[str, Group], majority: Majority) -> None:
        self._groups, self._majority = groups, majority
        self._ballots = 0
        self._schemas: dict[str, tuple[str, ...]] = {}
        self.calls: Mapping[str, Callable[[str, str, Mapping[str, Any]], Awaitable[Reply]]] = {
            **dict.fromkeys(("PutItem", "UpdateItem", "DeleteItem"), self._written),
            "GetItem": self._read, **dict.fromkeys(("Query", "Scan", "BatchGetItem"), self._read_many),
            "BatchWriteItem": self._written_many,
            **dict.fromkeys(("TransactWriteItems", "TransactGetItems"), self._transacted),
        }  # fmt: skip

    def connect(self, servers: Mapping[str, Server]) -> None:
        """The links are up."""
        self._servers = servers

    def reset(self) -> None:
        """Tables may be others now."""
        self._schemas.clear()

    def _is_strong(self, table: object) -> bool:
        found = self._groups.get(str(table))
        return found is not None and found.consistency == STRONG

    async def _passed(self, region: str, operation: str, body: Mapping[str, Any]) -> Reply:
        return await self._servers[region].call(operation, body, "")

    # -- reads ----------------------------------------------------------------------------------------------------
    async def _read(self, region: str, operation: str, body: Mapping[str, Any]) -> Reply:
        if not (body.get("ConsistentRead") and self._is_strong(body.get("TableName"))):
            return await self._passed(region, operation, body)
        key = await self._key(region, str(body["TableName"]), body.get("Key", {}))
        async with self._majority.holding(region, key):
            ours = self._majority.version(region, key)
            theirs = await self._first(region, key, ours)
            if theirs is None:
                return refusal("InternalServerError", _NO_STRONG_READ, 500)
            if theirs.number > ours.number:
                self._majority.here(region, key, member.Learn(theirs))
            await self._majority.show(region, key)
            return await self._passed(region, operation, body)

    async def _first(self, region: str, key: Key, ours: Version) -> Version | None:
        """What the first other region holds that answers, once it knows ours; None: none does."""
        asked = [
            self._majority.start(self._majority.ask((region, other), key, "learn", version=dumped(ours)))
            for other in self._majority.others(region)
        ]
        for done in asyncio.as_completed(asked):
            answer, version = await done
            if answer is not None:
                found: Version = version
                return found
        return None

    async def _read_many(self, region: str, operation: str, body: Mapping[str, Any]) -> Reply:
        asked = body.get("RequestItems", {}) if operation == "BatchGetItem" else {body.get("TableName"): body}
        if any(self._is_strong(table) and one.get("ConsistentRead") for table, one in asked.items()):
            caught_up = [
                self._majority.start(self._majority.catch_up((region, other)))
                for other in self._majority.others(region)
            ]
            if not await _any(caught_up):
                return refusal("InternalServerError", _NO_STRONG_READ, 500)
        return await self._passed(region, operation, body)

    # -- writes ---------------------------------------------------------------------------------------------------
    async def _written(self, region: str, operation: str, body: Mapping[str, Any]) -> Reply:
        table = str(body.get("TableName"))
        if not self._is_strong(table):
            return await self._passed(region, operation, body)
        key = await self._key(region, table, body.get("Key") or body.get("Item", {}))
        async with self._majority.holding(region, key):
            return await self._write(region, key, operation, body)

    async def _write(self, region: str, key: Key, operation: str, body: Mapping[str, Any]) -> Reply:
        self._ballots += 1
        ballot, others = f"{region} {self._ballots}", self._majority.others(region)
        state, events = Write(region, others, ballot), asyncio.Queue[writing.Event]()
        reply = refusal("InternalServerError", _NO_WRITE, 500)

        def ask_all(phase: Phase, what: str, **more: Any) -> None:
            for other in others:
                self._majority.start(self._asked(events, phase, (region, other), key, what, ballot=ballot, **more))

        own = self._majority.here(region, key, member.Reserve(ballot, RESERVED_NS))
        events.put_nowait(writing.Answered(Phase.RESERVING, region, own))
        ask_all(Phase.RESERVING, "reserve", for_ns=RESERVED_NS)
        while True:
            state, effects = writing.step(state, await events.get(), 0)
            for effect in effects:
                match effect:
                    case writing.Call(latest=latest, number=number):
                        self._majority.here(region, key, member.Promise(ballot, number))
                        self._majority.here(region, key, member.Learn(latest))
                        reply, called = await self._call(region, key, operation, body)
                        events.put_nowait(called)
                    case writing.StoreElsewhere(version=version):
                        ask_all(Phase.STORING, "store", version=dumped(version))
                    case writing.StoreHere(version=version):
                        own = self._majority.here(region, key, member.Store(ballot, version))
                        self._majority.shows(region, key, version.number)
                        events.put_nowait(writing.Answered(Phase.FINISHING, region, own))
                    case writing.Undo(latest=latest):
                        await self._majority.store(region, key, latest.image, UNDO)
                        self._majority.shows(region, key, latest.number)
                    case writing.ReleaseAll():
                        self._majority.here(region, key, member.Release(ballot))
                        ask_all(Phase.DONE, "release")
                    case writing.Answer(outcome=outcome):
                        return _told(outcome, reply)

    async def _asked(
        self,
        events: asyncio.Queue[writing.Event],
        phase: Phase,
        path: tuple[str, str],
        key: Key,
        what: str,
        **more: Any,
    ) -> None:
        answer, _ = await self._majority.ask(path, key, what, **more)
        events.put_nowait(writing.Answered(phase, path[1], answer))

    async def _call(
        self, region: str, key: Key, operation: str, body: Mapping[str, Any]
    ) -> tuple[Reply, writing.Called]:
        """Carry a call out on the region's server, upon the latest version."""
        try:
            await self._majority.show(region, key)
            quiet = operation == "UpdateItem" and body.get("ReturnValues", "NONE") == "NONE"
            asked = {**body, "ReturnValues": "ALL_NEW"} if quiet else body
            reply = await self._servers[region].call(operation, asked, "")
            if reply.status != 200:
                return reply, writing.Called(False)
            image = await self._image(region, key, operation, asked, reply)
        except WorldError as error:
            return refusal("InternalServerError", str(error), 500), writing.Called(False)
        if quiet:
            reply = Reply(200, {name: value for name, value in reply.body.items() if name != "Attributes"})
        return reply, writing.Called(True, image)

    async def _image(self, region: str, key: Key, operation: str, asked: Mapping[str, Any], reply: Reply) -> Any:
        """The item after a call, read back only where neither call nor answer has all of it. Raises WorldError."""
        if operation in ("PutItem", "DeleteItem"):
            return asked.get("Item")
        if asked.get("ReturnValues") == "ALL_NEW":
            return reply.body.get("Attributes")
        look = {"TableName": key[0], "Key": json.loads(key[1]), "ConsistentRead": True}
        return (await self._servers[region].call("GetItem", look)).body.get("Item")

    async def _written_many(self, region: str, operation: str, body: Mapping[str, Any]) -> Reply:
        """BatchWriteItem promises nothing of its writes together: those that fail are given back as unprocessed."""
        asked: Mapping[str, Any] = body.get("RequestItems", {})
        if not any(map(self._is_strong, asked)):
            return await self._passed(region, operation, body)
        left: dict[str, list[Any]] = {}
        for table, requests in asked.items():
            for one in requests:
                write = one.get("PutRequest") or one.get("DeleteRequest") or {}
                how = "PutItem" if "PutRequest" in one else "DeleteItem"
                reply = await self._written(region, how, {"TableName": table, **write})
                if reply.status == 500 or reply.code == Outcome.CONFLICT.value:
                    left.setdefault(table, []).append(one)
                elif reply.status != 200:
                    return reply
        return Reply(200, {"UnprocessedItems": left})

    async def _transacted(self, region: str, operation: str, body: Mapping[str, Any]) -> Reply:
        """Refused for such tables (Developer Guide, "Multi-Region strong consistency")."""
        tables = {one.get("TableName") for asked in body.get("TransactItems", ()) for one in asked.values()}
        if any(map(self._is_strong, tables)):
            message = "Transactions are not supported on tables with multi-Region strong consistency"
            return refusal("ValidationException", message)
        return await self._passed(region, operation, body)

    async def _key(self, region: str, table: str, item: Mapping[str, Any]) -> Key:
        if table not in self._schemas:
            described = await self._servers[region].call("DescribeTable", {"TableName": table})
            self._schemas[table] = tuple(one["AttributeName"] for one in described.body["Table"]["KeySchema"])
        return table, json.dumps({name: item.get(name) for name in self._schemas[table]}, sort_keys=True)


def _told(outcome: Outcome, reply: Reply) -> Reply:
    if outcome is Outcome.CONFLICT:
        return refusal(outcome.value, _CONFLICT)
    return reply if outcome is Outcome.AS_CALLED else refusal("InternalServerError", _NO_WRITE, 500)


async def _any(tasks: list[asyncio.Task[Answer | bool]]) -> bool:
    for done in asyncio.as_completed(tasks):
        if await done:
            return True
    return False
