"""The adversary's hand on DigitalOcean: its API in trouble, and the record deleted and made anew, as people do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.errors import WorldError
from harness.faults.actions import (
    Action,
    DropRecord,
    ProviderAction,
    RelieveProvider,
    RestoreRecord,
    TroubleProvider,
)
from harness.faults.hand import Applied
from harness.kit.address import Address
from harness.names import DIGITALOCEAN
from harness.parts.steering.digitalocean.publishing import Caller
from harness.wire.admin_client import AdminClient
from harness.world.one_by_one import one_by_one

_FIELDS = ("type", "name", "data", "ttl")


class ProviderHand:
    """endpoints: where the API and the admin port are, once there is a process. record: the whole name."""

    def __init__(self, endpoints: Callable[[], Mapping[str, Address]], token: str, domain: str, record: str) -> None:
        self._endpoints = endpoints
        self._token = token
        self._records = f"/v2/domains/{domain}/records"
        self._name = record
        self._dropped: list[Mapping[str, Any]] = []

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, ProviderAction) and action.provider == DIGITALOCEAN

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return one_by_one(actions, self._do)

    def _do(self, action: Action) -> str | None:
        """Carry one out; why there was nothing to do, if so. Raises WorldError when it failed."""
        admin = AdminClient(DIGITALOCEAN, self._endpoints()["admin"])
        match action:
            case TroubleProvider(name=name, trouble=trouble):
                admin.post("/troubles", {"name": name, "kind": trouble})
            case RelieveProvider(name=name):
                admin.post(f"/troubles/{name}/end")
            case DropRecord():
                return self._drop()
            case RestoreRecord():
                return self._restore()
        return None

    def _drop(self) -> str | None:
        _, told = self._call("GET", f"{self._records}?type=A&name={self._name}")
        self._dropped = [{key: record[key] for key in _FIELDS} for record in told["domain_records"]]
        for record in told["domain_records"]:
            self._call("DELETE", f"{self._records}/{record['id']}")
        return None if self._dropped else f"there is no record {self._name}"

    def _restore(self) -> str | None:
        _, told = self._call("GET", f"{self._records}?type=A&name={self._name}")
        if told["domain_records"]:
            return f"somebody else has made {self._name} anew"
        for record in self._dropped:
            self._call("POST", self._records, record)
        return None

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        status, told = Caller(self._endpoints()["api"], self._token).call(method, path, body)
        if status >= 300:
            raise WorldError(f"DigitalOcean's API: {method} {path}: {status} {told}")
        return status, told
