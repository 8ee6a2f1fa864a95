"""A stop condition that held, as a value of the evidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StopResult:
    """A stop condition that held, so that the drill was aborted. condition: `errors`, `latency` or `command`.

    text: what was seen, in a sentence. from_ns, until_ns: the time that was looked at; of a command, while it ran.
    decided_ns: when the drill was stopped; healed_s: how long after that all was healed, None where nothing was broken.
    bad, total: requests that counted; samples: some of the bad ones. code, output: of the command.
    """

    condition: str
    text: str
    from_ns: int
    until_ns: int
    decided_ns: int
    healed_s: float | None
    bad: int = 0
    total: int = 0
    samples: tuple[str, ...] = ()
    code: int | None = None
    output: tuple[str, ...] = ()
