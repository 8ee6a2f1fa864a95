"""What a world is made of and has ended, which nobody wanted."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import WorldError
from harness.live.ground import LiveGround
from harness.world.part import Part

_TOLD_LINES = 5


def ended(ground: LiveGround, parts: Iterable[Part]) -> None:
    """Raises WorldError for a process of the world that has ended, with its last words, and for a part whose server
    nobody here started and that serves no more."""
    for name, process in ground.processes.items():
        code = process.poll()
        if code is not None and name not in ground.switched_off:
            how = process.error or (f"killed by signal {-code}" if code < 0 else f"exit code {code}")
            tail = "".join(f"\n    {line}" for line in process.log_tail(_TOLD_LINES))
            raise WorldError(f"{name}, a process of the world, has ended: {how}{tail}")
    for part in parts:
        if (gone := part.gone()) is not None:
            raise WorldError(gone)
