"""The adversary's hand on DNS links: what is wrong with one, and that it no longer is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.faults.actions import Action
from harness.faults.dns_actions import DnsAction, RelieveDns, TroubleDns
from harness.faults.hand import Applied
from harness.wire.admin_client import AdminClient


class DnsHand:
    """admin: of the process that carries the links, once there is one."""

    def __init__(self, admin: Callable[[], AdminClient]) -> None:
        self._admin = admin

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, DnsAction)

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return [self._timed(action) for action in actions]

    def _timed(self, action: Action) -> Applied:
        start_ns = monotonic_ns()
        try:
            match action:
                case TroubleDns(link=link, name=name, trouble=trouble, share=share, delay_ms=delay_ms):
                    body = {"name": name, "kind": trouble, "share": share, "delay_ms": delay_ms}
                    self._admin().post(f"/links/{quote(link, safe='')}/troubles", body)
                case RelieveDns(link=link, name=name):
                    self._admin().post(f"/links/{quote(link, safe='')}/troubles/{quote(name, safe='')}/end")
        except WorldError as error:
            return Applied(action, start_ns, monotonic_ns(), str(error))
        return Applied(action, start_ns, monotonic_ns())
