"""Edge addresses and ports: what is in use is told by the setting that wanted it."""

from __future__ import annotations

import platform
import socket

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
