"""The adversary against a real server: it breaks what the plan says, and always mends it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from toxiproxy_rig import Address, Upstream, exchange, make_link, running_server, upstream

from harness.errors import HealError, InputError, LinkError, ProcessError
from harness.faults.catalogue import fault_named
from harness.faults.model import Link, Plan, ProcessRef
from harness.live.adversary import Adversary
from harness.parts.links.toxiproxy.client import ToxiproxyClient
from harness.parts.links.toxiproxy.hand import LinkHand
from harness.world.components.hand import ProcessHand

pytestmark = [pytest.mark.live, pytest.mark.beside]

LINKS = (
    Link("clients", "outside", "us-east-1", "us-east-1", "http"),
    Link("canary", "outside", "us-east-1", "us-east-1", "http", from_canary=True),
    Link("monitor.us-west-2", "us-west-2", "us-east-1", "us-east-1", "dynamodb", "monitor", "us-west-2"),
    Link("clients", "outside", "us-west-2", "us-west-2", "http"),
)
EAST, WEST = "clients->us-east-1:http", "clients->us-west-2:http"
PROCESSES = (ProcessRef("monitor.us-west-2", "us-west-2"), ProcessRef("storefront.us-east-1", "us-east-1"))


class Processes:
    """Notes what is asked for; `deaf` instances fail."""

    def __init__(self, client: ToxiproxyClient | None = None) -> None:
        self.calls: list[str] = []
        self.toxics_when_thawed: int | None = None
        self.deaf: set[str] = set()
        self._client = client

    def kill(self, instance: str) -> None:
        self._note("kill", instance)

    def restart(self, instance: str) -> None:
        self._note("restart", instance)

    def freeze(self, instance: str) -> None:
        self._note("freeze", instance)

    def thaw(self, instance: str) -> None:
        if self._client is not None:
            self.toxics_when_thawed = sum(len(proxy.toxics) for proxy in self._client.proxies().values())
        self._note("thaw", instance)

    def _note(self, what: str, instance: str) -> None:
        self.calls.append(f"{what} {instance}")
        if instance in self.deaf:
            raise ProcessError(f"{instance} does not listen")


@pytest.fixture(scope="module")
def server() -> Iterator[ToxiproxyClient]:
    with running_server() as client:
        yield client


@pytest.fixture
def target() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


@pytest.fixture
def addresses(server: ToxiproxyClient, target: Upstream) -> Iterator[dict[str, Address]]:
    yield {link.name: make_link(server, link.name, target.address) for link in LINKS}
    for name in server.proxies():
        server.delete(name)


@pytest.fixture
def processes(server: ToxiproxyClient) -> Processes:
    return Processes(server)


@pytest.fixture
def adversary(server: ToxiproxyClient, processes: Processes) -> Adversary:
    return Adversary([LinkHand(server), ProcessHand(processes)])


def plan(kind: str, **parameters: object) -> Plan:
    return fault_named(kind, **parameters).plan(LINKS, PROCESSES)  # type: ignore[arg-type]


def untouched(server: ToxiproxyClient) -> bool:
    return all(proxy.enabled and not proxy.toxics for proxy in server.proxies().values())


def works(address: Address, timeout_s: float = 0.3) -> bool:
    try:
        with socket.create_connection(address, timeout=timeout_s) as sock:
            return exchange(sock, b"ping") == b"ping"
    except OSError:
        return False


@pytest.mark.parametrize("mode", ["refuse", "black-hole", "reset"])
def test_a_lost_region_is_lost_and_comes_back(
    server: ToxiproxyClient, adversary: Adversary, addresses: dict[str, Address], mode: str
) -> None:
    with socket.create_connection(addresses[EAST], timeout=10) as open_before:
        assert exchange(open_before, b"ping") == b"ping"
        with adversary.inject(plan("region-outage", target="us-east-1", mode=mode)) as injection:
            assert not works(addresses[EAST])
            assert works(addresses[WEST], 10)
            if mode == "reset":
                with pytest.raises(ConnectionResetError):
                    open_before.recv(1)
        assert works(addresses[EAST], 10)
    assert untouched(server)
    started, stopped = injection.started, injection.stopped
    assert stopped is not None
    assert started.links == (EAST, "canary->us-east-1:http", "monitor.us-west-2->us-east-1:dynamodb")
    assert started.mono_ns <= started.until_ns <= stopped.mono_ns <= stopped.until_ns
    assert (started.fault, started.target, started.mode) == ("region-outage", "us-east-1", mode)


def test_no_toxic_is_left_behind_after_an_exception_in_the_block(
    server: ToxiproxyClient, adversary: Adversary, addresses: dict[str, Address]
) -> None:
    for failure in (ZeroDivisionError, KeyboardInterrupt, SystemExit):
        with pytest.raises(failure), adversary.inject(plan("region-outage", target="us-east-1")):
            raise failure
        assert untouched(server)
        assert adversary.active == ()


def test_healing_twice_is_healing_once(
    server: ToxiproxyClient, adversary: Adversary, addresses: dict[str, Address]
) -> None:
    injection = adversary.inject(plan("latency", target="us-east-1", latency_ms=50))
    injection.heal()
    stopped = injection.stopped
    injection.heal()
    assert injection.stopped is stopped
    assert untouched(server)


def test_onset_of_a_region_outage_is_nearly_one_moment(adversary: Adversary, addresses: dict[str, Address]) -> None:
    with adversary.inject(plan("region-outage", target="us-east-1", mode="refuse")) as injection:
        onset_ms = (injection.started.until_ns - injection.started.mono_ns) / 1e6
    assert onset_ms < 1000, "three links, one turn of the loop, and what a busy machine adds"


def test_a_plan_that_fails_half_way_is_taken_back_and_names_the_link(
    server: ToxiproxyClient, adversary: Adversary, addresses: dict[str, Address]
) -> None:
    server.delete("canary->us-east-1:http")
    with pytest.raises(LinkError, match=r"canary->us-east-1:http: proxy not found"):
        adversary.inject(plan("region-outage", target="us-east-1", mode="reset"))
    assert untouched(server)
    assert adversary.active == ()


def test_a_process_that_cannot_be_frozen_fails_the_injection(adversary: Adversary, processes: Processes) -> None:
    processes.deaf.add("monitor.us-west-2")
    with pytest.raises(HealError, match="does not listen"):
        adversary.inject(plan("process-freeze", target="monitor.us-west-2"))
    assert processes.calls == ["freeze monitor.us-west-2", "thaw monitor.us-west-2"]


def test_processes_are_thawed_before_their_links_are_mended(
    server: ToxiproxyClient, adversary: Adversary, processes: Processes, addresses: dict[str, Address]
) -> None:
    lost = plan("region-outage", target="us-east-1")
    frozen = plan("process-freeze", target="storefront")
    both = Plan("both", "us-east-1", "black-hole", lost.apply + frozen.apply, lost.canary)
    with adversary.inject(both):
        pass
    assert processes.calls == ["freeze storefront.us-east-1", "thaw storefront.us-east-1"]
    assert processes.toxics_when_thawed == 3
    assert untouched(server)


def test_a_killed_process_is_started_anew_when_the_fault_heals(adversary: Adversary, processes: Processes) -> None:
    with adversary.inject(plan("process-kill", instance="monitor.us-west-2")):
        pass
    assert processes.calls == ["kill monitor.us-west-2", "restart monitor.us-west-2"]


def test_a_link_that_two_faults_hold_down_stays_down_until_the_last_heals(
    server: ToxiproxyClient, adversary: Adversary, addresses: dict[str, Address]
) -> None:
    whole = adversary.inject(plan("region-outage", target="us-east-1", mode="refuse"))
    part = adversary.inject(plan("service-outage", target="us-east-1", mode="refuse"))
    whole.heal()
    assert not server.proxies()["monitor.us-west-2->us-east-1:dynamodb"].enabled
    assert server.proxies()[EAST].enabled
    part.heal()
    assert untouched(server)


def test_different_faults_on_one_link_heal_apart(
    server: ToxiproxyClient, adversary: Adversary, addresses: dict[str, Address]
) -> None:
    slow = adversary.inject(plan("latency", target="us-east-1", latency_ms=50))
    with adversary.inject(plan("region-outage", target="us-east-1")):
        slow.heal()
        assert [toxic.type for toxic in server.toxics(EAST)] == ["black_hole"]
    assert untouched(server)


def test_the_same_fault_twice_is_refused_and_the_first_one_still_holds(
    server: ToxiproxyClient, adversary: Adversary, addresses: dict[str, Address]
) -> None:
    with adversary.inject(plan("region-outage", target="us-east-1")):
        with pytest.raises(InputError, match="already holds"):
            adversary.inject(plan("region-outage", target="us-east-1"))
        assert [toxic.type for toxic in server.toxics(EAST)] == ["black_hole"]
    assert untouched(server)


def test_heal_all_heals_whatever_holds(
    server: ToxiproxyClient, adversary: Adversary, processes: Processes, addresses: dict[str, Address]
) -> None:
    adversary.inject(plan("latency", target="us-east-1", latency_ms=50))
    adversary.inject(plan("process-freeze", target="monitor"))
    adversary.heal_all()
    assert untouched(server)
    assert processes.calls == ["freeze monitor.us-west-2", "thaw monitor.us-west-2"]
    assert adversary.active == ()


def test_what_somebody_else_healed_counts_as_healed(
    server: ToxiproxyClient, adversary: Adversary, addresses: dict[str, Address]
) -> None:
    with adversary.inject(plan("region-outage", target="us-east-1")):
        server.reset()
    assert adversary.active == ()


def test_a_heal_that_fails_says_so_and_can_be_tried_again(target: Upstream) -> None:
    with running_server() as server:
        for link in LINKS:
            make_link(server, link.name, target.address)
        processes = Processes()
        adversary = Adversary([LinkHand(server), ProcessHand(processes)])
        lost, frozen = plan("region-outage", target="us-east-1"), plan("process-freeze", target="monitor")
        processes.deaf.add("monitor.us-west-2")
        processes.freeze = lambda instance: None  # type: ignore[method-assign]
        injection = adversary.inject(Plan("both", "x", "y", lost.apply + frozen.apply, lost.canary))
        with pytest.raises(HealError, match="does not listen"):
            injection.heal()
        assert untouched(server), "the links are mended all the same"
        assert injection.stopped is None
        processes.deaf.clear()
        adversary.heal_all()
        assert injection.stopped is not None


def test_a_dead_server_is_a_heal_error_in_time(target: Upstream) -> None:
    with running_server() as server:
        for link in LINKS:
            make_link(server, link.name, target.address)
        adversary = Adversary([LinkHand(server), ProcessHand(Processes())])
        injection = adversary.inject(plan("region-outage", target="us-east-1"))
    started = time.monotonic()
    with pytest.raises(HealError):
        injection.heal()
    assert time.monotonic() - started < 10


def test_the_kind_of_fault_that_was_used_is_told(
    server: ToxiproxyClient, adversary: Adversary, addresses: dict[str, Address]
) -> None:
    with adversary.inject(plan("region-outage", target="us-east-1")) as injection:
        assert injection.kinds_used == (f"black_hole: {server.capabilities().black_hole}",)
    with adversary.inject(plan("region-outage", target="us-east-1", mode="reset")) as injection:
        assert injection.kinds_used == ("cut: rst",)
