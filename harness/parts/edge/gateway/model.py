"""Which region and service an AWS call is meant for, read from the call itself. No I/O.

A SigV4 signature names its scope, `ACCESS_KEY/YYYYMMDD/REGION/SERVICE/aws4_request`, in the Authorization header or,
for presigned URLs, in the query as X-Amz-Credential (IAM User Guide, "Create a signed AWS API request"). SigV4A
(AWS4-ECDSA-P256-SHA256) has no region in its scope. The signature is not verified: the region server may do that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from harness.kit.address import Address
from harness.wire.framing import RequestHead

GLOBAL = "aws-global"
"""Region of the services that have one endpoint for all regions (Route 53, IAM), as botocore's partitions name it."""

ANY_SERVICE = "*"

Routes = Mapping[str, Mapping[str, Address]]
"""region -> service (or `*`) -> address."""

_AUTHORIZATION = re.compile(rb"AWS4-HMAC-SHA256[ \t]+(?:[^,]*,)*?[ \t]*Credential=([^\s,]{1,512})(?:[ \t]*,|[ \t]*$)")
_AUTHORIZATION_4A = re.compile(
    rb"AWS4-ECDSA-P256-SHA256[ \t]+(?:[^,]*,)*?[ \t]*Credential=([^\s,]{1,512})(?:[ \t]*,|[ \t]*$)"
)
_QUERY_CREDENTIAL = re.compile(rb"[?&]X-Amz-Credential=([^&#]{1,1024})")
_SCOPE = re.compile(rb"[^/\s]+/[0-9]{8}/([a-z0-9-]{1,64})/([a-z0-9-]{1,64})/aws4_request")
_SCOPE_4A = re.compile(rb"[^/\s]+/[0-9]{8}/([a-z0-9-]{1,64})/aws4_request")
_TARGET_SERVICES = {b"DynamoDB": "dynamodb", b"DynamoDBStreams": "dynamodb"}


class Signature(StrEnum):
    """How a call says where it belongs."""

    SIGV4 = "sigv4"
    SIGV4A = "sigv4a"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Scope:
    """region: None when the call does not name one. service: as signed (streams sign as `dynamodb`), else a guess."""

    region: str | None
    service: str | None
    signature: Signature


def scope_of(head: RequestHead) -> Scope:
    """The credential scope of a request. Anything malformed counts as unsigned, never as an error."""
    authorization = head.get(b"authorization")
    if authorization is not None:
        if signed := _AUTHORIZATION.match(authorization):
            return _scope(signed.group(1)) or _unsigned(head)
        if signed := _AUTHORIZATION_4A.match(authorization):
            return _scope_4a(signed.group(1)) or _unsigned(head)
        return _unsigned(head)
    if presigned := _QUERY_CREDENTIAL.search(head.target):
        credential = unquote_to_bytes(presigned.group(1))
        return _scope(credential) or _scope_4a(credential) or _unsigned(head)
    return _unsigned(head)


def _scope(credential: bytes) -> Scope | None:
    scope = _SCOPE.fullmatch(credential)
    return scope and Scope(scope.group(1).decode(), scope.group(2).decode(), Signature.SIGV4)


def _scope_4a(credential: bytes) -> Scope | None:
    scope = _SCOPE_4A.fullmatch(credential)
    return scope and Scope(None, scope.group(1).decode(), Signature.SIGV4A)


def _unsigned(head: RequestHead) -> Scope:
    # JSON protocols name the service beside the operation: `X-Amz-Target: DynamoDB_20120810.PutItem`.
    prefix = (head.get(b"x-amz-target") or b"").partition(b"_")[0]
    return Scope(None, _TARGET_SERVICES.get(prefix), Signature.UNSIGNED)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes. key: of the connection that may carry it, as connections never mix regions or services."""

    key: tuple[str, str]
    address: Address


def route(routes: Routes, scope: Scope, home_region: str) -> Route | None:
    """The route of a request, or None when there is none.

    home_region: the caller's own, used when the scope names no region. Looked up in turn: the service in that
    region, `*` in that region, the service among the global ones; and, for a call that names no service at all, the
    region's only address.
    """
    region = scope.region or home_region
    services = routes.get(region, {})
    for name in (scope.service, ANY_SERVICE):
        if name is not None and name in services:
            return Route((region, name), services[name])
    if scope.service is not None:
        address = routes.get(GLOBAL, {}).get(scope.service)
        return address and Route((GLOBAL, scope.service), address)
    if len(set(services.values())) == 1:
        name, address = next(iter(services.items()))
        return Route((region, name), address)
    return None


def no_route_message(scope: Scope, home_region: str) -> str:
    """What to tell a caller whose request has no route."""
    where = scope.region or f"{home_region} (the caller's own region)"
    return f"The drill's gateway has no route for service {scope.service or 'unknown'} in region {where}."
