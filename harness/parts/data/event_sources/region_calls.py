"""What the mapping asks its region: the stream's shards and records, and the queue for what was given up.

DynamoDB Streams API Reference; SQS API Reference, SendMessage (JSON protocol). Over the part's own link, so that a
fault on the region hits it; one whole call may take `TIMEOUT_S`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from harness.kit.address import Address, join_address
from harness.parts.data.event_sources.events import Refusal
from harness.parts.data.event_sources.registry import queue_path
from harness.parts.data.event_sources.shards import Listed

TIMEOUT_S = 2.0
_REFUSALS = {
    "ExpiredIteratorException": Refusal.EXPIRED,
    "TrimmedDataAccessException": Refusal.TRIMMED,
    "ResourceNotFoundException": Refusal.GONE,
}


class CallFailed(Exception):
    """A call was not answered, or refused."""

    def __init__(self, why: str, refusal: Refusal = Refusal.OTHER) -> None:
        super().__init__(why)
        self.refusal = refusal


class RegionCalls:
    """Calls to one region's services."""

    def __init__(self, region: str, address: Address) -> None:
        self._region = region
        self._url = f"http://{join_address(address)}"
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), connector=aiohttp.TCPConnector(limit=32)
        )

    async def shards(self, arn: str) -> tuple[Listed, ...]:
        """DescribeStream, all pages. Raises CallFailed."""
        found: list[Listed] = []
        start: dict[str, str] = {}
        while True:
            told = (await self._stream("DescribeStream", {"StreamArn": arn, **start}))["StreamDescription"]
            for one in told.get("Shards", []):
                closed = "EndingSequenceNumber" in one.get("SequenceNumberRange", {})
                found.append(Listed(one["ShardId"], one.get("ParentShardId"), closed))
            if not told.get("LastEvaluatedShardId"):
                return tuple(found)
            start = {"ExclusiveStartShardId": told["LastEvaluatedShardId"]}

    async def iterator(self, arn: str, shard: str, kind: str, after: str | None) -> str:
        """GetShardIterator. Raises CallFailed."""
        where = {} if after is None else {"SequenceNumber": after}
        body = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": kind, **where}
        return str((await self._stream("GetShardIterator", body))["ShardIterator"])

    async def records(self, iterator: str, limit: int) -> tuple[list[Mapping[str, Any]], str | None]:
        """GetRecords: the records, and where to go on (None: the shard has ended). Raises CallFailed."""
        told = await self._stream("GetRecords", {"ShardIterator": iterator, "Limit": limit})
        return list(told.get("Records", [])), told.get("NextShardIterator")

    async def has_stream(self, arn: str) -> bool:
        """Whether there is such a stream. Raises CallFailed when nobody says so."""
        try:
            told = await self._stream("DescribeStream", {"StreamArn": arn, "Limit": 1})
        except CallFailed as failed:
            if failed.refusal is Refusal.GONE:
                return False
            raise
        return bool(told["StreamDescription"].get("StreamLabel", "") == arn.rpartition("/")[2])

    async def send(self, queue: str, body: Mapping[str, Any]) -> None:
        """SendMessage. Raises CallFailed."""
        message = {"QueueUrl": f"{self._url}{queue_path(queue)}", "MessageBody": json.dumps(body)}
        await self._call("sqs", "AmazonSQS.SendMessage", message)

    async def _stream(self, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._call("dynamodb", f"DynamoDBStreams_20120810.{operation}", body)

    async def _call(self, service: str, target: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        scope = f"drill/20260101/{self._region}/{service}/aws4_request"
        signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
        headers = {"X-Amz-Target": target, "X-Amz-Date": "20260101T000000Z", "Authorization": signed,
                   "Content-Type": "application/x-amz-json-1.0"}  # fmt: skip
        try:
            async with self._session.post(f"{self._url}/", data=json.dumps(body), headers=headers) as answer:
                told = json.loads(await answer.read())
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise CallFailed(f"{target.partition('.')[2]}: {type(error).__name__}") from error
        if status == 200 and isinstance(told, dict):
            return told
        code = str(told.get("__type", "")).rpartition("#")[2] if isinstance(told, dict) else ""
        raise CallFailed(f"{target.partition('.')[2]}: {status} {code}".rstrip(), _REFUSALS.get(code, Refusal.OTHER))

    async def close(self) -> None:
        """Give up the connections."""
        await self._session.close()
