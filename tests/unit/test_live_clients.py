"""The witness of a live world looks at the processes that run now, also after one of them was started anew."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import ProcessError, WorldError
from harness.live import clients as live_clients
from harness.live.clients import Clients


def canary(instance: str, pid: int) -> dict[str, Any]:
    return {"link": f"canary->{instance}:process", "kind": "process", "pid": pid}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the witness was told to look at, beside its links."""
    told: list[Any] = []

    def post(_: Any, path: str, body: Any) -> None:
        assert path == "/canaries"
        if not told or told[-1] != "gone":
            told.append(body)
            return
        raise WorldError("witness: no answer")

    monkeypatch.setattr(live_clients, "witness_config", lambda *_: {})
    monkeypatch.setattr(live_clients, "link_canaries", lambda _: [])
    monkeypatch.setattr(live_clients.AdminClient, "post", post)
    return told


def clients() -> Clients:
    process = SimpleNamespace(ready=lambda _: {"admin": ("127.0.0.1", 1)})
    net: Any = SimpleNamespace(ground=SimpleNamespace(spawn=lambda *_: process))
    options: Any = None
    return Clients(options, net, ("127.0.0.1", 53))


def test_a_process_that_was_started_anew_is_looked_at_instead_of_the_dead_one(asked: list[Any]) -> None:
    witness = clients()
    witness.watch([canary("monitor.outside", 7), canary("storefront.us-east-1", 8)])
    witness.follow(lambda: [canary("monitor.outside", 9), canary("storefront.us-east-1", 8)])
    assert asked[-1] == [canary("monitor.outside", 9), canary("storefront.us-east-1", 8)]
    assert len(asked) == 2


def test_nothing_is_told_where_no_process_has_changed_or_none_was_looked_at(asked: list[Any]) -> None:
    witness = clients()
    witness.follow(lambda: [canary("monitor.outside", 9)])
    assert asked == []
    witness.watch([canary("monitor.outside", 7)])
    witness.follow(lambda: [canary("monitor.outside", 7)])
    assert len(asked) == 1


def test_healing_does_not_fail_of_a_witness_that_cannot_be_told(asked: list[Any]) -> None:
    def unknown() -> list[Any]:
        raise ProcessError("monitor.outside: never started")

    witness = clients()
    witness.watch([canary("monitor.outside", 7)])
    asked.append("gone")
    witness.follow(lambda: [canary("monitor.outside", 9)])
    witness.follow(unknown)
    assert asked[-1] == "gone"
