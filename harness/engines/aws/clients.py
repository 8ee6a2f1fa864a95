"""boto3 clients of the harness itself: tables, scans, and the set-up of Route 53. The subject makes its own.

localstack-client has traps, all avoided here: it ignores `region_name=` and `endpoint_url=` given to `client()` (so
there is one session per region), and the environment's AWS_ENDPOINT_URL, meant for the subject, overrules the address
that it is given (so the variable is hidden while a session is made).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from localstack_client.config import get_service_endpoint
from localstack_client.session import Session

from harness import stored
from harness.errors import WorldError
from harness.kit.address import Address
from harness.stored import KeySpec, ValueSpec

T = TypeVar("T")

ACCESS_KEY_ID = "drill"
SECRET_ACCESS_KEY = "drill"  # noqa: S105 - any will do: there is nothing to protect on loopback
_CONNECT_TIMEOUT_S = 1.0
_READ_TIMEOUT_S = 5.0
_ATTEMPTS = 2
_BATCH = 25
"""Items of one BatchWriteItem (API Reference)."""
_HIDDEN = ("AWS_ENDPOINT_URL", "USE_SSL", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
"""What localstack-client and boto3 would read from the environment: the subject's, or the user's own account."""


@dataclass(frozen=True)
class NewTable:
    """A table to create. key: its partition key (and sort key). types: of those that are no strings: N or B."""

    name: str
    key: KeySpec
    types: Mapping[str, str] = field(default_factory=dict)


class RegionClients:
    """Clients for one region's server (or the control plane's) at a loopback address.

    read_timeout_s: how long an answer may take; one more attempt is made after a failure.
    """

    def __init__(self, region: str, address: Address, *, read_timeout_s: float = _READ_TIMEOUT_S) -> None:
        self.region = region
        with _clean_environment():
            self._session = Session(
                ACCESS_KEY_ID,
                SECRET_ACCESS_KEY,
                None,
                region_name=region,
                localstack_host=f"{address[0]}:{address[1]}",
            )
        self._config = Config(
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=read_timeout_s,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            proxies={},  # an HTTP_PROXY in the environment is not for loopback
        )

    def client(self, service: str) -> Any:
        """A boto3 client for a service, e.g. `dynamodb`, `dynamodbstreams`, `route53`."""
        with _clean_environment():
            return self._session.client(service, config=self._config)


def localstack_endpoint(host: str) -> str:
    """The URL of a LocalStack at HOST or HOST:PORT, as localstack-client says it. Raises RuntimeError."""
    with _clean_environment():
        return str(get_service_endpoint("dynamodb", localstack_host=host))


@contextmanager
def _clean_environment() -> Iterator[None]:
    hidden = {name: os.environ.pop(name) for name in _HIDDEN if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def told(what: str, call: Callable[[], T]) -> T:
    """What a call gives. Raises WorldError, that begins with `what`, when it is refused or not answered."""
    try:
        return call()
    except (ClientError, BotoCoreError) as error:
        raise WorldError(f"{what}: {error}") from error


def create_tables(client: Any, tables: Iterable[NewTable]) -> None:
    """Create tables with a stream of new and old images, and wait until each is active.

    Raises WorldError when one exists already or the region does not answer.
    """
    for table in tables:
        told(f"table {table.name} was not created", lambda table=table: _create(client, table))  # type: ignore[misc]


def _create(client: Any, table: NewTable) -> None:
    client.create_table(
        TableName=table.name,
        KeySchema=[
            {"AttributeName": name, "KeyType": kind}
            for name, kind in zip(stored.key_attributes(table.key), ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": table.types.get(name, "S")}
            for name in stored.key_attributes(table.key)
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    client.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})


def delete_tables(client: Any, names: Iterable[str] | None = None) -> None:
    """Delete tables (None: every one that there is), and wait until they are gone; those that are not there are.

    Raises WorldError when the region does not answer.
    """
    for name in table_names(client) if names is None else names:
        told(f"table {name} was not deleted", lambda name=name: _delete(client, name))  # type: ignore[misc]


def table_names(client: Any) -> list[str]:
    """Of every table of a region. Raises WorldError."""
    pages = client.get_paginator("list_tables").paginate()
    return told("tables were not listed", lambda: [name for page in pages for name in page["TableNames"]])


def _delete(client: Any, table: str) -> None:
    try:
        client.delete_table(TableName=table)
    except client.exceptions.ResourceNotFoundException:
        return
    client.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 10})


def holds_items(client: Any, table: str) -> bool:
    """Whether there is anything in a table. Raises WorldError."""
    page = told(f"table {table} was not read", lambda: client.scan(TableName=table, Limit=1, ConsistentRead=True))
    return bool(page["Items"])


def delete_items(client: Any, table: str, names: Sequence[str]) -> None:
    """Delete every item of a table, and leave the table. names: the attributes of its key. Raises WorldError."""
    keys = [{name: item[name] for name in names} for item in scan_items(client, table, names)]

    def delete(some: Sequence[stored.Item]) -> None:
        left = {table: [{"DeleteRequest": {"Key": one}} for one in some]}
        while left:
            left = client.batch_write_item(RequestItems=left).get("UnprocessedItems", {})

    for start in range(0, len(keys), _BATCH):
        told(f"table {table} was not emptied", functools.partial(delete, keys[start : start + _BATCH]))


@overload
def scan_values(client: Any, table: str, key: KeySpec, value: ValueSpec) -> dict[str, str | None]: ...
@overload
def scan_values(
    client: Any, table: str, key: KeySpec, value: ValueSpec, items_max: int
) -> dict[str, str | None] | None: ...
def scan_values(
    client: Any, table: str, key: KeySpec, value: ValueSpec, items_max: int | None = None
) -> dict[str, str | None] | None:
    """Every item of a table that is the clients': its key -> its value's text, None when it has no such attribute.
    None instead of them where there are more than items_max.

    Strings and numbers are told as they are, other types as JSON. Raises WorldError when the region does not answer.
    """
    wanted = stored.attributes(key, value)
    dotted = any("." in name for name in wanted)  # some servers take an attribute `a.b` beside `a` for one within it
    items = scan_items(client, table, () if dotted else wanted, items_max)
    if items_max is not None and len(items) > items_max:
        return None
    named = ((stored.key_of(key, item), item) for item in items)
    return {name: stored.value_of(value, item) for name, item in named if name is not None}


def scan_items(
    client: Any, table: str, attributes: Sequence[str] = (), items_max: int | None = None
) -> list[stored.Item]:
    """Every item of a table as it is, or some attributes of it. Raises WorldError.

    Stops reading where there are more than items_max.
    """
    names = {f"#a{number}": name for number, name in enumerate(attributes)}
    wanted = {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names} if names else {}
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True, **wanted)

    def read() -> list[stored.Item]:
        found: list[stored.Item] = []
        for page in pages:
            found += page["Items"]
            if items_max is not None and len(found) > items_max:
                break
        return found

    return told(f"table {table} was not read", read)
