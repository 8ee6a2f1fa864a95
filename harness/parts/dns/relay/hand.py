"""The adversary's hand on DNS links: what is wrong with one, and that it no longer is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from harness.faults.actions import Action
from harness.faults.dns_actions import DnsAction, RelieveDns, TroubleDns
from harness.faults.hand import Applied
from harness.wire.admin_client import AdminClient
from harness.world.one_by_one import one_by_one


class DnsHand:
    """admin: of the process that carries the links, once there is one."""

    def __init__(self, admin: Callable[[], AdminClient]) -> None:
        self._admin = admin

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, DnsAction)

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return one_by_one(actions, self._do)

    def _do(self, action: Action) -> None:
        match action:
            case TroubleDns(link=link, name=name, trouble=trouble, share=share, delay_ms=delay_ms):
                body = {"name": name, "kind": trouble, "share": share, "delay_ms": delay_ms}
                self._admin().post(f"/links/{quote(link, safe='')}/troubles", body)
            case RelieveDns(link=link, name=name):
                self._admin().post(f"/links/{quote(link, safe='')}/troubles/{quote(name, safe='')}/end")
