"""The tables' groups of replicas as the API of each region asks for them: carries out what their machine says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.parts.data.global_tables import group
from harness.parts.data.global_tables.calling import NoReply, Peers, Reply, Server, pause
from harness.parts.data.global_tables.config import path_name
from harness.parts.data.global_tables.group import Group
from harness.parts.data.global_tables.replicating import Replicating
from harness.units import NS_PER_S

_PAUSE_NS = NS_PER_S // 5
_TAKEN = ("ResourceInUseException", "TableAlreadyExistsException")
_COPIED = ("AttributeDefinitions", "KeySchema")
_VERSION = "2019.11.21"
"""Of global tables (Developer Guide, "Determining the version of DynamoDB global tables you are using")."""
_REPLICATION = ("ReplicaUpdates", "MultiRegionConsistency", "GlobalTableWitnessUpdates")


class Tables:
    """groups: by table, shared with whoever replicates. known: the regions that can have one; witness: or be one."""

    def __init__(
        self, groups: dict[str, Group], known: tuple[str, ...], witness: str | None, replicating: Replicating
    ) -> None:
        self._groups, self._known, self._replicating = groups, known, replicating
        self._witnesses = known if witness is None else (witness,)
        self._tasks: set[asyncio.Task[None]] = set()
        self.calls: Mapping[str, Callable[[str, Mapping[str, Any]], Awaitable[Reply]]] = {
            "UpdateTable": self._update,
            "DescribeTable": self._describe,
            "CreateTable": self._create,
            "DeleteTable": self._delete,
            "UpdateTimeToLive": self._set_ttl,
        }

    def connect(self, servers: Mapping[str, Server], peers: Peers) -> None:
        """The links are up."""
        self._servers, self._peers = servers, peers

    async def reset(self) -> None:
        """No table has replicas."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._groups.clear()

    # -- the calls ------------------------------------------------------------------------------------------------
    async def _update(self, region: str, body: Mapping[str, Any]) -> Reply:
        if not any(body.get(key) for key in _REPLICATION):
            return self._with_replicas(region, await self._servers[region].call("UpdateTable", body))
        table = str(body.get("TableName", ""))
        described = await self._servers[region].call("DescribeTable", {"TableName": table})
        if described.status != 200:
            return described
        looked = await self._servers[region].call("Scan", {"TableName": table, "Limit": 1})
        asked = group.Asked(region, body, not looked.body.get("Items"), self._known, self._witnesses)
        refused = self._step(table, asked)
        if refused is not None:
            return refusal(refused.code, refused.message)
        answer = self._with_replicas(region, described)
        return Reply(200, {"TableDescription": answer.body["Table"]})

    async def _describe(self, region: str, body: Mapping[str, Any]) -> Reply:
        return self._with_replicas(region, await self._servers[region].call("DescribeTable", body))

    async def _create(self, region: str, body: Mapping[str, Any]) -> Reply:
        table = str(body.get("TableName", ""))
        replica = self._groups.get(table, Group()).replicas.get(region)
        if replica is not None and replica.status is group.Status.CREATING:
            return refusal("ResourceInUseException", f"A replica of table {table} is being created here")
        return await self._servers[region].call("CreateTable", body)

    async def _delete(self, region: str, body: Mapping[str, Any]) -> Reply:
        table = str(body.get("TableName", ""))
        if self._groups.get(table, Group()).busy:
            return refusal("ResourceInUseException", f"Replicas of table {table} are being created or deleted")
        reply = await self._servers[region].call("DeleteTable", body)
        if reply.status == 200 and table in self._groups:
            self._step(table, group.Gone(region))
        return reply

    async def _set_ttl(self, region: str, body: Mapping[str, Any]) -> Reply:
        """Set in one region, it holds in all; tables with strong consistency have none."""
        found = self._groups.get(str(body.get("TableName", "")), Group())
        if found.is_strong:
            return refusal("ValidationException", "Tables with multi-Region strong consistency have no time to live")
        reply = await self._servers[region].call("UpdateTimeToLive", body)
        for other in found.active if reply.status == 200 else ():
            if other != region:
                self._start(self._told(region, other, "UpdateTimeToLive", body))
        return reply

    async def _told(self, region: str, other: str, operation: str, body: Mapping[str, Any]) -> None:
        await self._insist(region, other, operation, body)

    def _with_replicas(self, region: str, reply: Reply) -> Reply:
        """A description of a table with what is known of its replicas."""
        where = "Table" if "Table" in reply.body else "TableDescription"
        described = reply.body.get(where, {})
        found = self._groups.get(described.get("TableName", ""))
        if reply.status != 200 or found is None or not found.replicas:
            return reply
        replicas = [
            {
                "RegionName": other, "ReplicaStatus": str(one.status),
                **({"ReplicaStatusDescription": one.why} if one.why else {}),
            }
            for other, one in found.replicas.items()
            if other != region
        ]  # fmt: skip
        more: dict[str, Any] = {"Replicas": replicas, "GlobalTableVersion": _VERSION}
        more["MultiRegionConsistency"] = found.consistency
        if found.witness:
            more["GlobalTableWitnesses"] = [{"RegionName": found.witness, "WitnessStatus": "ACTIVE"}]
        if found.busy:
            more["TableStatus"] = "UPDATING"
        return Reply(200, {**reply.body, where: {**described, **more}})

    # -- what the machine asks for --------------------------------------------------------------------------------
    def _step(self, table: str, event: group.Event) -> group.Refuse | None:
        before = self._groups.get(table, Group())
        after, effects = group.step(before, event, monotonic_ns())
        for region in set(before.replicas) - set(after.replicas):
            self._replicating.left(table, region)
        if after.replicas:
            self._groups[table] = after
        else:
            self._groups.pop(table, None)
        for effect in effects:
            match effect:
                case group.Refuse():
                    return effect
                case group.Make(region=region, like=like):
                    self._start(self._make(table, region, like))
                case group.Delete(region=region):
                    self._start(self._take_away(table, region))
        return None

    async def _make(self, table: str, region: str, like: str) -> None:
        """Create the table in a region as it is in another one, and send what that holds."""
        described = (await self._servers[like].call("DescribeTable", {"TableName": table})).body["Table"]
        body = {"TableName": table, "BillingMode": "PAY_PER_REQUEST", **{key: described[key] for key in _COPIED}}
        body["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        for key in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            if described.get(key):
                body[key] = [
                    {name: index[name] for name in ("IndexName", "KeySchema", "Projection")} for index in described[key]
                ]
        reply = await self._insist(like, region, "CreateTable", body)
        if reply.status != 200:
            taken = reply.code in _TAKEN
            why = f"A table {table} that is none of its replicas is in {region} already" if taken else reply.message
            self._step(table, group.NotMade(region, why))
            return
        await self._send_all(table, region, like)
        while self._replicating.waits(table, region):
            await pause(_PAUSE_NS // 10)
        self._step(table, group.Made(region))

    async def _send_all(self, table: str, region: str, like: str) -> None:
        schema = (await self._servers[like].call("DescribeTable", {"TableName": table})).body["Table"]["KeySchema"]
        names = [one["AttributeName"] for one in schema]
        start: Mapping[str, Any] = {}
        while True:
            page = (await self._servers[like].call("Scan", {"TableName": table, "ConsistentRead": True, **start})).body
            found = [({name: item[name] for name in names}, item) for item in page.get("Items", ())]
            self._replicating.joined(table, like, region, found)
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    async def _take_away(self, table: str, region: str) -> None:
        like = next(other for other in self._groups[table].replicas if other != region)
        await self._insist(like, region, "DeleteTable", {"TableName": table})
        self._step(table, group.Gone(region))

    async def _insist(self, source: str, target: str, operation: str, body: Mapping[str, Any]) -> Reply:
        """Have another region's server called, over the link that leads there, until it answers."""
        while True:
            try:
                answer = await self._peers.tell(
                    path_name(source, target), "/call", {"operation": operation, "body": body}
                )
                return Reply(int(answer["status"]), answer["body"])
            except (NoReply, WorldError):
                await pause(_PAUSE_NS)

    def _start(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def refusal(code: str, message: str, status: int = 400) -> Reply:
    """An error of the service."""
    return Reply(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message})


def parsed(data: bytes) -> Mapping[str, Any]:
    """The body of a call; nothing where it is no JSON object."""
    try:
        found = json.loads(data) if data else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
