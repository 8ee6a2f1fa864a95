"""Steering by a provider that is one process: its API, its name servers, and an admin interface of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata

from harness.engines.addresses import can_listen
from harness.errors import WorldError
from harness.kit.address import Address
from harness.wire.admin_client import AdminClient
from harness.world.diagnosis import Diagnosis, port
from harness.world.part import LOOPBACK, READY_TIMEOUT_S, Blueprint, Process
from harness.world.steering import Steering


class ProviderProcess(Steering):
    """`start` sets `_process`, which tells of `api`, `dns` and `admin` when it is ready. Its admin interface takes GET
    /status with the `answers` of each watched name, and POST /freeze and /thaw."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint
        self._environment = blueprint.environment
        self._process: Process | None = None

    def endpoints(self) -> Mapping[str, Address]:
        """api: the API, past every link; dns: the name servers; admin: its own interface."""
        if self._process is None:
            raise WorldError(f"{self.name} is not started")
        told = self._process.ready(READY_TIMEOUT_S)
        return {key: (str(told[key][0]), int(told[key][1])) for key in ("api", "dns", "admin")}

    @property
    def dns(self) -> Address:
        """See Steering."""
        return self.endpoints()["dns"]

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self.endpoints()["admin"])

    def freeze(self) -> None:
        """See Steering."""
        self._admin.post("/freeze", {"name": self._environment.edge.record})

    def thaw(self) -> None:
        """See Steering."""
        self._admin.post("/thaw")

    def answers(self) -> Sequence[str]:
        """See Steering."""
        found = self._admin.get("/status")["answers"].get(self._environment.edge.record, {})
        return [str(address) for address in found.get("addresses") or ()]

    def versions(self) -> Mapping[str, str]:
        """Of what speaks DNS and HTTP here."""
        return {name: metadata.version(name) for name in ("dnspython", "aiohttp")}


def name_server_port(blueprint: Blueprint) -> Iterator[Diagnosis]:
    """Whether the wanted port of the name server is free, where one is wanted."""
    wanted = blueprint.environment.edge.dns_port
    if wanted:
        yield port("edge.dns_port", LOOPBACK, wanted, free=can_listen(LOOPBACK, wanted))
