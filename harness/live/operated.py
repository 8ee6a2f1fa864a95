"""What an operator does to a world while it is drilled: deploys, restores, rebuilds, reconciles, and keeps a shop."""

from __future__ import annotations

from collections.abc import Callable

from harness.drill.reconciled import CaseReconciled
from harness.live.drill_logs import DrillLogs
from harness.live.ground import LiveGround
from harness.live.rebuild import RegionRebuild
from harness.live.reconcile import reconcile
from harness.live.runbook import TableRunbook
from harness.live.shop_archive import ShopArchive
from harness.reconciliation.deciding import policy_of
from harness.topology.subject import Subject
from harness.world.assembly import Seams
from harness.world.part import Net
from harness.world.shop import Shop, shop_of


class OperatedWorld:
    """Of a world as a backend for drills, the part that works on what is there. See LiveWorld."""

    net: Net
    seams: Seams
    ground: LiveGround
    subject: Subject
    meanwhile: Callable[[], None]
    _logs: DrillLogs

    def deploy(self, change: str) -> None:
        """See Backend."""
        self.seams.platform.deploy(change)

    def runbook(self, database: str) -> TableRunbook:
        """See Backend."""
        return TableRunbook(self.seams.regions[database], self.subject, lambda: self.meanwhile())

    def rebuild(self, database: str, survivor: str) -> RegionRebuild:
        """See Backend."""
        regions = self.seams.regions
        return RegionRebuild(regions[database], regions[survivor], self.subject)

    def reconcile(self, databases: tuple[str, str], policy: str) -> CaseReconciled:
        """See Backend."""
        return reconcile([self.seams.regions[one] for one in databases], self.subject, policy_of(policy))

    def archive(self, database: str) -> ShopArchive:
        """See Backend."""
        shops = self.net.of(Shop)
        access = shops[0].access if shops else None
        folder = self.ground.folder / "archive" / self._logs.folder.name
        return ShopArchive(self.ground.launcher(), folder, access, self.seams.regions[database], self.subject)

    def shop(self) -> Shop:
        """See Backend."""
        return shop_of(self.net.of(Shop))
