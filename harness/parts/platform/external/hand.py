"""The owner's hand: brings faults about in the ways that the environment file names, each under a lease of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.clock import monotonic_ns
from harness.errors import CommandFailed, HealError, WorldError
from harness.faults.actions import Action, BreakByOwner, MendByOwner, OwnerAction
from harness.faults.hand import Applied
from harness.faults.model import Plan
from harness.parts.platform.external import ways
from harness.parts.platform.external.spec import Breaking, External
from harness.world.part import Ground, Watch

Key = tuple[str, str, str, int]


@dataclass
class _Held:
    """One fault that holds, or may. guard: over it; handle: what mends it."""

    guard: Watch
    handle: Mapping[str, str]
    stack: ExitStack
    named: str


class OwnersHand:
    """Acts one by one. ground: of the world, once it has begun. folder: where commands run."""

    def __init__(self, spec: External, stack_name: str, folder: Path, ground: Callable[[], Ground]) -> None:
        self._spec = spec
        self._stack_name = stack_name
        self._folder = folder
        self._ground = ground
        self._held: dict[Key, _Held] = {}

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, OwnerAction)

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return [self._timed(action) for action in actions]

    def kinds_used(self, plan: Plan) -> tuple[str, ...]:
        """See Particular: which way was taken."""
        ways_taken = (self._spec.faults[action.way] for action in plan.apply if isinstance(action, BreakByOwner))
        told = []
        for way in ways_taken:
            by = (
                "a command of its owner's" if way.experiment is None else f"AWS FIS, template {way.experiment.template}"
            )
            told.append(f"{way.fault}: {by}")
        return tuple(told)

    def ran_out(self) -> Sequence[str]:
        """A sentence for each fault that held for longer than its lease, so that somebody else has healed it."""
        lease = f"its lease of {self._spec.lease_s:g} s has run out, and it has been healed"
        return [f"{held.named}: {lease}" for held in self._held.values() if held.guard.ran_out]

    def close(self) -> None:
        """What could not be mended stays in the journal; its watchdog tries once more, and then `drill heal` may."""
        held, self._held = self._held, {}
        for one in held.values():
            error = HealError(f"{one.named} could not be healed")
            one.stack.__exit__(type(error), error, None)

    def _timed(self, action: Action) -> Applied:
        start_ns = monotonic_ns()
        try:
            nothing = self._do(action)
        except WorldError as error:
            kind = HealError if isinstance(action, MendByOwner) else CommandFailed
            return Applied(action, start_ns, monotonic_ns(), str(error), kind=kind)
        return Applied(action, start_ns, monotonic_ns(), nothing, missing=nothing is not None)

    def _do(self, action: Action) -> str | None:
        """Carry one out; why there was nothing to do, if so."""
        match action:
            case BreakByOwner(fault, target, mode, way):
                self._break((fault, target, mode, way), self._spec.faults[way])
                return None
            case MendByOwner(fault, target, mode, way):
                return self._mend((fault, target, mode, way))
        raise WorldError(f"{action} is nothing that the owner of a stack does")

    def _break(self, key: Key, way: Breaking) -> None:
        fault, target, mode, _ = key
        if key in self._held:  # a second guard over it would take the first one's place, and nobody would end that
            raise CommandFailed(f"{fault} of {target} ({mode}) holds already")
        named = f"{fault} of {target} ({mode}) on {self._stack_name}"
        about = {"fault": fault, "target": target, "mode": mode}
        handle, stack = ways.handle_of(way, about, self._folder, secrets.token_hex(16)), ExitStack()
        guard = stack.enter_context(
            self._ground().guarded(named, "platform", "external", handle, self._spec.lease_s)
        )  # fmt: skip
        self._held[key] = _Held(guard, handle, stack, named)
        ground = self._ground()
        failed = ways.bring_about(way, handle, ground.launcher(), f"inject.{fault}.{target}", ground.meanwhile)
        if failed is not None:
            raise CommandFailed(failed)

    def _mend(self, key: Key) -> str | None:
        held = self._held.get(key)
        if held is None:
            return "was not broken"
        fault, target, _, _ = key
        ground = self._ground()
        try:
            ways.mend(held.handle, ground.launcher(), f"heal.{fault}.{target}", ground.meanwhile)
        except HealError as error:
            raise HealError(f"{held.named} could not be healed: {error}; once that is mended, `drill heal`") from error
        del self._held[key]
        held.stack.close()
        return None
