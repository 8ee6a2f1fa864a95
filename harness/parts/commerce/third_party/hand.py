"""The adversary's hand on a third party: what is wrong with it, and that it no longer is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.faults.actions import Action
from harness.faults.commerce_actions import PartyAction, RelieveParty, TroubleParty
from harness.faults.hand import Applied
from harness.wire.admin_client import AdminClient
from harness.world.one_by_one import one_by_one


class PartyHand:
    """system: whose actions it takes. admin: its process, once there is one."""

    def __init__(self, system: str, admin: Callable[[], AdminClient]) -> None:
        self._system = system
        self._admin = admin

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, PartyAction) and action.party == self._system

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return one_by_one(actions, self._do)

    def _do(self, action: Action) -> None:
        match action:
            case TroubleParty(name=name, trouble=trouble, amount=amount):
                self._admin().post("/troubles", {"name": name, "kind": trouble, "amount": amount})
            case RelieveParty(name=name):
                self._admin().post(f"/troubles/{name}/end")
