"""Whether something at an address speaks DynamoDB, asked without a client library: before it is used, and while it
starts."""

from __future__ import annotations

import json

from harness.kit.address import Address, join_address
from harness.wire.ask import NoAnswer, ask

_TARGET = "DynamoDB_20120810.ListTables"
_TYPE = "application/x-amz-json-1.0"
_SHOWN = 80


def not_dynamodb(address: Address, region: str, timeout_s: float = 2.0) -> str | None:
    """Why it is no DynamoDB that would serve us, in words; None: it is, and does.

    It is asked for its tables (Amazon DynamoDB Developer Guide, "DynamoDB low-level API"), with a signature that only a
    server without accounts takes.
    """
    scope = f"drill/20260101/{region}/dynamodb/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature={'0' * 64}"
    headers = {
        "X-Amz-Target": _TARGET,
        "X-Amz-Date": "20260101T000000Z",
        "Content-Type": _TYPE,
        "Authorization": signed,
    }
    try:
        answer = ask(address, "POST", "/", timeout_s=timeout_s, headers=headers, body=b"{}")
    except NoAnswer as error:
        return f"{join_address(address)} does not answer: {error}"
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    if answer.status == 200 and isinstance(body, dict) and isinstance(body.get("TableNames"), list):
        return None
    if isinstance(body, dict) and "__type" in body:
        code = str(body["__type"]).rpartition("#")[2][:_SHOWN]
        return f"{join_address(address)} is a DynamoDB that refuses to list its tables: {code}"
    return f"{join_address(address)} is no DynamoDB: it answers ListTables with {answer.status} and no list of tables"
