"""What may be done to a stack that is not ours: dialled, deleted, broken, and for how long; from plain values."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.agreement import agrees
from harness.errors import InputError, NotMeasurable
from harness.faults.catalogue import fault_named
from harness.faults.model import Link
from harness.kit.reach import may_dial, network, outside
from harness.live.leftovers.watchdog import wait_s
from harness.live.visit import led_astray
from harness.measurement.canary import Fails, Slow
from harness.names import CANARY, CLIENTS, HTTP, OUTSIDE
from harness.parts.platform.external.model import deletable, plan_of, proof_link, way_of
from harness.parts.platform.external.spec import Breaking
from harness.parts.steering.external.spec import server_of
from harness.topology.environment import Workload
from harness.world.terms import Terms, closely, steady_rate_per_s

HOSTS = ("10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32")
TERMS = Terms(HOSTS, "drill-", 20.0)


# --- what is dialled --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["10.1.2.3", "192.0.2.7", "2001:db8::1"])
def test_a_named_host_is_dialled(host: str) -> None:
    assert may_dial(host, HOSTS)


@pytest.mark.parametrize("host", ["10.2.0.1", "192.0.2.8", "127.0.0.1", "169.254.169.254", "::1", "example.com", ""])
def test_whatever_is_not_named_is_not_dialled(host: str) -> None:
    assert not may_dial(host, HOSTS)


def test_without_named_hosts_only_this_machine_is_dialled() -> None:
    assert may_dial("127.0.1.10", ())
    assert not may_dial("10.1.2.3", ())
    assert outside(["127.0.0.1", "10.1.2.3"], ()) == ("10.1.2.3",)


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "staging.example.com", "10.1.2.3/16", "10.1.2", ""])
def test_a_host_is_an_address_or_a_network_and_never_everything(text: str) -> None:
    with pytest.raises(ValueError, match=r"wanted|every address"):
        network(text)


def test_clients_that_are_led_astray_are_told_where_to() -> None:
    assert led_astray("app.example.com", ["10.1.2.3"], TERMS) is None
    told = led_astray("app.example.com", ["10.1.2.3", "203.0.113.9"], TERMS)
    assert told is not None
    assert "203.0.113.9" in told
    assert "10.1.2.3" not in told.partition("which")[0]
    assert "not dialled" in told


# --- how often --------------------------------------------------------------------------------------------------------


def test_clients_look_more_closely_only_within_the_hard_maximum() -> None:
    workload = Workload(rate_per_s=4, other_period_s=2)
    steady = steady_rate_per_s(workload, 2, TERMS)
    assert steady == 4 + 6 * 2 / 2 + 2 / TERMS.canary_period_s
    for most in range(1, 5):
        parts = closely(workload, 2, TERMS, most)
        assert 1 <= parts <= most
        assert steady + (parts - 1) * workload.rate_per_s <= TERMS.rate_max_per_s
    assert closely(Workload(rate_per_s=40), 2, TERMS, 4) == 1


# --- what is deleted --------------------------------------------------------------------------------------------------


def test_only_keys_of_ours_are_deleted() -> None:
    noted = ["drill-1\n", "drill-2", "drill-1", "customer-7", "", "xdrill-3", "drill-" + "x" * 2_000]
    assert deletable(noted, "drill-") == ("drill-1", "drill-2")


# --- how a fault is brought about -------------------------------------------------------------------------------------


def way(fault: str, target: str | None = None, mode: str | None = None, proves: str | None = None) -> Breaking:
    return Breaking(fault=fault, target=target, mode=mode, inject=("true",), heal=("true",), proves=proves)


LINKS = [
    Link(CLIENTS, OUTSIDE, "us-east-1", "us-east-1", HTTP),
    Link(CANARY, OUTSIDE, "us-east-1", "us-east-1", HTTP, from_canary=True),
    Link(CANARY, OUTSIDE, "us-west-2", "us-west-2", HTTP, from_canary=True),
]


def test_the_way_that_fits_best_is_taken() -> None:
    ways = [
        way("region-outage"),
        way("region-outage", "us-east-1"),
        way("region-outage", "us-east-1", "refuse"),
        way("latency", "us-east-1"),
    ]
    assert way_of(ways, "region-outage", "us-east-1", "refuse") == 2
    assert way_of(ways, "region-outage", "us-east-1", "black-hole") == 1
    assert way_of(ways, "region-outage", "us-west-2", "refuse") == 0
    assert way_of(ways[1:], "region-outage", "us-west-2", "refuse") is None
    assert way_of(ways, "process-kill", "monitor.outside", "kill") is None


def test_a_lost_place_must_be_seen_at_its_own_address() -> None:
    plan = plan_of(fault_named("region-outage", target="us-east-1"), [way("region-outage")], LINKS)
    assert plan.canary.links == ("canary->us-east-1:http",)
    assert plan.canary.expected == Fails()
    assert plan.links == ("clients->us-east-1:http", "canary->us-east-1:http")


def test_a_slow_place_must_be_slow_there() -> None:
    fault = fault_named("latency", target="us-east-1", service="http", latency_ms=500)
    plan = plan_of(fault, [way("latency")], LINKS)
    assert isinstance(plan.canary.expected, Slow)
    assert plan.canary.links == ("canary->us-east-1:http",)


def test_a_url_that_proves_a_fault_stands_instead() -> None:
    ways = [way("service-outage", "us-east-1", proves="http://10.1.2.3:8000/health")]
    plan = plan_of(fault_named("service-outage", target="us-east-1"), ways, LINKS)
    assert plan.canary.links == (proof_link(0),)


def test_a_fault_that_nothing_shows_is_not_measurable() -> None:
    with pytest.raises(NotMeasurable, match="proves"):
        plan_of(fault_named("service-outage", target="us-east-1"), [way("service-outage")], LINKS)


def test_a_fault_without_a_command_is_not_measurable() -> None:
    with pytest.raises(NotMeasurable, match="no way to bring about region-isolated of us-east-1"):
        plan_of(fault_named("region-isolated", target="us-east-1"), [way("region-outage")], LINKS)


# --- for how long -----------------------------------------------------------------------------------------------------


def test_a_fault_that_has_held_for_long_enough_is_waited_for_no_more() -> None:
    assert wait_s(30.0, None, 1_000.0) == 30.0
    assert wait_s(30.0, 1_100.0, 1_000.0) == 30.0
    assert wait_s(30.0, 1_010.0, 1_000.0) == 10.0
    assert wait_s(30.0, 1_010.0, 1_010.0) <= 0
    assert wait_s(30.0, 1_010.0, 2_000.0) <= 0


# --- who agrees, and who is asked -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "agreed"), [("staging\n", True), ("y\n", False), ("", False), ("stagin\n", False)])
def test_the_whole_name_must_be_typed(typed: str, agreed: bool) -> None:
    assert agrees(typed, "staging") is agreed


def test_a_name_server_is_named_or_the_systems() -> None:
    assert server_of("10.0.0.2", "") == ("10.0.0.2", 53)
    assert server_of("127.0.0.1:15353", "") == ("127.0.0.1", 15353)
    assert server_of("[2001:db8::1]:53", "") == ("2001:db8::1", 53)
    assert server_of("system", "search x\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n") == ("10.0.0.2", 53)
    for text in ("ns.example.com", "10.0.0.2:0", "10.0.0.2:99999"):
        with pytest.raises(ValueError, match=r"wanted|65535"):
            server_of(text, "")
    with pytest.raises(ValueError, match="names no name server"):
        server_of("system", "# nothing\n")


def test_a_way_without_a_way_back_is_refused() -> None:
    for wrong in (
        {"fault": "region-outage", "inject": ["x"]},
        {"fault": "region-outage"},
        {"fault": "region-outage", "inject": ["x"], "heal": ["y"], "experiment": {"template": "E", "region": "r"}},
        {"fault": "region-outage", "inject": "x y", "heal": ["y"]},
        {"fault": "nothing-known", "inject": ["x"], "heal": ["y"]},
        {"fault": "region-outage", "mode": "slow", "inject": ["x"], "heal": ["y"]},
    ):
        with pytest.raises(ValueError, match=r"fault|inject|experiment|mode"):
            Breaking.model_validate(wrong)


def test_the_shipped_file_says_what_there_is(tmp_path: Path) -> None:
    from harness.topology.load import load_environment
    from harness.topology.shipped import find_environment

    environment = load_environment(find_environment("external"))
    assert environment.platform.kind == "external"
    text = find_environment("external").read_text().replace("rate_max_per_s: 20", "rate_max_per_s: 0")
    path = tmp_path / "wrong.yaml"
    path.write_text(text.replace("../reference", str(Path("reference").absolute())))
    with pytest.raises(InputError, match="rate_max_per_s"):
        load_environment(path)


def test_an_audience_would_ask_more_than_was_agreed(tmp_path: Path) -> None:
    from harness.topology.load import load_environment
    from harness.topology.shipped import find_environment

    path = tmp_path / "more.yaml"
    path.write_text(find_environment("external").read_text() + "\naudience: [{profile: jvm(30)}]\n")
    with pytest.raises(InputError, match="audience: its clients would ask more of a stack that is not ours"):
        load_environment(path)
