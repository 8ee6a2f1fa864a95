"""Edge addresses and ports: what is in use is told by the setting that wanted it."""

from __future__ import annotations

import platform
import socket
import subprocess
import sys

import pytest

from harness.engines import addresses
from harness.engines.addresses import EdgeAddress, can_listen, choose_port, edge_addresses
from harness.errors import InputError, WorldError


def test_on_linux_every_region_has_a_loopback_address_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    assert edge_addresses(["a", "b"]) == {
        "a": EdgeAddress("127.0.1.10", "127.0.1.10"),
        "b": EdgeAddress("127.0.2.10", "127.0.2.10"),
    }


def test_elsewhere_documentation_addresses_are_answered_and_loopback_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    found = edge_addresses(["a", "b"])
    assert {edge.host for edge in found.values()} == {"127.0.0.1"}
    assert [edge.answered for edge in found.values()] == ["192.0.2.10", "192.0.2.20"]


def test_a_port_in_use_is_told_with_the_setting_that_wanted_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not can_listen("127.0.0.1", port)
        with pytest.raises(InputError, match=rf"port {port} on 127\.0\.0\.1 is in use: choose another edge\.port"):
            choose_port(["127.0.0.1"], port, "edge.port")
    assert can_listen("127.0.0.1", port)
    assert choose_port(["127.0.0.1"], port, "edge.port") == port


def test_any_port_is_one_below_those_of_outgoing_connections() -> None:
    port = choose_port(["127.0.0.1"], 0, "edge.port")
    assert 20_000 <= port < 32_000
    assert can_listen("127.0.0.1", port)


def test_any_port_is_free_on_all_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def only_west(host: str, port: int) -> bool:
        asked.append((host, port))
        return host == "127.0.2.10"

    monkeypatch.setattr(addresses, "can_listen", only_west)
    with pytest.raises(WorldError, match=r"no free port between 20000 and 32000 on 127\.0\.1\.10, 127\.0\.2\.10"):
        choose_port(["127.0.1.10", "127.0.2.10"], 0, "edge.port")
    assert len(asked) == 200


CHOOSES = """
import sys
from harness.engines import addresses
addresses._PORTS = range(int(sys.argv[1]), int(sys.argv[1]) + 1)
print(addresses.choose_port(["127.0.0.1"], 0, "edge.port"))
"""


@pytest.fixture
def few_ports(monkeypatch: pytest.MonkeyPatch) -> range:
    """No more than these may be chosen."""
    first = choose_port(["127.0.0.1"], 0, "edge.port")
    while not all(can_listen("127.0.0.1", port) for port in range(first, first + 4)):
        first = choose_port(["127.0.0.1"], 0, "edge.port")
    addresses._let_go(first)
    monkeypatch.setattr(addresses, "_PORTS", range(first, first + 4))
    return addresses._PORTS


def test_no_port_is_chosen_twice_although_nobody_listens_yet(few_ports: range) -> None:
    assert {choose_port(["127.0.0.1"], 0, "edge.port") for _ in few_ports} == set(few_ports)
    with pytest.raises(WorldError, match="no free port between"):
        choose_port(["127.0.0.1"], 0, "edge.port")
    for port in few_ports:
        assert can_listen("127.0.0.1", port)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere loopback has one address")
def test_what_one_process_has_chosen_another_one_does_not(few_ports: range) -> None:
    port = choose_port(["127.0.0.1"], 0, "edge.port")
    command = [sys.executable, "-c", CHOOSES, str(port)]
    beside = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (beside.returncode, "no free port between" in beside.stderr) == (1, True)
    addresses._let_go(port)
    alone = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (alone.stdout, alone.stderr) == (f"{port}\n", "")


def test_the_numbers_that_are_held_are_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_HELD_MAX", len(addresses._held) + 2)
    for _ in range(5):
        choose_port(["127.0.0.1"], 0, "edge.port")
    assert len(addresses._held) == addresses._HELD_MAX
