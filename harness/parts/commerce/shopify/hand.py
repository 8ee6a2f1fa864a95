"""The adversary's hand on the shop: its troubles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from harness.faults.actions import Action
from harness.faults.commerce_actions import RelieveShop, ShopAction, TroubleShop
from harness.faults.hand import Applied
from harness.faults.shop_trouble import ROTATED
from harness.parts.commerce.shopify.secrets_files import SecretsFiles
from harness.topology.timing import Timing
from harness.wire.admin_client import AdminClient
from harness.world.one_by_one import one_by_one


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
        return one_by_one(actions, self._do)

    def _do(self, action: Action) -> None:
        match action:
            case TroubleShop(seconds=seconds):
                body = asdict(replace(action, seconds=self._timing.interval_s(seconds)))
                secret = self._secrets.rotate() if action.trouble == ROTATED else ""
                self._admin().post("/trouble", {**body, "secret": secret})
            case RelieveShop(trouble=trouble):
                self._admin().post("/relieve", {"trouble": trouble})
