"""The functions and event source mappings of a region as Lambda's API takes, checks and shows them. Pure.

Lambda API Reference: CreateFunction, CreateEventSourceMapping and their kin; errors and limits as there. What is not
emulated (other runtimes, filters, tumbling windows, other sources) is refused, never ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
"""The account of all region servers here."""
_NAME = re.compile(
    r"(?:arn:aws:lambda:)?(?:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?([A-Za-z0-9_-]{1,64})(?::(\$LATEST|[A-Za-z0-9_-]+))?"
)
_STREAM = re.compile(r"arn:aws:dynamodb:([a-z0-9-]+):\d{12}:table/([A-Za-z0-9_.-]{3,255})/stream/[^/]+")
_QUEUE = re.compile(r"arn:aws:sqs:([a-z0-9-]+):\d{12}:([A-Za-z0-9_-]{1,80})")
_HANDLER = re.compile(r"[^\s.]+\.[^\s.]+|[^\s]+\.[^\s.]+")
_ROLE = re.compile(r"arn:aws[a-zA-Z-]*:iam::\d{12}:role/?[A-Za-z0-9+=,.@_/-]+")
_LIMITS: Mapping[str, tuple[int, int]] = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "ParallelizationFactor": (1, 10),
    "MaximumRetryAttempts": (-1, 10_000),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
}
_AGE_LEAST_S = 60
"""Of an age that is not infinite (AWS CloudFormation, AWS::Lambda::EventSourceMapping)."""
_DEFAULTS: Mapping[str, Any] = {
    "BatchSize": 100, "MaximumBatchingWindowInSeconds": 0, "ParallelizationFactor": 1, "MaximumRetryAttempts": -1,
    "MaximumRecordAgeInSeconds": -1, "BisectBatchOnFunctionError": False, "FunctionResponseTypes": [],
    "DestinationConfig": {"OnFailure": {}},
}  # fmt: skip
_NOT_HERE = ("FilterCriteria", "TumblingWindowInSeconds", "Topics", "Queues", "SelfManagedEventSource", "KMSKeyArn")
_FIXED = ("EventSourceArn", "StartingPosition", "FunctionName")
_MEMORY_MB, _TIMEOUT_S = (128, 10_240), (1, 900)
_VARIABLES_BYTES_MAX = 4096
RESERVED = (
    "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "_HANDLER",
    "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_DEFAULT_REGION",
)  # fmt: skip
"""Variables that a function's configuration may not set (Developer Guide, "Defined runtime environment variables")."""


