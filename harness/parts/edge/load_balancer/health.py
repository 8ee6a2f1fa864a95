"""Drives the target group's machine in real time: timers, health check requests, history events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from harness.clock import monotonic_ns
from harness.parts.edge.load_balancer.config import Target
from harness.parts.edge.load_balancer.model import (
    MAX_RESPONSE_HEAD_BYTES,
    CancelCheck,
    Changed,
    Checked,
    Effect,
    Event,
    Forgotten,
    GroupState,
    HealthSettings,
    Registered,
    SendCheck,
    TargetGroup,
    TargetHealth,
    Tick,
    candidates,
    next_wake_ns,
)
from harness.parts.edge.load_balancer.rotation import Standing, changes, standings
from harness.units import to_s
from harness.wire.body import FramingError
from harness.wire.exchange import ResponseCollector

LOG = logging.getLogger(__name__)

MAX_CHECK_BODY_BYTES = 64 * 1024
"""A check's answer is read no further than this; its status counts."""


class TargetHealthChecks:
    """The live health of the registered targets. on_change is called for every change of a target's state, on_moved
    when one comes into rotation, leaves it, or is no target any more."""

    def __init__(
        self,
        settings: HealthSettings,
        on_change: Callable[[Changed, int], None],
        on_moved: Callable[[str, Standing, int], None],
        *,
        fails_open: bool = True,
    ) -> None:
        self._machine = TargetGroup(settings)
        self._state = GroupState()
        self._on_change = on_change
        self._on_moved = on_moved
        self._fails_open = fails_open
        self._targets: dict[str, Target] = {}
        self._checks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.routable: tuple[Target, ...] = ()

    @property
    def targets(self) -> tuple[tuple[Target, TargetHealth], ...]:
        """Every registered target with its health."""
        return tuple((self._targets[health.id], health) for health in self._state.targets)

    def standings(self) -> Mapping[str, Standing]:
        """Who is in rotation, and why others are not."""
        return standings(self._state, fails_open=self._fails_open)

    def register(self, targets: tuple[Target, ...]) -> None:
        """Replace the list. A target that stays as it was keeps its health; one that moved starts again."""
        kept = tuple(target.id for target in targets if self._targets.get(target.id) == target)
        self._apply(Registered(kept))
        self._targets = {target.id: target for target in targets}
        self._apply(Registered(tuple(self._targets)))

    def forget(self) -> None:
        """Every target is `initial` again."""
        self._apply(Forgotten())

    async def close(self) -> None:
        """Stop all checks."""
        self._apply(Registered(()))
        checks = tuple(self._checks.values())
        for check in checks:
            check.cancel()
        await asyncio.gather(*checks, return_exceptions=True)

    def _apply(self, event: Event) -> None:
        now_ns, before = monotonic_ns(), self.standings()
        self._state, effects = self._machine.step(self._state, event, now_ns)
        self.routable = tuple(self._targets[id_] for id_ in candidates(self._state, fails_open=self._fails_open))
        for effect in effects:
            self._do(effect, now_ns)
        for name, standing in changes(before, self.standings()):
            self._on_moved(name, standing, now_ns)
        self._schedule()

    def _do(self, effect: Effect, now_ns: int) -> None:
        if isinstance(effect, SendCheck):
            key = (effect.id, effect.check)
            self._checks[key] = asyncio.get_running_loop().create_task(self._check(self._targets[effect.id], key))
        elif isinstance(effect, CancelCheck):
            check = self._checks.get((effect.id, effect.check))
            if check is not None:
                check.cancel()
        else:
            LOG.info("target %s is %s (%s)", effect.id, effect.state, effect.reason or "passed")
            self._on_change(effect, now_ns)

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_ns = next_wake_ns(self._state)
        if wake_ns is not None:
            delay_s = max(0.0, to_s(wake_ns - monotonic_ns()))
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._apply, Tick())

    async def _check(self, target: Target, key: tuple[str, int]) -> None:
        try:
            status = await ask(target)
        finally:
            self._checks.pop(key, None)
        self._apply(Checked(*key, status))


async def ask(target: Target) -> int | None:
    """The status of a target's health path, over a connection of its own; None without a well-formed answer."""
    try:
        reader, writer = await asyncio.open_connection(*target.address)
    except OSError:
        return None
    try:
        host, port = target.address
        writer.write(
            f"GET {target.health_path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n"
            "User-Agent: ELB-HealthChecker/2.0\r\nAccept: */*\r\n\r\n".encode("ascii")
        )
        return await _status(reader)
    except OSError:
        return None
    finally:
        writer.transport.abort()


async def _status(reader: asyncio.StreamReader) -> int | None:
    answer = ResponseCollector(max_head_bytes=MAX_RESPONSE_HEAD_BYTES)
    while answer.response is None and answer.body_bytes <= MAX_CHECK_BODY_BYTES:
        data = await reader.read(16 * 1024)
        try:
            answer.feed(data)
        except FramingError:
            return None
        if not data and not answer.end():
            return None
    return None if answer.head is None else answer.head.status
