"""boto3 clients of the harness itself: tables, scans, and the set-up of Route 53. The subject makes its own.

localstack-client has traps, all avoided here: it ignores `region_name=` and `endpoint_url=` given to `client()` (so
there is one session per region), and the environment's AWS_ENDPOINT_URL, meant for the subject, overrules the address
that it is given (so the variable is hidden while a session is made).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from localstack_client.session import Session

from harness.errors import WorldError
from harness.kit.address import Address

T = TypeVar("T")

ACCESS_KEY_ID = "drill"
SECRET_ACCESS_KEY = "drill"  # noqa: S105 - any will do: there is nothing to protect on loopback
_CONNECT_TIMEOUT_S = 1.0
_READ_TIMEOUT_S = 5.0
_ATTEMPTS = 2
_HIDDEN = ("AWS_ENDPOINT_URL", "USE_SSL", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
"""What localstack-client and boto3 would read from the environment: the subject's, or the user's own account."""


@dataclass(frozen=True)
class NewTable:
    """A table to create. key: its partition key, a string attribute."""

    name: str
    key: str


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
        KeySchema=[{"AttributeName": table.key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": table.key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    client.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})


def scan_values(client: Any, table: str, key: str, value: str) -> dict[str, str | None]:
    """Every item of a table: its key's text -> its value's text, None when the item has no such attribute.

    Strings and numbers are told as they are, other types as JSON. Raises WorldError when the region does not answer.
    """
    names = {"#k": key, "#v": value}
    pages = client.get_paginator("scan").paginate(
        TableName=table, ConsistentRead=True, ProjectionExpression="#k, #v", ExpressionAttributeNames=names
    )
    items = told(f"table {table} was not read", lambda: [item for page in pages for item in page["Items"]])
    return {str(_text(item[key])): _text(item.get(value)) for item in items if key in item}


def _text(attribute: Mapping[str, Any] | None) -> str | None:
    if attribute is None:
        return None
    (held,) = attribute.values()
    return held if isinstance(held, str) else json.dumps(held, sort_keys=True, default=str)
