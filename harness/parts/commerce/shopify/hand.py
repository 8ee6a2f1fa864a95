"""The adversary's hand on the shop: its troubles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.faults.actions import Action
from harness.faults.commerce_actions import RelieveShop, ShopAction, TroubleShop
from harness.faults.hand import Applied
from harness.faults.shop_trouble import ROTATED
from harness.parts.commerce.shopify.secrets_files import SecretsFiles
from harness.topology.timing import Timing
from harness.wire.admin_client import AdminClient


class ShopHand:
    """admin: of the shop's process, asked for when it is needed. secrets: what the application is given. timing: faults
    say production seconds."""

    def __init__(self, admin: Callable[[], AdminClient], secrets: SecretsFiles, timing: Timing) -> None:
        self._admin = admin
        self._secrets = secrets
        self._timing = timing

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, ShopAction)

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return [self._timed(action) for action in actions]

    def _timed(self, action: Action) -> Applied:
        start_ns = monotonic_ns()
        try:
            self._do(action)
        except WorldError as error:
            return Applied(action, start_ns, monotonic_ns(), str(error))
        return Applied(action, start_ns, monotonic_ns())

    def _do(self, action: Action) -> None:
        match action:
            case TroubleShop(seconds=seconds):
                body = asdict(replace(action, seconds=self._timing.interval_s(seconds)))
                secret = self._secrets.rotate() if action.trouble == ROTATED else ""
                self._admin().post("/trouble", {**body, "secret": secret})
            case RelieveShop(trouble=trouble):
                self._admin().post("/relieve", {"trouble": trouble})
