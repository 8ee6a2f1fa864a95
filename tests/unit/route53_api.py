"""The Route 53 API in this process, asked by boto3: a control plane with one zone, and records to put into it."""

from __future__ import annotations

import io
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder

from harness.engines.moto import patches as moto_patches
from harness.parts.steering.route53.control_plane import truthful

CHECK = {
    "Type": "HTTP", "IPAddress": "192.0.2.1", "Port": 80, "ResourcePath": "/a",
    "FullyQualifiedDomainName": "app.test", "RequestInterval": 10, "FailureThreshold": 3,
}  # fmt: skip
Record = dict[str, Any]


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class Api:
    """A control plane with one zone, shop.test. Calls return the error's code, or None."""

    def __init__(self) -> None:
        self._app = truthful(DomainDispatcherApplication(create_backend_app), lambda: None)
        session = boto3.Session("key", "secret", region_name="us-east-1")
        # What botocore would refuse itself is for the control plane to refuse: other clients send it.
        self.route53 = session.client("route53", config=Config(parameter_validation=False))
        self.route53.meta.events.register("before-send", self._send)
        self._references = itertools.count()
        self.zone = ""

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        parts = urlsplit(request.url)
        headers = {n: v.decode() if isinstance(v, bytes) else v for n, v in request.headers.items()}
        body = request.body.read() if hasattr(request.body, "read") else request.body
        environ = EnvironBuilder(
            method=request.method, path=parts.path, query_string=parts.query, data=body or b"", headers=headers
        ).get_environ()
        answered: list[Any] = []
        content = b"".join(self._app(environ, lambda *status_and_headers: answered.extend(status_and_headers)))
        return AWSResponse(request.url, int(answered[0].split()[0]), dict(answered[1]), _Raw(content))

    def create_zone(self, name: str) -> str:
        made = self.route53.create_hosted_zone(Name=name, CallerReference=f"zone-{next(self._references)}")
        return str(made["HostedZone"]["Id"])

    def change(self, *changes: tuple[str, Record], zone: str | None = None) -> str | None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
        return code_of(
            lambda: self.route53.change_resource_record_sets(HostedZoneId=zone or self.zone, ChangeBatch=batch)
        )

    def refused(self, *changes: tuple[str, Record]) -> tuple[str, str]:
        """(code, message) of a batch that is refused."""
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
        return message_of(lambda: self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch))

    def upsert(self, *records: Record, zone: str | None = None) -> str | None:
        return self.change(*(("UPSERT", record) for record in records), zone=zone)

    def records(self, zone: str | None = None, **start: str) -> list[tuple[str, str, str | None, Any]]:
        found = self.route53.list_resource_record_sets(HostedZoneId=zone or self.zone, **start)["ResourceRecordSets"]
        return [
            (r["Name"], r["Type"], r.get("SetIdentifier"), [v["Value"] for v in r.get("ResourceRecords", [])])
            for r in found
            if r["Type"] not in ("NS", "SOA")
        ]

    def check(self, reference: str | None = None, **config: Any) -> dict[str, Any]:
        given = {name: value for name, value in config.items() if value is not None}
        reference = reference or f"check-{next(self._references)}"
        made = self.route53.create_health_check(CallerReference=reference, HealthCheckConfig=given)
        return dict(made["HealthCheck"])

    def get_check(self, check_id: str) -> dict[str, Any]:
        return dict(self.route53.get_health_check(HealthCheckId=check_id)["HealthCheck"])


def code_of(call: Callable[[], object]) -> str | None:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def message_of(call: Callable[[], object]) -> tuple[str, str]:
    """(code, message) of the refusal."""
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"]), str(refused.value.response["Error"]["Message"])


def at_once(call: Callable[[int], str | None], times: int) -> list[str | None]:
    """What that many threads get that call at the same time."""
    codes: list[str | None] = []
    threads = [threading.Thread(target=lambda number=n: codes.append(call(number))) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(codes, key=str)


@pytest.fixture(scope="module")
def patched_moto() -> Iterator[Api]:
    patches = moto_patches.Patches()
    assert moto_patches.apply(patches)
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            environment.delenv(name, raising=False)
        yield Api()
    patches.undo()


@pytest.fixture
def api(patched_moto: Api) -> Iterator[Api]:
    moto_api_backend.reset()
    patched_moto.zone = patched_moto.create_zone("shop.test")
    yield patched_moto
    moto_api_backend.reset()


def a(name: str, *values: str, **more: Any) -> Record:
    """name: with its dot, or empty for the apex."""
    resources = [{"Value": value} for value in values or ("192.0.2.1",)]
    return {"Name": f"{name}shop.test", "Type": "A", "TTL": 60, "ResourceRecords": resources, **more}


def cname(name: str, **more: Any) -> Record:
    return {**a(name, "elsewhere.test"), "Type": "CNAME", **more}


def alias(api: Api, name: str, target: str, **more: Any) -> Record:
    where = {"HostedZoneId": api.zone.rsplit("/", 1)[-1], "DNSName": target, "EvaluateTargetHealth": True}
    return {"Name": f"{name}shop.test", "Type": "A", "AliasTarget": where, **more}


def weighted(name: str, identifier: str, *values: str, **more: Any) -> Record:
    return a(name, *values, SetIdentifier=identifier, Weight=1, **more)


def without(record: Record, *fields: str) -> Record:
    return {name: value for name, value in record.items() if name not in fields}
