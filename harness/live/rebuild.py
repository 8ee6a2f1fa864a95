"""What an operator does to rebuild a region of this world from another one: the real API of both, past every link.

Export there, copy to a bucket here, import here, and the settings that an import does not bring (Developer Guide,
"DynamoDB data export to Amazon S3", "DynamoDB data import from Amazon S3": into a new table).
What is written after the export comes by whatever replicates to the region.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import WorldError
from harness.live.runbook import ahead_ns
from harness.topology.subject import Subject
from harness.units import NS_PER_S
from harness.world.api_region import ApiRegion
from harness.world.regions import RegionServer

_KEPT = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


class RegionRebuild:
    """See harness.drill.backend.Rebuild. Raises WorldError where there are no tables, or no API to do it by."""

    def __init__(self, server: RegionServer, survivor: RegionServer, subject: Subject) -> None:
        if not subject.tables or not isinstance(server, ApiRegion) or not isinstance(survivor, ApiRegion):
            raise WorldError(f"{server.region} cannot be rebuilt: no tables, or no API to do it by")
        self.tables = tuple(table.name for table in subject.tables)
        self._here, self._there = server, survivor
        self._exports: dict[str, str] = {}
        self._imports: dict[str, str] = {}

    def begin(self) -> int | None:
        """See Rebuild. Point-in-time recovery, without which nothing is exported, is switched on where it is not."""
        points: list[int] = []
        self._bucket_of(self._there)
        for table in self.tables:
            if table not in self._exports and not self._begin(table):
                return None
            told = self._call(self._source, "describe_export", ExportArn=self._exports[table])["ExportDescription"]
            points.append(round(told["ExportTime"].timestamp() * NS_PER_S) - ahead_ns())
        return min(points)

    def _begin(self, table: str) -> bool:
        described = self._call(self._source, "describe_table", TableName=table)["Table"]
        if not self._protected(self._source, table):
            self._protect(self._source, table)
        try:
            made = self._source.export_table_to_point_in_time(
                TableArn=described["TableArn"], S3Bucket=bucket(self._there.region), S3Prefix="rebuild"
            )
        except self._source.exceptions.InvalidExportTimeException:
            return False
        self._exports[table] = str(made["ExportDescription"]["ExportArn"])
        return True

    def exported(self) -> bool:
        """See Rebuild."""
        for table, arn in self._exports.items():
            told = self._call(self._source, "describe_export", ExportArn=arn)
            self._refuse_failed(table, told["ExportDescription"], "Export")
            if told["ExportDescription"]["ExportStatus"] != "COMPLETED":
                return False
        for table, arn in self._exports.items():
            if table not in self._imports:
                self._imports[table] = self._import(table, f"rebuild/AWSDynamoDB/{arn.rpartition('/')[2]}/data/")
        return True

    def _import(self, table: str, prefix: str) -> str:
        self._bucket_of(self._here)
        self._copy(prefix)
        described = self._call(self._source, "describe_table", TableName=table)["Table"]
        new = {name: described[name] for name in _KEPT if described.get(name)} | {
            "TableName": table, "BillingMode": "PAY_PER_REQUEST",
        }  # fmt: skip
        for index in new.get("GlobalSecondaryIndexes", ()):
            for name in set(index) - {"IndexName", "KeySchema", "Projection"}:
                del index[name]
        source = {"S3Bucket": bucket(self._here.region), "S3KeyPrefix": prefix}
        made = self._call(
            self._target, "import_table", S3BucketSource=source, InputFormat="DYNAMODB_JSON",
            InputCompressionType="GZIP", TableCreationParameters=new,
        )  # fmt: skip
        return str(made["ImportTableDescription"]["ImportArn"])

    def _copy(self, prefix: str) -> None:
        """What lies under a prefix of the survivor's bucket, to the bucket here."""
        source, target = self._there.client("s3"), self._here.client("s3")
        here, there = bucket(self._here.region), bucket(self._there.region)
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            page = self._call(source, "list_objects_v2", Bucket=there, Prefix=prefix, **more)
            found += [one["Key"] for one in page.get("Contents", ())]
            if not page.get("IsTruncated"):
                break
            more = {"ContinuationToken": page["NextContinuationToken"]}
        for key in found:
            body = self._call(source, "get_object", Bucket=there, Key=key)["Body"].read()
            self._call(target, "put_object", Bucket=here, Key=key, Body=body)

    def there(self) -> bool:
        """See Rebuild."""
        return all(self._imported(table) is not None for table in self.tables)

    def _imported(self, table: str) -> int | None:
        """How many items; None: it is still under way."""
        arn = self._imports[table]
        told = self._call(self._target, "describe_import", ImportArn=arn)
        self._refuse_failed(table, told["ImportTableDescription"], "Import")
        if told["ImportTableDescription"]["ImportStatus"] != "COMPLETED":
            return None
        return int(told["ImportTableDescription"].get("ImportedItemCount", 0))

    @staticmethod
    def _refuse_failed(table: str, told: Mapping[str, Any], what: str) -> None:
        if told[f"{what}Status"] in ("FAILED", "CANCELLED"):
            raise WorldError(f"{what.lower()} of {table} failed: {told.get('FailureMessage') or 'nobody said why'}")

    def finish(self) -> int:
        """See Rebuild."""
        for table in self.tables:
            self._settle(table)
        return sum(self._imported(table) or 0 for table in self.tables)

    def _settle(self, table: str) -> None:
        described = self._call(self._source, "describe_table", TableName=table)["Table"]
        stream = described.get("StreamSpecification", {})
        if stream.get("StreamEnabled"):
            self._call(self._target, "update_table", TableName=table, StreamSpecification=stream)
        living = self._call(self._source, "describe_time_to_live", TableName=table)["TimeToLiveDescription"]
        if living.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"):
            wanted = {"Enabled": True, "AttributeName": living["AttributeName"]}
            self._call(self._target, "update_time_to_live", TableName=table, TimeToLiveSpecification=wanted)
        self._protect(self._target, table)

    def _protected(self, client: Any, table: str) -> bool:
        told = self._call(client, "describe_continuous_backups", TableName=table)["ContinuousBackupsDescription"]
        return bool(told["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED")

    def _protect(self, client: Any, table: str) -> None:
        wanted = {"PointInTimeRecoveryEnabled": True}
        self._call(
            client, "update_continuous_backups", TableName=table, PointInTimeRecoverySpecification=wanted
        )  # fmt: skip

    def _bucket_of(self, server: ApiRegion) -> None:
        """Make the bucket of a region, where it is not there."""
        s3, name = server.client("s3"), bucket(server.region)
        if name in [bucket["Name"] for bucket in self._call(s3, "list_buckets")["Buckets"]]:
            return
        where = {} if server.region == "us-east-1" else {
            "CreateBucketConfiguration": {"LocationConstraint": server.region}
        }  # fmt: skip
        self._call(s3, "create_bucket", Bucket=name, **where)

    @property
    def _source(self) -> Any:
        return self._there.dynamodb()

    @property
    def _target(self) -> Any:
        return self._here.dynamodb()

    @staticmethod
    def _call(client: Any, operation: str, **arguments: Any) -> Mapping[str, Any]:
        from harness.engines.aws.clients import told

        done: Mapping[str, Any] = told(f"{operation} did not work", lambda: getattr(client, operation)(**arguments))
        return done


def bucket(region: str) -> str:
    """Where exports of a region are put, and what it imports is."""
    return f"drill-exports-{region}"
