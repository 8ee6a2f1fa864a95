"""What the environment file says of backups: `recovery: {kind: backups}`. Durations are production's."""

from __future__ import annotations

from pydantic import Field

from harness.topology.environment import Spec

SECTION = "recovery"


class Backups(Spec):
    """How long things take. latest_restorable_s: how far back the latest restorable time is (Amazon DynamoDB Developer
    Guide, "Point-in-time recovery": about five minutes). restore_s: the documentation says below an hour for 95 %."""

    latest_restorable_s: float = Field(default=300.0, gt=0)
    restore_s: float = Field(default=600.0, ge=0)
    backup_s: float = Field(default=10.0, ge=0)
    export_s: float = Field(default=300.0, ge=0)
    import_s: float = Field(default=300.0, ge=0)


SPEC = Backups
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.data.backups.server"),)
