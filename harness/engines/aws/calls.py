"""Single calls to DynamoDB's JSON protocol without a client library: cheap, and past what a library would check.

Amazon DynamoDB Developer Guide, "DynamoDB low-level API". The signature is one that only servers without accounts take.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.errors import WorldError
from harness.kit.address import Address, join_address
from harness.names import HEADER_WRITER
from harness.wire.ask import NoAnswer, ask
from harness.wire.exchange import Response

DYNAMODB, STREAMS = "DynamoDB_20120810", "DynamoDBStreams_20120810"
_TYPE = "application/x-amz-json-1.0"
_SHOWN = 80
_MESSAGE_MAX = 1_000
TIMEOUT_S = 2.0


class CallRefused(WorldError):
    """The server answered, and refused. code: the service's, "" where it told none; status: of HTTP; message: its own
    words."""

    def __init__(self, text: str, code: str, status: int, message: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.status = status
        self.message = message


def call(
    address: Address, region: str, protocol: str, operation: str, body: Mapping[str, Any], timeout_s: float = TIMEOUT_S,
    *, writer: str | None = None,
) -> Mapping[str, Any]:  # fmt: skip
    """The answer to one call. protocol: DYNAMODB or STREAMS; writer: who calls, for the region's own server, past what
    others answer for it. Raises NoAnswer, CallRefused."""
    scope = f"drill/20260101/{region}/dynamodb/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature={'0' * 64}"
    headers = {
        "X-Amz-Target": f"{protocol}.{operation}",
        "X-Amz-Date": "20260101T000000Z",
        "Content-Type": _TYPE,
        "Authorization": signed,
    }
    if writer is not None:
        headers[HEADER_WRITER] = writer
    answer = ask(address, "POST", "/", timeout_s=timeout_s, headers=headers, body=json.dumps(body).encode())
    told = _object(answer)
    if answer.status == 200 and told is not None:
        return told
    code = str((told or {}).get("__type", "")).rpartition("#")[2][:_SHOWN]
    message = str((told or {}).get("message", (told or {}).get("Message", "")))[:_MESSAGE_MAX]
    raise CallRefused(f"{operation} is answered {answer.status} {code}".rstrip(), code, answer.status, message)


def _object(answer: Response) -> Mapping[str, Any] | None:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def not_dynamodb(address: Address, region: str, timeout_s: float = TIMEOUT_S) -> str | None:
    """Why an address is no DynamoDB that would serve us, in words; None: it is, and does."""
    at = join_address(address)
    try:
        told = call(address, region, DYNAMODB, "ListTables", {}, timeout_s)
    except NoAnswer as error:
        return f"{at} does not answer: {error}"
    except CallRefused as error:
        if error.code:
            return f"{at} is a DynamoDB that refuses to list its tables: {error.code}"
        return f"{at} is no DynamoDB: it answers ListTables with {error.status}"
    return None if isinstance(told.get("TableNames"), list) else f"{at} is no DynamoDB: it lists no tables"
