"""The first call of each kind, made before the fork, so that no region has to pay for it again."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from harness.engines.moto.http import Wsgi
from harness.errors import WorldError

_TABLE = "warm"
_KEY = {"id": {"S": "k"}}
_SCOPE = "AWS4-HMAC-SHA256 Credential=warm/20250101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
_DYNAMODB: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (
        "CreateTable",
        {
            "TableName": _TABLE,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        },
    ),
    ("DescribeTable", {"TableName": _TABLE}),
    (
        "PutItem",
        {
            "TableName": _TABLE,
            "Item": {**_KEY, "value": {"S": "v"}},
            "ConditionExpression": "attribute_not_exists(id)",
        },
    ),
    (
        "UpdateItem",
        {
            "TableName": _TABLE,
            "Key": _KEY,
            "UpdateExpression": "SET #v = :v",
            "ExpressionAttributeNames": {"#v": "value"},
            "ExpressionAttributeValues": {":v": {"S": "w"}},
        },
    ),
    ("GetItem", {"TableName": _TABLE, "Key": _KEY}),
    ("Scan", {"TableName": _TABLE}),
    ("DeleteItem", {"TableName": _TABLE, "Key": _KEY}),
)


def _call(app: Wsgi, service: str, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    statuses: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": _SCOPE.format(service),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **headers,
    }
    answer = b"".join(app(environ, lambda status, *_: statuses.append(status)))
    if not statuses or not statuses[0].startswith("2"):
        raise WorldError(f"moto does not answer {service} {method} {path} {headers}: {statuses} {answer[:200]!r}")
    return answer


def _json(app: Wsgi, target: str, body: Mapping[str, Any]) -> Any:
    headers = {"HTTP_X_AMZ_TARGET": target, "CONTENT_TYPE": "application/x-amz-json-1.0"}
    return json.loads(_call(app, "dynamodb", "POST", "/", json.dumps(body).encode(), headers))


def warm_up(app: Wsgi) -> None:
    """Make one call of each kind that a drill makes. Raises WorldError when one fails. Leaves data behind."""
    for operation, body in _DYNAMODB:
        _json(app, f"DynamoDB_20120810.{operation}", body)
    streams = "DynamoDBStreams_20120810."
    arn = _json(app, streams + "ListStreams", {"TableName": _TABLE})["Streams"][0]["StreamArn"]
    shard = _json(app, streams + "DescribeStream", {"StreamArn": arn})["StreamDescription"]["Shards"][0]["ShardId"]
    asked = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = _json(app, streams + "GetShardIterator", asked)["ShardIterator"]
    _json(app, streams + "GetRecords", {"ShardIterator": iterator})
    _call(app, "route53", "GET", "/2013-04-01/hostedzone", b"", {})
