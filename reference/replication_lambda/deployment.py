"""Puts the function, its queue and its mapping into place, and brings them up to date, at any time."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reference.dynamo import CallFailed, Client, ensure_health_table, expire_tombstones
from reference.settings import Settings

FUNCTION = "replicate"
QUEUE = "replication-given-up"
HANDLER = "reference.replication_lambda.handler.handle"
RUNTIME = "python3.11"
TIMEOUT_S, MEMORY_MB = 15, 256
QUEUE_KEEPS_S = 1_209_600  # 14 days, the longest (SQS Developer Guide, "Amazon SQS quotas")
ROLE = "arn:aws:iam::123456789012:role/replication"
MAPPING: Mapping[str, Any] = {
    "BatchSize": 100,
    "ParallelizationFactor": 1,  # so that a heartbeat stands for all that was written before it
    "MaximumRetryAttempts": 1000,  # rides out a lost region for long, and ends with a record that kills the function
    "MaximumRecordAgeInSeconds": 43_200,  # half of what the stream keeps: time for a redrive to read it again
    "BisectBatchOnFunctionError": True,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
}
_PASSED_ON = (
    "PRIMARY_REGION", "SECONDARY_REGION", "HEALTH_CHECK_TABLE", "HEALTH_CHECK_KEY", "HEALTH_CHECK_VALUE", "TIME_SCALE",
    "ITEMS_TABLE", "ITEMS_KEY", "ITEMS_VALUE",
)  # fmt: skip


def package() -> bytes:
    """The code of the function as a zip file: this package, as it lies here."""
    home, data = Path(__file__).resolve().parents[1], io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(home.rglob("*.py")):
            archive.writestr(f"reference/{path.relative_to(home)}", path.read_bytes())
    return data.getvalue()


class Deployment:
    """In `settings.region`, towards the other one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._local = Client(settings.region)
        self._target = Client(settings.other_region)
        self._functions = Client(settings.region, service="lambda", timeout_s=10.0)
        self._queues = Client(settings.region, service="sqs")

    def deploy(self) -> bool:
        """Everything that is missing, and the latest code. Whether the mapping is new, so that the table must be
        copied.

        Raises CallFailed.
        """
        ensure_health_table(self._local, self._settings)
        ensure_health_table(self._target, self._settings)
        expire_tombstones(self._local, self._settings)
        url = self.queue_url()
        attributes = self._queues.insist("get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"
        ]
        self._deploy_function(url)
        return self._deploy_mapping(str(attributes["QueueArn"]))

    def queue_url(self) -> str:
        """URL of the queue, which is made when it is not there. Raises CallFailed."""
        keeps = {"MessageRetentionPeriod": str(QUEUE_KEEPS_S)}
        return str(self._queues.insist("create_queue", QueueName=QUEUE, Attributes=keeps)["QueueUrl"])

    def _deploy_function(self, queue_url: str) -> None:
        given = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        variables = {
            **given, "QUEUE_URL": queue_url, "COMPONENT": FUNCTION,
            "SECONDARY_TABLE_NAME": self._settings.items_table,
        }  # fmt: skip
        settings: dict[str, Any] = {
            "Runtime": RUNTIME, "Handler": HANDLER, "Role": os.environ.get("REPLICATION_ROLE", ROLE),
            "Timeout": TIMEOUT_S, "MemorySize": MEMORY_MB, "Environment": {"Variables": variables},
        }  # fmt: skip
        try:
            self._functions.insist("create_function", FunctionName=FUNCTION, Code={"ZipFile": package()}, **settings)
        except CallFailed as failure:
            if failure.code != "ResourceConflictException":
                raise
            self._functions.insist("update_function_code", FunctionName=FUNCTION, ZipFile=package())
            self._functions.insist("update_function_configuration", FunctionName=FUNCTION, **settings)

    def _deploy_mapping(self, queue_arn: str) -> bool:
        table = self._local.insist("describe_table", TableName=self._settings.items_table)["Table"]
        settings = {**MAPPING, "DestinationConfig": {"OnFailure": {"Destination": queue_arn}}}
        source = {"EventSourceArn": table["LatestStreamArn"], "FunctionName": FUNCTION}
        try:
            self._functions.insist(
                "create_event_source_mapping", StartingPosition="TRIM_HORIZON", **source, **settings
            )  # not LATEST: what is written until it works would be in no batch
            return True
        except CallFailed as failure:
            if failure.code != "ResourceConflictException":
                raise
        (known,) = self._functions.insist("list_event_source_mappings", **source)["EventSourceMappings"]
        self._functions.insist("update_event_source_mapping", UUID=known["UUID"], **settings)
        return False

    def close(self) -> None:
        """Give up the connections."""
        for client in (self._local, self._target, self._functions, self._queues):
            client.close()
