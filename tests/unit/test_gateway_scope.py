"""Which region and service a call is signed for, and where it goes."""

from __future__ import annotations

import time

import botocore.session
import pytest

from harness.parts.edge.gateway.model import GLOBAL, Route, Scope, Signature, no_route_message, route, scope_of
from harness.wire.framing import RequestHead, RequestReader

EAST, WEST, CONTROL = ("127.0.0.1", 1), ("127.0.0.1", 2), ("127.0.0.1", 3)
ROUTES = {
    "us-east-1": {"dynamodb": EAST},
    "us-west-2": {"dynamodb": WEST, "*": WEST},
    GLOBAL: {"route53": CONTROL},
}
UNSIGNED = Scope(None, None, Signature.UNSIGNED)


def head(target: str = "/", **fields: str) -> RequestHead:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    (part,) = RequestReader().feed(f"POST {target} HTTP/1.1\r\n{lines}\r\n".encode())
    assert isinstance(part.head, RequestHead), part.error
    return part.head


def signed(credential: str, algorithm: str = "AWS4-HMAC-SHA256") -> str:
    return f"{algorithm} Credential={credential}, SignedHeaders=host;x-amz-date, Signature=abc"


def test_a_signed_call_names_its_region_and_service() -> None:
    scope = scope_of(head(Authorization=signed("AKID/20260101/us-west-2/dynamodb/aws4_request")))
    assert scope == Scope("us-west-2", "dynamodb", Signature.SIGV4)


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256 SignedHeaders=host,Credential=A/20260101/us-west-2/s3/aws4_request,Signature=1",
        "AWS4-HMAC-SHA256   Signature=1,   Credential=A/20260101/us-west-2/s3/aws4_request",
    ],
)
def test_the_order_of_the_parts_does_not_matter(authorization: str) -> None:
    assert scope_of(head(Authorization=authorization)) == Scope("us-west-2", "s3", Signature.SIGV4)


@pytest.mark.parametrize("slash", ["%2F", "%2f", "/"])
def test_a_presigned_url_carries_its_scope_in_the_query(slash: str) -> None:
    credential = slash.join(("AKID", "20260101", "us-west-2", "s3", "aws4_request"))
    scope = scope_of(head(f"/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Expires=60"))
    assert scope == Scope("us-west-2", "s3", Signature.SIGV4)


def test_sigv4a_names_a_service_but_no_region() -> None:
    scope = scope_of(head(Authorization=signed("AKID/20260101/s3/aws4_request", "AWS4-ECDSA-P256-SHA256")))
    assert scope == Scope(None, "s3", Signature.SIGV4A)
    scope = scope_of(head("/?X-Amz-Credential=AKID%2F20260101%2Fs3%2Faws4_request"))
    assert scope == Scope(None, "s3", Signature.SIGV4A)


def test_an_unsigned_json_call_still_names_its_service() -> None:
    assert scope_of(head(X_Amz_Target="DynamoDB_20120810.PutItem")).service == "dynamodb"
    assert scope_of(head(X_Amz_Target="DynamoDBStreams_20120810.GetRecords")).service == "dynamodb"
    assert scope_of(head(X_Amz_Target="Other_1.X")).service is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Basic QTpC"},
        {"Authorization": "Bearer Credential=A/20260101/us-east-1/s3/aws4_request"},
        {"Authorization": "AWS4-HMAC-SHA256"},
        {"Authorization": signed("AKID/20260101/us-east-1/dynamodb")},
        {"Authorization": signed("AKID/2026/us-east-1/dynamodb/aws4_request")},
        {"Authorization": signed("AKID/20260101/us-east-1/../aws4_request")},
        {"Authorization": signed("AKID/20260101/us-east-1/dynamodb/aws4_request/x")},
        {"Authorization": signed("AKID/20260101/US EAST/dynamodb/aws4_request")},
        {"Authorization": signed("AKID/20260101/" + "a" * 65 + "/dynamodb/aws4_request")},
        {"Authorization": signed("AKID/20260101/%2e%2e/dynamodb/aws4_request")},
        {"Authorization": "AWS4-HMAC-SHA256 XCredential=A/20260101/us-east-1/s3/aws4_request"},
    ],
)
def test_whatever_is_malformed_counts_as_unsigned(fields: dict[str, str]) -> None:
    assert scope_of(head(**fields)) == UNSIGNED