class ApiError(Exception):
    """What a call is answered instead. kind: the exception's name in the API."""

    def __init__(self, kind: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status


def invalid(message: str) -> ApiError:
    """InvalidParameterValueException."""
    return ApiError("InvalidParameterValueException", message)


@dataclass(frozen=True, slots=True)
class Function:
    """A function. folder: where its code lies; variables: of its own, from `Environment`."""

    name: str
    region: str
    handler: str
    role: str
    runtime: str
    folder: str
    timeout_s: int = 3
    memory_mb: int = 128
    variables: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    code_sha256: str = ""
    code_size: int = 0
    modified: str = ""
    revision: str = ""

    @property
    def arn(self) -> str:
        """Its ARN, without a version."""
        return f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.name}"

    def described(self) -> dict[str, Any]:
        """FunctionConfiguration."""
        return {
            "FunctionName": self.name, "FunctionArn": self.arn, "Runtime": self.runtime, "Role": self.role,
            "Handler": self.handler, "CodeSize": self.code_size, "Description": self.description,
            "Timeout": self.timeout_s, "MemorySize": self.memory_mb, "LastModified": self.modified,
            "CodeSha256": self.code_sha256, "Version": "$LATEST", "Environment": {"Variables": dict(self.variables)},
            "TracingConfig": {"Mode": "PassThrough"}, "RevisionId": self.revision, "State": "Active",
            "LastUpdateStatus": "Successful", "PackageType": "Zip", "Architectures": ["x86_64"],
            "EphemeralStorage": {"Size": 512}, "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        }  # fmt: skip


def function_name(given: str) -> str:
    """The name in a name, a partial ARN or an ARN. Raises ApiError."""
    found = _NAME.fullmatch(given)
    if found is None:
        raise invalid(f"1 validation error detected: Value '{given}' at 'functionName' is no function name")
    if found.group(2) not in (None, "$LATEST"):
        raise ApiError("ResourceNotFoundException", f"Function not found: {given}: only $LATEST is here", 404)
    return found.group(1)


def no_function(region: str, name: str) -> ApiError:
    """ResourceNotFoundException."""
    arn = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"
    return ApiError("ResourceNotFoundException", f"Function not found: {arn}", 404)


def checked_function(body: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for `Function`, of those that the body of CreateFunction or UpdateFunctionConfiguration has. Raises
    ApiError."""
    found: dict[str, Any] = {}
    if "Runtime" in body:
        if not str(body["Runtime"]).startswith("python3"):
            raise invalid(
                f"Runtime {body['Runtime']}: handlers here are Python's, run by the harness's own interpreter"
            )
        found["runtime"] = body["Runtime"]
    if "Handler" in body:
        if not _HANDLER.fullmatch(str(body["Handler"])) or len(body["Handler"]) > 128:
            raise invalid(f"Handler {body['Handler']!r} must be FILE.FUNCTION")
        found["handler"] = body["Handler"]
    if "Role" in body:
        if not _ROLE.fullmatch(str(body["Role"])):
            raise invalid("The role defined for the function cannot be assumed by Lambda.")
        found["role"] = body["Role"]
    for key, name, (least, most) in (("Timeout", "timeout_s", _TIMEOUT_S), ("MemorySize", "memory_mb", _MEMORY_MB)):
        if key in body:
            found[name] = _number(body, key, least, most)
    if "Description" in body:
        found["description"] = str(body["Description"])
    if "Environment" in body:
        found["variables"] = _variables((body["Environment"] or {}).get("Variables") or {})
    return found


def _variables(given: Mapping[str, Any]) -> dict[str, str]:
    taken = [name for name in given if name in RESERVED]
    if taken:
        text = "Lambda was unable to configure your environment variables because the environment variables you have"
        raise invalid(f"{text} provided contains reserved keys: {', '.join(taken)}")
    odd = [name for name in given if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]+", name)]
    if odd:
        raise invalid(f"environment variables are called by two or more letters, digits and _: not {', '.join(odd)}")
    if sum(len(name) + len(str(value)) for name, value in given.items()) > _VARIABLES_BYTES_MAX:
        raise invalid(f"environment variables are larger than {_VARIABLES_BYTES_MAX} bytes in all")
    return {name: str(value) for name, value in given.items()}


def _number(body: Mapping[str, Any], key: str, least: int, most: int) -> int:
    value = body[key]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise invalid(f"1 validation error detected: Value '{value}' at '{key}' must be from {least} to {most}")
    return value


def checked_mapping(body: Mapping[str, Any], region: str, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The settings of a mapping as GetEventSourceMapping shows them; those that are not given as in `known` (an
    update), else the defaults. Raises ApiError."""
    for key in _NOT_HERE:
        if body.get(key):
            raise invalid(f"{key} is not emulated here")
    if known is None:
        _check_source(body, region)
    found = dict(known or {**_DEFAULTS, **{key: body[key] for key in _FIXED if key in body}})
    for key, (least, most) in _LIMITS.items():
        if body.get(key) is not None:
            found[key] = _number(body, key, least, most)
    if 0 <= found["MaximumRecordAgeInSeconds"] < _AGE_LEAST_S:
        raise invalid(f"MaximumRecordAgeInSeconds must be -1, or from {_AGE_LEAST_S} on")
    if body.get("BisectBatchOnFunctionError") is not None:
        found["BisectBatchOnFunctionError"] = bool(body["BisectBatchOnFunctionError"])
    if body.get("FunctionResponseTypes") is not None:
        if not set(body["FunctionResponseTypes"]) <= {"ReportBatchItemFailures"}:
            raise invalid("FunctionResponseTypes: only ReportBatchItemFailures is known")
        found["FunctionResponseTypes"] = list(body["FunctionResponseTypes"])
    if body.get("DestinationConfig") is not None:
        target = ((body["DestinationConfig"] or {}).get("OnFailure") or {}).get("Destination") or ""
        if target and (queue := _QUEUE.fullmatch(target)) is None:
            raise invalid(f"the destination {target} is not emulated here: only SQS queues are")
        if target and queue is not None and queue.group(1) != region:
            raise invalid(f"the destination {target} is not in {region}")
        found["DestinationConfig"] = {"OnFailure": {"Destination": target} if target else {}}
    return found


def _check_source(body: Mapping[str, Any], region: str) -> None:
    arn = str(body.get("EventSourceArn") or "")
    found = _STREAM.fullmatch(arn)
    if found is None:
        raise invalid(f"Unrecognized event source: {arn!r}: only streams of DynamoDB tables are emulated here")
    if found.group(1) != region:
        raise invalid(f"the stream {arn} is not in {region}: a mapping reads streams of its own region")
    if body.get("StartingPosition") not in ("TRIM_HORIZON", "LATEST"):
        raise invalid(
            "1 validation error detected: StartingPosition must be TRIM_HORIZON or LATEST for DynamoDB streams"
        )


def destination(settings: Mapping[str, Any]) -> str:
    """ARN of the queue for what is given up; "" for none."""
    return str(settings["DestinationConfig"]["OnFailure"].get("Destination", ""))


def queue_path(arn: str) -> str:
    """The path of a queue's URL."""
    _, _, _, _, account, name = arn.split(":")
    return f"/{account}/{name}"
