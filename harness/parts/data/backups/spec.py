"""What the environment file says of backups: `recovery: {kind: backups}`. Durations are production's."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.topology.environment import LONGEST_S, Seconds, Spec

SECTION = "recovery"
Lasting = Annotated[float, Field(ge=0, le=LONGEST_S)]


class Backups(Spec):
    """How long things take. latest_restorable_s: how far back the latest restorable time is (Amazon DynamoDB Developer
    Guide, "Point-in-time recovery": about five minutes). restore_s: the documentation says below an hour for 95 %."""

    latest_restorable_s: Seconds = 300.0
    restore_s: Lasting = 600.0
    backup_s: Lasting = 10.0
    export_s: Lasting = 300.0
    import_s: Lasting = 300.0


SPEC = Backups
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.data.backups.server"),)