@pytest.mark.parametrize(
    "query",
    ["X-Amz-Credential=", "X-Amz-Credential=%", "X-Amz-Credential=%00/1/2/3/4", "x=X-Amz-Credential=A/20260101/r/s/t"],
)
def test_a_malformed_query_counts_as_unsigned(query: str) -> None:
    assert scope_of(head(f"/?{query}")) == UNSIGNED


@pytest.mark.parametrize(
    "filler", ["," * 60_000, ", " * 30_000, " " * 60_000, "Credential=" * 5_000, "a/" * 30_000, "Credential=/" * 5_000]
)
def test_a_hostile_header_does_not_burn_the_cpu(filler: str) -> None:
    hostile = head(Authorization="AWS4-HMAC-SHA256 " + filler)
    began = time.process_time()
    assert scope_of(hostile) == UNSIGNED
    assert scope_of(head("/?" + "X-Amz-Credential=%2F" * 3_000)) == UNSIGNED
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("service", "region", "expected"),
    [
        ("dynamodb", "us-west-2", Scope("us-west-2", "dynamodb", Signature.SIGV4)),
        ("dynamodbstreams", "us-west-2", Scope("us-west-2", "dynamodb", Signature.SIGV4)),
        ("route53", "us-west-2", Scope("us-east-1", "route53", Signature.SIGV4)),
    ],
)
def test_what_botocore_signs_is_read_back(service: str, region: str, expected: Scope) -> None:
    session = botocore.session.get_session()
    session.set_credentials("AKID", "secret")
    client = session.create_client(service, region_name=region)
    seen: list[Scope] = []

    def before_send(request: object, **_: object) -> object:
        fields = {name: _text(value) for name, value in request.headers.items()}  # type: ignore[attr-defined]
        seen.append(scope_of(head(Authorization=fields["Authorization"])))
        raise ConnectionAbortedError("the request stays here")

    client.meta.events.register("before-send", before_send)
    operation = {"dynamodb": "list_tables", "dynamodbstreams": "list_streams", "route53": "list_hosted_zones"}[service]
    with pytest.raises(ConnectionAbortedError):
        getattr(client, operation)()
    assert seen == [expected]


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def sigv4(region: str, service: str) -> Scope:
    return Scope(region, service, Signature.SIGV4)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (sigv4("us-east-1", "dynamodb"), Route(("us-east-1", "dynamodb"), EAST)),
        (sigv4("us-west-2", "dynamodb"), Route(("us-west-2", "dynamodb"), WEST)),
        (sigv4("us-west-2", "sqs"), Route(("us-west-2", "*"), WEST)),
        (sigv4("us-east-1", "route53"), Route((GLOBAL, "route53"), CONTROL)),
        (sigv4("us-east-1", "sqs"), None),
        (sigv4("eu-west-1", "dynamodb"), None),
        (sigv4("eu-west-1", "route53"), Route((GLOBAL, "route53"), CONTROL)),
        (UNSIGNED, Route(("us-east-1", "dynamodb"), EAST)),
        (Scope(None, "dynamodb", Signature.SIGV4A), Route(("us-east-1", "dynamodb"), EAST)),
        (Scope(None, "sqs", Signature.SIGV4A), None),
    ],
)
def test_routing_of_a_call_from_us_east_1(scope: Scope, expected: Route | None) -> None:
    assert route(ROUTES, scope, "us-east-1") == expected


def test_an_unsigned_call_is_not_guessed_at_when_its_region_has_several_servers() -> None:
    routes = {"us-east-1": {"dynamodb": EAST, "sqs": WEST}}
    assert route(routes, UNSIGNED, "us-east-1") is None
    assert "the caller's own region" in no_route_message(UNSIGNED, "us-east-1")
