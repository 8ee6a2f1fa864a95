"""Against a real Toxiproxy: what it does not have is done as nearly as it can, and undone."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from toxiproxy_rig import Upstream, exchange, make_link, upstream

from harness.faults.catalogue import fault_named
from harness.faults.model import Link
from harness.live.adversary import Adversary
from harness.parts.links.toxiproxy.client import Capabilities, ToxiproxyClient
from harness.parts.links.toxiproxy.hand import LinkHand
from harness.world.components.hand import ProcessHand

pytestmark = [pytest.mark.live, pytest.mark.beside]

LINK = Link("clients", "outside", "us-east-1", "us-east-1", "http")


class NoProcesses:
    def kill(self, instance: str) -> None:
        raise AssertionError

    def freeze(self, instance: str) -> None:
        raise AssertionError

    def thaw(self, instance: str) -> None:
        raise AssertionError


@pytest.fixture
def target() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


@pytest.fixture
def server(target: Upstream, real_toxiproxy: str) -> Iterator[ToxiproxyClient]:
    client = ToxiproxyClient(real_toxiproxy)
    make_link(client, LINK.name, target.address)
    yield client
    client.delete(LINK.name)


def test_capabilities_say_what_is_missing(server: ToxiproxyClient) -> None:
    assert server.capabilities() == Capabilities("toxiproxy", "timeout", "per-connection", "fin", bulk=False)


@pytest.mark.parametrize(
    ("kind", "mode", "toxics"),
    [
        ("region-outage", "black-hole", ["timeout", "timeout"]),
        ("region-outage", "reset", ["reset_peer", "reset_peer"]),
        ("region-outage", "refuse", []),
        ("gray-failure", "reset", ["reset_peer"]),
        ("latency", "slow", ["latency"]),
    ],
)
def test_faults_bite_and_heal(server: ToxiproxyClient, kind: str, mode: str, toxics: list[str]) -> None:
    extra = {"service": "http", "rate": 1.0} if kind == "gray-failure" else {}
    plan = fault_named(kind, target="us-east-1", mode=mode, **extra).plan([LINK], [])
    adversary = Adversary([LinkHand(server), ProcessHand(NoProcesses())])
    with adversary.inject(plan):
        proxy = server.proxies()[LINK.name]
        assert [toxic.type for toxic in proxy.toxics] == toxics
        assert proxy.enabled is (mode != "refuse")
        if kind != "latency":
            with pytest.raises(OSError, match=r"refused|reset|timed out"):
                talk(proxy.listen)
    proxy = server.proxies()[LINK.name]
    assert proxy.enabled
    assert proxy.toxics == ()
    assert talk(proxy.listen) == b"ping"


def talk(address: tuple[str, int]) -> bytes:
    with socket.create_connection(address, timeout=0.5) as sock:
        return exchange(sock, b"ping")
