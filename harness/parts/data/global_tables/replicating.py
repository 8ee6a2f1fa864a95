"""Carries out what the machines of items ask for, where replication is asynchronous. Decides nothing.

Changes are read from the regions' own logs, past every link; they go to other regions over links that faults can hit.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.parts.data.global_tables import model, storing
from harness.parts.data.global_tables.calling import NoReply, Peers, Server
from harness.parts.data.global_tables.config import path_name
from harness.parts.data.global_tables.group import STRONG, Group, Status
from harness.parts.data.global_tables.lag import LagLaw
from harness.parts.data.global_tables.model import Item, Path, Stamp, Version
from harness.parts.data.global_tables.telling import Telling
from harness.units import NS_PER_S

log = logging.getLogger(__name__)
_PAUSE_NS = NS_PER_S // 5
"""Before a change that was not answered is sent again."""
_CHANGED_PAUSE_NS = NS_PER_S // 50
"""Before one is sent again whose item was just written to: the log tells by then."""
_UNDER_WAY_MAX = 16
"""Messages at a time over one path; over one that fails, one tries whether it is back."""
REPLICATING = (Status.ACTIVE, Status.CREATING)
Key = tuple[str, str]
"""Table, and the item's key as JSON."""


class Replicating:
    """All items of all tables. groups: by table, as the API changes them; skew_ns: of the regions' clocks."""

    def __init__(
        self, lag: LagLaw, seed: int, skew_ns: Mapping[str, int], groups: Mapping[str, Group], telling: Telling
    ) -> None:
        self._lag, self._seed, self._skew_ns, self._groups, self._telling = lag, seed, skew_ns, groups, telling
        self._items: dict[Key, Item] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[tuple[Key, Path], asyncio.TimerHandle] = {}
        self._gates: dict[Path, asyncio.Semaphore] = {}
        self._probes: dict[Path, asyncio.Lock] = {}
        self._failing: set[Path] = set()
        self._storing: dict[tuple[Key, Stamp], asyncio.Task[bool]] = {}
        self._seq = 0

    def connect(self, servers: Mapping[str, Server], peers: Peers) -> None:
        """The links are up."""
        self._servers, self._peers = servers, peers

    async def reset(self) -> None:
        """Nothing is known of any item."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._items.clear()
        self._failing.clear()

    # -- what happens ---------------------------------------------------------------------------------------------
    def follows(self) -> bool:
        """Whether any table is replicated by what the regions' logs tell."""
        return any(group.consistency != STRONG for group in self._groups.values())

    def changed(self, region: str, change: Mapping[str, Any]) -> None:
        """A line of a region's log."""
        group = self._groups.get(str(change.get("table", "")))
        if group is None or not self._replicates(group, region):
            return
        key = (str(change["table"]), json.dumps(change["keys"], sort_keys=True))
        stamp = storing.stamp_of(str(change["by"]))
        if stamp is not None:
            self._happened(key, model.Landed(region, Version(stamp, change["new"])))
            return
        at_ns = int(change["mono_ns"])
        since_ns = monotonic_ns() - at_ns  # the delay counts from the write, not from when it was read here
        lags_ns = {
            other: max(self._lag.draw_ns(self._seed, region, other, change["seq"]) - since_ns, 0)
            for other in group.replicas
            if other != region and self._replicates(group, other)
        }
        self._happened(key, model.Written(region, at_ns + self._skew_ns.get(region, 0), change["new"], lags_ns))

    @staticmethod
    def _replicates(group: Group, region: str) -> bool:
        replica = group.replicas.get(region)
        return group.consistency != STRONG and replica is not None and replica.status in REPLICATING

    def joined(self, table: str, like: str, region: str, found: Iterable[tuple[Mapping[str, Any], Any]]) -> None:
        """A region has become a replica, and gets these items (key, image) that another one shows."""
        for keys, image in found:
            key = (table, json.dumps(keys, sort_keys=True))
            if like not in self._items.get(key, Item()).shown:
                self._happened(key, model.Written(like, 0, image, {}))
            self._happened(key, model.Joined((like, region), 0))

    def waits(self, table: str, region: str) -> bool:
        """Whether a change of a table is on its way to a region."""
        return any(
            path[1] == region for (name, _), item in self._items.items() if name == table for path in item.waiting
        )

    def left(self, table: str, region: str) -> None:
        """A region is no replica of a table any more."""
        for key in [key for key in self._items if key[0] == table]:
            self._happened(key, model.Left(region))

    async def arrived(self, body: Mapping[str, Any]) -> bool:
        """A message of another region. False: the item changed meanwhile, so it must come again."""
        key = (str(body["table"]), str(body["key"]))
        path = (str(body["path"][0]), str(body["path"][1]))
        version = Version(Stamp(int(body["stamp"][0]), str(body["stamp"][1])), body["image"])
        under_way = self._storing.get((key, version.stamp))
        if under_way is None:  # else it has come again before it was stored, because whoever sent it lost patience
            under_way = asyncio.create_task(self._taken(key, model.Arrived(path, version)))
            self._storing[key, version.stamp] = under_way
            under_way.add_done_callback(lambda _: self._storing.pop((key, version.stamp), None))
        return await asyncio.shield(under_way)

    async def _taken(self, key: Key, arrived: model.Arrived) -> bool:
        wanted = self._happened(key, arrived, apply=False)
        return all([await self._apply(key, effect) for effect in wanted])

    def waiting(self) -> dict[Path, tuple[int, int]]:
        """By path, how many changes wait, and since when the oldest does."""
        found: dict[Path, tuple[int, int]] = {}
        for item in self._items.values():
            for path, one in item.waiting.items():
                count, since_ns = found.get(path, (0, one.since_ns))
                found[path] = (count + 1, min(since_ns, one.since_ns))
        return found

    # -- what is done ---------------------------------------------------------------------------------------------
    def _happened(self, key: Key, event: model.Event, *, apply: bool = True) -> list[model.Apply]:
        """Step the machine of an item, and do what it asks for. What is to be stored is returned if not `apply`."""
        self._items[key], effects = model.step(self._items.get(key, Item()), event, monotonic_ns())
        left: list[model.Apply] = []
        for effect in effects:
            match effect:
                case model.Wake(path=path, due_ns=due_ns):
                    self._wake(key, path, due_ns)
                case model.Send():
                    self._start(self._send(key, effect))
                case model.Apply() if apply:
                    self._start(self._put_back(key, effect))
                case model.Apply():
                    left.append(effect)
                case model.Lost():
                    self._telling.lost(key[0], effect)
                case model.Replicated(path=path, latency_ns=latency_ns):
                    self._telling.replicated(key[0], path, latency_ns)
        return left

    def _wake(self, key: Key, path: Path, due_ns: int) -> None:
        before = self._timers.pop((key, path), None)
        if before is not None:
            before.cancel()

        def due() -> None:
            self._timers.pop((key, path), None)
            if monotonic_ns() < due_ns:  # loops round to milliseconds: too early is nothing to the machine
                self._wake(key, path, due_ns)
            else:
                self._happened(key, model.Due(path))

        delay_s = max(due_ns - monotonic_ns(), 0) / NS_PER_S
        self._timers[key, path] = asyncio.get_running_loop().call_later(delay_s, due)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("replication: %r", task.exception())

    async def _send(self, key: Key, effect: model.Send) -> None:
        path = effect.path
        async with self._gates.setdefault(path, asyncio.Semaphore(_UNDER_WAY_MAX)):
            if path in self._failing:
                async with self._probes.setdefault(path, asyncio.Lock()):
                    if path in self._failing:
                        await self._sent(key, effect)
                        return
            await self._sent(key, effect)

    async def _sent(self, key: Key, effect: model.Send) -> None:
        path, version = effect.path, effect.version
        body = {
            "table": key[0], "key": key[1], "path": list(path),
            "stamp": [version.stamp.ns, version.stamp.region], "image": version.image,
        }  # fmt: skip
        try:
            answer = await self._peers.tell(path_name(*path), "/replicate", body)
        except NoReply as failure:
            self._failing.add(path)
            self._telling.failed(path, str(failure))
            self._happened(key, model.Failed(path, _PAUSE_NS))
            return
        self._failing.discard(path)
        self._telling.answered(path)
        if answer.get("done"):
            self._happened(key, model.Settled(path, version.stamp))
        else:
            self._happened(key, model.Failed(path, _CHANGED_PAUSE_NS))

    async def _put_back(self, key: Key, effect: model.Apply) -> None:
        await self._apply(key, effect)

    async def _apply(self, key: Key, effect: model.Apply) -> bool:
        """Store a version in a region. False: it has changed there, which the log will tell."""
        operation, body = storing.request(key[0], json.loads(key[1]), effect.version, effect.over)
        try:
            reply = await self._servers[effect.region].call(operation, body, storing.writer_of(effect.version.stamp))
        except WorldError as error:
            log.warning("%s: %s", effect.region, error)
            return False
        if reply.status == 200:
            self._happened(key, model.Landed(effect.region, effect.version))
            return True
        if reply.code != "ConditionalCheckFailedException":
            log.warning("%s refuses a change of %s: %s", effect.region, key[0], reply.message)
        return False
