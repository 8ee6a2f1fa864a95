"""A live table as a side of a comparison: read page by page, no faster than a stated share of its capacity.

Answers are taken as the JSON they are: the same DynamoDB JSON as in exports, and far cheaper than a client library's
objects, so that the server and not this process is what limits the reading.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.httpsession import URLLib3Session

from harness.clock import monotonic_ns
from harness.comparison import throttle
from harness.comparison.canonical import Item, Malformed, key_of, place_of
from harness.comparison.records import Record, Shape
from harness.comparison.sources import Mark
from harness.comparison.throttle import PageRead, Throttle
from harness.errors import InputError, WorldError
from harness.units import to_s

_TYPED = re.compile(r"(?P<region>[A-Za-z0-9-]+):(?P<table>[A-Za-z0-9_.-]+?)(?:@(?P<endpoint>https?://\S+))?", re.ASCII)
_ARN = re.compile(r"arn:[^:]+:dynamodb:(?P<region>[^:]+):\d*:table/(?P<table>[^/]+)", re.ASCII)
_BEGUN = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+:(?P<rest>.*)", re.ASCII | re.DOTALL)
_TABLE = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_SERVICE = "DynamoDB_20120810"
_ATTEMPTS = 8
_BACKOFF_S, _BACKOFF_MAX_S = 0.1, 5.0
_TIMEOUT_S = 30.0
_TOO_MUCH = ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded")
_PAGE_BYTES = 1 << 20
_BATCH = 100
"""Keys of one BatchGetItem (API Reference)."""


@dataclass(frozen=True)
class Pace:
    """How fast a table may be read. share: of its capacity; units: a second, instead; consistent: strongly."""

    share: float = 0.5
    units: float | None = None
    consistent: bool = False


class ConditionFailed(InputError):
    """A write was refused since the item is not what it was expected to be."""


class Calls:
    """Calls to DynamoDB in one region. endpoint: of a server that is not AWS."""

    def __init__(self, region: str, endpoint: str | None = None) -> None:
        session = botocore.session.get_session()
        known = None if endpoint is None else "drill"
        try:
            client = session.create_client(
                "dynamodb", region, endpoint_url=endpoint, aws_access_key_id=known, aws_secret_access_key=known
            )
        except (BotoCoreError, ValueError) as error:
            raise InputError(f"{region}{'' if endpoint is None else f' at {endpoint}'}: {error}") from error
        self.url = str(client.meta.endpoint_url)
        client.close()
        credentials = session.get_credentials() if endpoint is None else Credentials("drill", "drill")
        if credentials is None:
            raise InputError("no AWS credentials are found: set AWS_PROFILE or AWS_ACCESS_KEY_ID, or name @ENDPOINT")
        self._auth = SigV4Auth(credentials, "dynamodb", region)
        self._http = URLLib3Session(timeout=_TIMEOUT_S, max_pool_connections=2)

    def call(
        self, operation: str, body: Mapping[str, Any], refused: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """The answer. refused: hears of each time that it was too much. Raises InputError, WorldError."""
        text = json.dumps(body)
        problem = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0.5, 1.0) * min(_BACKOFF_MAX_S, _BACKOFF_S * 2**attempt))
            try:
                status, answer = self._once(operation, text)
            except (HTTPClientError, BotoCoreError) as error:
                problem = str(error)
                continue
            if answer is None:
                problem = f"it answers {status}, and no JSON: what is there is no DynamoDB"
                if status < 500:
                    raise InputError(f"{operation} at {self.url}: {problem}")
                continue
            if status == 200:
                return answer
            code = str(answer.get("__type", "")).rpartition("#")[2]
            problem = f"{status} {code}: {answer.get('message', answer.get('Message', ''))}"
            if code in _TOO_MUCH:
                refused()
            elif code == "ConditionalCheckFailedException":
                raise ConditionFailed(problem)
            elif status < 500:
                raise InputError(f"{operation} at {self.url} is refused: {problem}")
        raise WorldError(f"{operation} at {self.url} failed {_ATTEMPTS} times, the last time: {problem}")

    def _once(self, operation: str, text: str) -> tuple[int, dict[str, Any] | None]:
        """Status and answer; None: it is no JSON object."""
        headers = {"X-Amz-Target": f"{_SERVICE}.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        request = AWSRequest("POST", self.url, headers, text)
        self._auth.add_auth(request)
        answer = self._http.send(request.prepare())
        try:
            body = json.loads(answer.content)
        except ValueError:
            body = None
        return answer.status_code, body if isinstance(body, dict) else None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class LiveTable:
    """A table that others may be writing to. See `sources.Source`."""

    is_layered = True
    """While it is written to, a key may come twice."""

    def __init__(self, name: str, calls: Calls, table: str, pace: Pace) -> None:
        self.name = name
        self.calls = calls
        self.table = table
        told = calls.call("DescribeTable", {"TableName": table}).get("Table")
        if told is None:
            raise InputError(f"{calls.url} answers DescribeTable without a table: what is there is no DynamoDB")
        schema = sorted(told["KeySchema"], key=lambda one: one["KeyType"] != "HASH")
        names = tuple(one["AttributeName"] for one in schema)
        self.names: tuple[str, ...] | None = names
        self.types = {one["AttributeName"]: one["AttributeType"] for one in told["AttributeDefinitions"]}
        self.key_types: Mapping[str, str] | None = {name: self.types[name] for name in names}
        self.items = int(told.get("ItemCount") or 0)
        self.size_bytes = int(told.get("TableSizeBytes") or 0)
        self._arn = str(told.get("TableArn", ""))
        self._pace = pace
        self.units_per_s = pace.units or pace.share * capacity(told)
        self._throttle = Throttle(self.units_per_s)

    def identity(self) -> Any:
        """See Source."""
        return [self._arn, self.calls.url]

    def read(self, shape: Shape, cursor: Any) -> Iterator[Record | Mark]:
        """See Source."""
        operation, asked = self._request(shape)
        if cursor == "end":
            return
        while True:
            body = asked if cursor is None else {**asked, "ExclusiveStartKey": cursor}
            page = self._page(operation, body)
            for item in page["Items"]:
                record = self._record(shape, item)
                if record is not None:
                    yield record
            cursor = page.get("LastEvaluatedKey") or None
            yield Mark(cursor or "end", len(page["Items"]))
            if cursor is None:
                return

    def _request(self, shape: Shape) -> tuple[str, dict[str, Any]]:
        asked: dict[str, Any] = {
            "TableName": self.table, "ConsistentRead": self._pace.consistent, "ReturnConsumedCapacity": "TOTAL",
        }  # fmt: skip
        if (limit := self._limit()) is not None:
            asked["Limit"] = limit
        if shape.selection.partition is None or self.names is None:
            return "Scan", asked
        kind = self.types[self.names[0]]
        return "Query", asked | {
            "KeyConditionExpression": "#k = :v",
            "ExpressionAttributeNames": {"#k": self.names[0]},
            "ExpressionAttributeValues": {":v": {kind: shape.selection.partition}},
        }

    def _limit(self) -> int | None:
        """How many items a page may have where a whole one is more than a second's share; None for as many as fit."""
        page_bytes = self.units_per_s * throttle.UNIT_BYTES * (1 if self._pace.consistent else 2)
        if page_bytes >= _PAGE_BYTES or not self.items or not self.size_bytes:
            return None
        return max(1, int(page_bytes / (self.size_bytes / self.items)))

    def _page(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        page = self.calls.call(operation, body, lambda: self._wait(PageRead(0, refused=True)))
        told = float((page.get("ConsumedCapacity") or {}).get("CapacityUnits") or 0)
        # Some servers count calls and not bytes: what a page has at least is known from its items.
        least = throttle.units_of(len(page.get("Items", ())) * 100, consistent=self._pace.consistent)
        self._wait(PageRead(max(told, least)))
        return page

    def _wait(self, event: PageRead) -> None:
        self._throttle, waits = throttle.step(self._throttle, event, monotonic_ns())
        for wait in waits:
            time.sleep(to_s(wait.wait_ns))

    def _record(self, shape: Shape, item: Item) -> Record | None:
        try:
            return shape.record(item, item)
        except Malformed as error:
            raise InputError(f"{self.name}: an item cannot be compared: {error}") from error

    def look_again(self, shape: Shape, keys: Sequence[Item]) -> dict[str, str]:
        """See Source. Read with strong consistency."""
        found: dict[str, str] = {}
        for start in range(0, len(keys), _BATCH):
            left = {self.table: {"Keys": list(keys[start : start + _BATCH]), "ConsistentRead": True}}
            while left:
                answer = self.calls.call("BatchGetItem", {"RequestItems": left, "ReturnConsumedCapacity": "TOTAL"})
                for item in answer.get("Responses", {}).get(self.table, ()):
                    record = self._record(shape, item)
                    found[place_of(key_of(shape.names, item))] = "" if record is None else record.text
                told = sum(float(one.get("CapacityUnits", 0)) for one in answer.get("ConsumedCapacity") or ())
                self._wait(PageRead(max(told, 1.0)))
                left = answer.get("UnprocessedKeys") or {}
        return found

    def item(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """What is there now, read with strong consistency; None: nothing."""
        asked = {"TableName": self.table, "Key": key, "ConsistentRead": True}
        return self.calls.call("GetItem", asked).get("Item") or None

    def put(self, item: Mapping[str, Any] | None, key: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
        """Write an item (None: delete it) under a condition; whether that held. An answer that was lost is asked for
        again, so False may also be said of a write that took effect."""
        what = {"Key": key} if item is None else {"Item": item}
        try:
            self.calls.call("DeleteItem" if item is None else "PutItem", {"TableName": self.table, **what, **condition})
        except ConditionFailed:
            return False
        return True

    def close(self) -> None:
        """Close the connections."""
        self.calls.close()


def capacity(described: Mapping[str, Any]) -> float:
    """A table's read units a second: provisioned, or the most that it may have on demand."""
    provisioned = float((described.get("ProvisionedThroughput") or {}).get("ReadCapacityUnits") or 0)
    mode = (described.get("BillingModeSummary") or {}).get("BillingMode")
    if provisioned and mode != "PAY_PER_REQUEST":
        return provisioned
    most = float((described.get("OnDemandThroughput") or {}).get("MaxReadRequestUnits") or 0)
    return most if most > 0 else float(throttle.ON_DEMAND_UNITS)


def named(text: str) -> tuple[str, str, str | None] | None:
    """Region, table and endpoint of what is typed `REGION:TABLE[@ENDPOINT]`, or as an ARN; None: it is no table."""
    if (found := _ARN.fullmatch(text)) is not None:
        return found["region"], found["table"], None
    if (found := _TYPED.fullmatch(text)) is not None:
        return found["region"], found["table"], found["endpoint"]
    return None


def misnamed(text: str) -> str | None:
    """What is wrong with a text that begins as that of a live table and names none; None: it does not begin so."""
    if text.startswith("arn:"):
        return "an ARN of a table is arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE"
    if (found := _BEGUN.fullmatch(text)) is None:
        return None
    table, at, endpoint = found["rest"].partition("@")
    if not table:
        return "no table follows the region; it is REGION:TABLE, REGION:TABLE@ENDPOINT or an ARN"
    if not _TABLE.fullmatch(table):
        return f"{table!r} is no table's name: letters, digits, _, - and . are allowed"
    return f"after the @ comes an endpoint, http://HOST:PORT, and not {endpoint!r}" if at else "it is REGION:TABLE"


def live_table(text: str, pace: Pace) -> LiveTable | None:
    """The table that is typed so, None where the text is not even like one. Raises InputError, WorldError."""
    found = named(text)
    if found is None:
        if (why := misnamed(text)) is not None:
            raise InputError(f"{text} names no live table: {why}")
        return None
    region, table, endpoint = found
    calls = Calls(region, endpoint)
    try:
        return LiveTable(text, calls, table, pace)
    except BaseException:
        calls.close()
        raise
