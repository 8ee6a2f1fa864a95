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
    net: Any = SimpleNamespace(ground=SimpleNamespace(spawn=lambda *_: process, on_close=lambda _: None))
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


# --- a witness that has ended -----------------------------------------------------------------------------------------

FULL = "the witness failed: cannot write its history /reports/x.jsonl: No space left on device"


def ended(monkeypatch: pytest.MonkeyPatch, error: str | None, code: int | None) -> Clients:
    """Clients whose witness process is in that state, and takes no connections."""
    monkeypatch.setattr(live_clients, "witness_config", lambda *_: {})
    monkeypatch.setattr(live_clients, "link_canaries", lambda _: [])
    process = SimpleNamespace(ready=lambda _: {"admin": ("127.0.0.1", 1)}, poll=lambda: code, error=error)
    net: Any = SimpleNamespace(ground=SimpleNamespace(spawn=lambda *_: process, on_close=lambda _: None))
    options: Any = None
    return Clients(options, net, ("127.0.0.1", 53))


def test_a_witness_that_could_not_write_is_told_with_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    witness = ended(monkeypatch, FULL, 1)
    with pytest.raises(WorldError, match="No space left on device"):
        witness.stop()
    with pytest.raises(WorldError, match="No space left on device"):
        witness.require_running()


def test_a_witness_that_ended_without_a_word_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorldError, match="the witness ended by itself, with exit code -9"):
        ended(monkeypatch, None, -9).start()


def test_a_witness_that_runs_and_does_not_answer_is_no_ended_one(monkeypatch: pytest.MonkeyPatch) -> None:
    witness = ended(monkeypatch, None, None)
    witness.require_running()
    with pytest.raises(WorldError, match="POST /stop"):
        witness.stop()


def test_a_stop_after_which_not_all_is_written_is_no_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    witness = ended(monkeypatch, None, None)
    monkeypatch.setattr(live_clients.AdminClient, "post", lambda *_: {"skipped": 0, "failed": FULL})
    with pytest.raises(WorldError, match="No space left on device"):
        witness.stop()
