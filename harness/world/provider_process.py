"""Steering by a provider that is one process: its API, its name servers, and an admin interface of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import ClassVar

from harness.engines.addresses import can_listen
from harness.engines.health_checks.policy import Blindness
from harness.engines.provider.values import ApiLoss
from harness.faults.needs import PROVIDER_CONTROL_PLANE, PROVIDER_HEALTH_CHECKS
from harness.kit.address import Address, join_address
from harness.wire.admin_client import AdminClient
from harness.world.diagnosis import Diagnosis, port
from harness.world.part import LOOPBACK, Blueprint, Ground, StatusLine
from harness.world.process import Process, listening
from harness.world.steering import Steering


class ProviderProcess(Steering):
    """`start` sets `_process`, which tells of `api`, `dns` and `admin` when it is ready, and is what
    harness.engines.provider serves; `_publish` sets the edge up. api_line: what `drill env status` calls the API, and
    says of it; account_line: what it calls the account.
    """

    api_line: ClassVar[tuple[str, str]] = ("API", "past every link")
    account_line: ClassVar[str] = "account"

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint
        self._environment = blueprint.environment
        self._process: Process | None = None

    def _noting_in(self, ground: Ground) -> str:
        """The file in which the process notes what happens."""
        self._events = ground.folder / f"{self.name}.events.jsonl"
        return str(self._events)

    def _publish(self) -> None:
        """Set the edge up, by calls of the API."""
        raise NotImplementedError

    def endpoints(self) -> Mapping[str, Address]:
        """api: the API, past every link; dns: the name servers; admin: its own interface."""
        return self._own

    @property
    def _own(self) -> Mapping[str, Address]:
        return listening(self.name, self._process)

    @property
    def dns(self) -> Address:
        """See Steering."""
        return self._own["dns"]

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self._own["admin"])

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

    def reset(self) -> None:
        """A new account, of which nothing is known, with the edge as it begins."""
        self._admin.post("/reset")
        self._publish()

    def status(self) -> Sequence[StatusLine]:
        """Where the API and the name servers are; the account as it is when somebody looks."""
        called, about = self.api_line
        admin = join_address(self.endpoints()["admin"])
        return (
            StatusLine(called, join_address(self.endpoints()["api"]), about),
            StatusLine("DNS", join_address(self.dns), "authoritative, UDP and TCP"),
            StatusLine(self.account_line, admin, "", f"http://{admin}/lines"),
        )

    def events(self) -> Sequence[Path]:
        """Answers that changed, calls of the API, and what health checks found."""
        return (self._events,)

    def versions(self) -> Mapping[str, str]:
        """Of what speaks DNS and HTTP here."""
        return {name: metadata.version(name) for name in ("dnspython", "aiohttp")}


class CheckingProvider(ProviderProcess):
    """One whose own health checks lead clients: they can go blind, and its API can be lost without them."""

    def lose_api(self, mode: ApiLoss = "failing") -> None:
        """See Steering."""
        self._admin.post("/outage", {"mode": mode})

    def restore_api(self) -> None:
        """See Steering."""
        self._admin.post("/outage", {"mode": None})

    def blind(self, mode: Blindness = "unreachable") -> None:
        """See Steering."""
        self._admin.post("/blind", {"mode": mode})

    def unblind(self) -> None:
        """See Steering."""
        self._admin.post("/blind", {"mode": None})

    def capabilities(self) -> Mapping[str, bool | str]:
        """What can be taken away."""
        return {PROVIDER_CONTROL_PLANE: True, PROVIDER_HEALTH_CHECKS: True}


def name_server_port(blueprint: Blueprint) -> Iterator[Diagnosis]:
    """Whether the wanted port of the name server is free, where one is wanted."""
    wanted = blueprint.environment.edge.dns_port
    if wanted:
        yield port("edge.dns_port", LOOPBACK, wanted, free=can_listen(LOOPBACK, wanted))
