"""Moto as a region's server: one process each, so that losing one leaves the other's data alone."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from harness.errors import InputError
from harness.faults.hand import Hand
from harness.faults.needs import REFUSED_OPERATIONS, TABLE_DELETION
from harness.history.log import Tail
from harness.kit.address import Address
from harness.parts.regions.moto.hand import DatabaseHand
from harness.parts.regions.moto.spec import Moto as MotoSpec
from harness.topology.environment import Spec
from harness.topology.subject import Table
from harness.wire.admin_client import AdminClient
from harness.world.api_region import ApiRegion
from harness.world.part import LOOPBACK, Blueprint, Ground
from harness.world.process import READY_TIMEOUT_S, Process

GROUP = "aws"
MODULE = "harness.engines.moto.server"
_USUAL = ("us-east-1", "us-west-2")
"""Regions about which botocore need not be asked: that takes longer than all else here."""


class Moto(ApiRegion):
    """One region. Its commit log has every write in the order in which it took effect."""

    called = "moto"

    def __init__(self, blueprint: Blueprint, region: str, spec: Spec | None = None) -> None:
        super().__init__(blueprint, region)
        self._spec = spec if isinstance(spec, MotoSpec) else MotoSpec()

    def start(self, ground: Ground) -> None:
        """Start the process."""
        super().start(ground)
        self._folder = ground.folder
        self._changes: Path | None = None
        self._elsewhere: dict[str, Address] = {}
        self._log = ground.folder / f"{self.region}.commits.jsonl"
        config = {
            "region": self.region, "listen": [LOOPBACK, 0], "commit_log": str(self._log),
            "expired_late_s": self._blueprint.timing.interval_s(self._spec.expired_late_s),
        }  # fmt: skip
        self._process: Process = ground.spawn(GROUP, self.name, MODULE, config)

    @property
    def address(self) -> Address:
        """Where its API listens."""
        host, port = self._process.ready(READY_TIMEOUT_S)["listen"]
        return str(host), int(port)

    def endpoints(self) -> Mapping[str, Address]:
        """Its API, and inner: the same for those who answer calls for it."""
        host, port = self._process.ready(READY_TIMEOUT_S)["inner"]
        return {**super().endpoints(), "inner": (str(host), int(port))}

    def create(self, tables: Sequence[Table]) -> None:
        """See RegionServer."""
        followed = {table.name: table.model_dump(include={"key", "value"}) for table in tables}
        self._admin.post("/drill/tables", followed)
        super().create(tables)

    def hands(self) -> Sequence[Hand]:
        """On the operations that it serves, and on what is stored in it."""
        return (DatabaseHand(self.region, lambda: self._admin), *super().hands())

    def commits(self) -> Tail:
        """See RegionServer."""
        return Tail(self._log, from_end=True)

    def changes(self) -> Path:
        """See RegionServer."""
        if self._changes is None:
            self._changes = self._folder / f"{self.region}.changes.jsonl"
            self._admin.post("/drill/changes", {"file": str(self._changes)})
        return self._changes

    def answer_elsewhere(self, calls: Mapping[str, Address]) -> bool:
        """See RegionServer."""
        self._elsewhere |= calls
        self._admin.post("/drill/elsewhere", {"calls": self._elsewhere})
        return True

    def reset(self) -> None:
        """Without any table."""
        self._admin.post("/drill/reset")

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self.address)

    def capabilities(self) -> Mapping[str, bool | str]:
        """The commit log makes the recovery point exact."""
        replicated = self._blueprint.environment.replication.kind is not None
        service = "not measurable here: the tables are replicated by a service, which is asked to delete a replica"
        deletion = service if replicated else True
        found = {**super().capabilities(), REFUSED_OPERATIONS: True, TABLE_DELETION: deletion}
        return found | {"rpo_commit_log": True} if self._blueprint.subject.tables else found

    def versions(self) -> Mapping[str, str]:
        """Of moto, its HTTP server, and the clients that set it up."""
        return {name: metadata.version(name) for name in ("moto", "cheroot", "boto3", "localstack-client")}


def build(blueprint: Blueprint, spec: Spec) -> list[Moto]:
    """One for each region that has a database. Raises InputError for a region that AWS does not have."""
    for region in blueprint.environment.databases:
        if region not in _USUAL:
            _known(region)
    return [Moto(blueprint, region, spec) for region in blueprint.environment.databases]


def _known(region: str) -> None:
    """moto answers for the regions of AWS alone, and says of another one nothing but "internal error"."""
    import botocore.session  # while the servers' parents warm up

    session = botocore.session.get_session()
    regions = [r for partition in session.get_available_partitions()
               for r in session.get_available_regions("dynamodb", partition)]  # fmt: skip
    if region in regions:
        return
    close = difflib.get_close_matches(region, regions, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    text = f"AWS has no region {region} with DynamoDB, so that no database can be there{hint}"
    raise InputError(f"{text} (a place without `database:` uses the region of its own name)")
