"""The low-level DynamoDB client with short time-outs and no hidden retries.

The SDK's defaults (60 s to connect, 60 s to read, ten attempts for DynamoDB) would turn one call into a black hole of
more than ten minutes. Here a call ends within two seconds, and whoever calls decides about trying again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, HTTPClientError, ReadTimeoutError

from reference.settings import CALL_TIMEOUT_S, Settings

INSIST_ATTEMPTS = 5
INSIST_PAUSE_S = 0.02
THROTTLES = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "TransactionInProgressException",
    "ReplicatedWriteConflictException",  # another region writes the item just now (global tables, strong consistency)
}
"""Worth trying again (DynamoDB API reference, common errors)."""

_session = botocore.session.get_session()


class CallFailed(Exception):
    """A call to DynamoDB did not succeed. `code` is the service's error code, or the SDK's exception name.

    `transient`: the same call may well succeed the next time. `poison`: the request is invalid, and stays so.
    `attempts`: how many were made; one of those before the last may have taken effect although it was not answered so.
    """

    attempts = 1

    def __init__(self, operation: str, region: str, code: str, detail: str, *, transient: bool) -> None:
        super().__init__(f"{operation} in {region}: {code}: {detail}")
        self.code = code
        self.transient = transient

    @property
    def condition_failed(self) -> bool:
        """The conditional write found a state that it must not replace."""
        return self.code == "ConditionalCheckFailedException"

    @property
    def missing(self) -> bool:
        """The table or stream does not exist."""
        return self.code == "ResourceNotFoundException"

    @property
    def poison(self) -> bool:
        """The request is invalid, and stays so."""
        return self.code in {"ValidationException", "ItemCollectionSizeLimitExceededException"}


class Client:
    """Calls to one service in one region; safe to use from several threads."""

    def __init__(
        self, region: str, *, service: str = "dynamodb", timeout_s: float = CALL_TIMEOUT_S, connections: int = 8
    ) -> None:
        self.region = region
        self._client: Any = _session.create_client(
            service,
            region_name=region,
            config=Config(
                connect_timeout=timeout_s,
                read_timeout=timeout_s,
                retries={"mode": "standard", "total_max_attempts": 1},
                max_pool_connections=connections,
                parameter_validation=False,
                tcp_keepalive=True,
            ),
        )

    def call(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        """Call an operation by its snake_case name. Raises CallFailed, whatever went wrong on the way."""
        try:
            reply: Mapping[str, Any] = getattr(self._client, operation)(**arguments)
        except ClientError as error:
            fault = error.response.get("Error", {})
            code = str(fault.get("Code", "Unknown"))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            transient = status >= 500 or code in THROTTLES
            raise CallFailed(
                operation, self.region, code, str(fault.get("Message", "")), transient=transient
            ) from error
        except (BotoCoreError, HTTPClientError, ValueError, KeyError) as error:
            # ValueError and KeyError: the parser met an answer that is not DynamoDB's, such as an HTML page.
            if isinstance(error, ConnectTimeoutError | ReadTimeoutError):
                self.forget_connections()
            raise CallFailed(operation, self.region, type(error).__name__, str(error), transient=True) from error
        return reply

    def insist(self, operation: str, *, patience_s: float = CALL_TIMEOUT_S, **arguments: Any) -> Mapping[str, Any]:
        """Call an idempotent operation, and again after a quick transient failure. Raises CallFailed.

        No attempt begins later than `patience_s` after the first, so one time-out is not followed by more.
        """
        began = time.monotonic()
        for attempt in range(INSIST_ATTEMPTS):
            try:
                return self.call(operation, **arguments)
            except CallFailed as failure:
                failure.attempts = attempt + 1
                pause_s = INSIST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.0)
                late = time.monotonic() + pause_s - began >= patience_s
                if late or not failure.transient or attempt + 1 == INSIST_ATTEMPTS:
                    raise
                time.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")

    def forget_connections(self) -> None:
        """Call over new connections from now on; those in use end with their calls.

        What silenced one connection has silenced its idle pool mates too, and each would cost one more time-out.
        """
        self._client.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._client.close()


def ensure_table(client: Client, name: str, key: str) -> None:
    """Create a table with a string key unless it exists. Raises CallFailed."""
    try:
        client.call(
            "create_table",
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except CallFailed as failure:
        if failure.code not in {"ResourceInUseException", "TableAlreadyExistsException"}:
            raise


def ensure_health_table(client: Client, settings: Settings) -> None:
    """Create the table of heartbeats and records in the client's region unless it exists. Raises CallFailed."""
    ensure_table(client, settings.table, settings.key)


def expire_tombstones(client: Client, settings: Settings) -> None:
    """Have items go away once the time in their `expires_at` has come. Raises CallFailed."""
    try:
        client.insist(
            "update_time_to_live",
            TableName=settings.items_table,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
        )
    except CallFailed as failure:
        if not failure.poison:  # it is enabled already
            raise
