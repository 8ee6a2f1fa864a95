"""The low-level DynamoDB client with short time-outs and no hidden retries.

The SDK's defaults (60 s to connect, 60 s to read, ten attempts for DynamoDB) would turn one call into a black hole of
more than ten minutes. Here a call ends within two seconds, and whoever calls decides about trying again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from reference.settings import CALL_TIMEOUT_S, Settings

_session = botocore.session.get_session()


class CallFailed(Exception):
    """A call to DynamoDB did not succeed. `code` is the service's error code, or the SDK's exception name.

    `poison` tells that the request itself is refused, so that sending it again cannot help.
    """

    def __init__(self, operation: str, region: str, code: str, detail: str) -> None:
        super().__init__(f"{operation} in {region}: {code}: {detail}")
        self.code = code

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
            raise CallFailed(
                operation, self.region, str(fault.get("Code", "Unknown")), str(fault.get("Message", ""))
            ) from error
        except (BotoCoreError, HTTPClientError, ValueError, KeyError) as error:
            # ValueError and KeyError: the parser met an answer that is not DynamoDB's, such as an HTML page.
            raise CallFailed(operation, self.region, type(error).__name__, str(error)) from error
        return reply

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
