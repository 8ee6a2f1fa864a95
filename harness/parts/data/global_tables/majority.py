"""The regions of strongly consistent tables as they ask each other: carries out what the members' machines answer.

Every message goes over the link between two regions; each region keeps a log of what it has stored, from which another
one that was away catches up.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.parts.data.global_tables import member
from harness.parts.data.global_tables.calling import NoReply, Peers, Server
from harness.parts.data.global_tables.config import path_name
from harness.parts.data.global_tables.member import Granted, Image, Member, Refused, Stored, Version
from harness.parts.data.global_tables.names import OURS

_LOOK_S = 0.25
"""Between two looks at what another region has stored, for a region that was away."""
_PAGE = 200
Key = tuple[str, str]
"""Table, and the item's key as JSON."""
Answer = Granted | Stored | Refused


class Majority:
    """regions: with a table; witness: one without, if any. failed: told a path and why nobody answered, or ""."""

    def __init__(
        self, regions: Sequence[str], witness: str | None, failed: Callable[[tuple[str, str], str], None]
    ) -> None:
        self.nodes = (*regions, *filter(None, (witness,)))
        self._regions, self._failed = tuple(regions), failed
        self._tasks: set[asyncio.Task[Any]] = set()
        self._clear()

    def _clear(self) -> None:
        self._members: dict[tuple[str, Key], Member] = {}
        self._shown: dict[tuple[str, Key], int] = {}
        self._locks: dict[tuple[str, Key], asyncio.Lock] = {}
        self._logs: dict[str, list[tuple[Key, int]]] = {region: [] for region in self.nodes}
        self._seen: dict[tuple[str, str], int] = {}
        self._generation = time.monotonic_ns()

    def connect(self, servers: Mapping[str, Server], peers: Peers) -> None:
        """The links are up."""
        self._servers, self._peers = servers, peers

    async def reset(self) -> None:
        """Nothing is known of any item."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._clear()

    def others(self, region: str) -> tuple[str, ...]:
        """The other regions that take part."""
        return tuple(other for other in self.nodes if other != region)

    @asynccontextmanager
    async def holding(self, region: str, key: Key) -> AsyncIterator[None]:
        """One at a time for an item in a region."""
        async with self._locks.setdefault((region, key), asyncio.Lock()):
            yield

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Have something done that nobody waits for; it ends with a reset."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- members --------------------------------------------------------------------------------------------------
    def version(self, region: str, key: Key) -> Version:
        """The latest that a region has stored."""
        return self._members.get((region, key), Member()).version

    def here(self, region: str, key: Key, event: member.Event) -> Answer | None:
        """Something happens to a region's member."""
        before = self._members.get((region, key), Member())
        after, effects = member.step(before, event, monotonic_ns())
        self._members[region, key] = after
        if after.version != before.version:
            self._logs[region].append((key, after.version.number))
        return effects[0] if effects else None

    def told(self, region: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A message of another region to this one's member, and the answer."""
        key = (str(body["table"]), str(body["key"]))
        answer = self.here(region, key, _event(body))
        if body["what"] in ("store", "learn") and region in self._regions:
            self.start(self._shows_later(region, key))
        learned = {"version": dumped(self.version(region, key))} if body["what"] == "learn" else {}
        return {**_answer(answer), **learned}

    async def ask(self, path: tuple[str, str], key: Key, what: str, **more: Any) -> tuple[Answer | None, Version]:
        """Send a message to another region's member. Answer None: none came. With what it has stored then, upon a
        "learn"."""
        body = {"table": key[0], "key": key[1], "what": what, **more}
        try:
            answer = await self._peers.tell(path_name(*path), "/member", body)
        except NoReply as failure:
            self._failed(path, str(failure))
            return None, Version()
        self._failed(path, "")
        return _loaded_answer(answer), _loaded(answer["version"]) if "version" in answer else Version()

    async def _shows_later(self, region: str, key: Key) -> None:
        async with self.holding(region, key):
            await self.show(region, key)

    async def show(self, region: str, key: Key, version: Version | None = None) -> None:
        """Have the region's server hold what its member has stored, or that version. Raises WorldError."""
        wanted = self.version(region, key) if version is None else version
        if self._is_shown(region, key, wanted):
            return
        await self.store(region, key, wanted.image)
        self._shown[region, key] = wanted.number

    def _is_shown(self, region: str, key: Key, version: Version | None = None) -> bool:
        wanted = self.version(region, key) if version is None else version
        return self._shown.get((region, key), 0) == wanted.number

    def shows(self, region: str, key: Key, number: int) -> None:
        """The region's server holds the version of that number, by a call of its own."""
        self._shown[region, key] = number

    async def store(self, region: str, key: Key, image: Image | None, writer: str = OURS) -> None:
        """Put an item into a region's server, or delete it there. writer: see Server.call. Raises WorldError."""
        table, keys = key[0], json.loads(key[1])
        if image is None:
            reply = await self._servers[region].call("DeleteItem", {"TableName": table, "Key": keys}, writer)
        else:
            reply = await self._servers[region].call("PutItem", {"TableName": table, "Item": dict(image)}, writer)
        if reply.status != 200:
            raise WorldError(f"{region} refuses a version of {table}: {reply.message}")

    # -- catching up ----------------------------------------------------------------------------------------------
    def page(self, region: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a region has stored since a place in its log, by the numbers of versions; images are asked for."""
        since = int(body["since"]) if body["generation"] == self._generation else 0
        found = self._logs[region][since : since + _PAGE]
        entries = [[*key, number] for key, number in found]
        return {"generation": self._generation, "next": since + len(found), "entries": entries}

    def images(self, region: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The latest versions that a region has stored of some items."""
        return {"versions": [dumped(self.version(region, (table, key))) for table, key in body["keys"]]}

    async def catch_up(self, path: tuple[str, str]) -> bool:
        """Have the first region of a path learn what the other one has stored. False: that does not answer."""
        region, other = path
        while True:
            body = {"since": self._seen.get(path, 0), "generation": self._generation}
            try:
                page = await self._peers.tell(path_name(region, other), "/log", body)
            except NoReply as failure:
                self._failed(path, str(failure))
                return False
            if page["generation"] != self._generation:
                return False  # of before a reset
            numbers = {(table, text): number for table, text, number in page["entries"]}  # the last of each item
            lacking = [key for key, number in numbers.items() if self.version(region, key).number < number]
            try:
                told = await self._peers.tell(path_name(region, other), "/images", {"keys": lacking}) if lacking else {}
            except NoReply as failure:
                self._failed(path, str(failure))
                return False
            if page["generation"] != self._generation:
                return False
            for key, version in zip(lacking, told.get("versions", ()), strict=True):
                self.here(region, key, member.Learn(_loaded(version)))
            for key in numbers if region in self._regions else ():
                if not self._is_shown(region, key):
                    await self._shows_later(region, key)
            self._seen[path] = int(page["next"])
            if len(page["entries"]) < _PAGE:
                return True

    async def run(self) -> None:
        """Catch up for ever, each region from each other one."""
        async with asyncio.TaskGroup() as tasks:
            for region in self.nodes:
                for other in self.others(region):
                    tasks.create_task(self._follow((region, other)))

    async def _follow(self, path: tuple[str, str]) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._logs[path[1]] or self._members:  # else there is no such table yet
                try:
                    await self.catch_up(path)
                except WorldError as error:
                    self._failed(path, str(error))


def _event(body: Mapping[str, Any]) -> member.Event:
    match body["what"]:
        case "reserve":
            return member.Reserve(str(body["ballot"]), int(body["for_ns"]))
        case "store":
            return member.Store(str(body["ballot"]), _loaded(body["version"]))
        case "release":
            return member.Release(str(body["ballot"]))
        case _:
            return member.Learn(_loaded(body["version"]))


def _answer(answer: Answer | None) -> Mapping[str, Any]:
    match answer:
        case Granted(version=version, promised=promised):
            return {"answer": "granted", "granted": dumped(version), "promised": promised}
        case Refused():
            return {"answer": "refused"}
        case _:
            return {"answer": "stored"}


def _loaded_answer(body: Mapping[str, Any]) -> Answer:
    match body["answer"]:
        case "granted":
            return Granted(_loaded(body["granted"]), int(body["promised"]))
        case "refused":
            return Refused()
        case _:
            return Stored()


def dumped(version: Version) -> list[Any]:
    """A version as JSON."""
    return [version.number, version.image]


def _loaded(body: Sequence[Any]) -> Version:
    return Version(int(body[0]), body[1])
