"""A recording ends by its time, by the first Ctrl-C or with the world; whatever ended it, what was seen is kept."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from measurement_timeline import pulse
from rich.console import Console

from harness.cli.recording import Recorded, record
from harness.drill.options import resolve
from harness.errors import LinkError, WorldError
from harness.history.events import Event
from harness.parts.links.toxiproxy import healing
from harness.parts.links.toxiproxy.client_model import Proxy, Toxic

FIRST, LAST = (operation.invoke for operation in pulse("dns-0", "writes", ".."))


class Links:
    """A Toxiproxy that says what it is told to."""

    def __init__(self, proxies: dict[str, Proxy] | None) -> None:
        self._proxies = proxies

    def proxies(self) -> dict[str, Proxy]:
        if self._proxies is None:
            raise LinkError("it is gone")
        return self._proxies


class Clients:
    """One event while they work, and one that comes when they are drained. polled: what else happens meanwhile."""

    edges = {"us-east-1": "127.0.1.10", "us-west-2": "127.0.2.10"}  # noqa: RUF012

    def __init__(self, polled: Callable[[Clients], None], drained: WorldError | None = None) -> None:
        self.up = True
        self._polled = polled
        self._drained = drained
        self._left: list[Event] = [FIRST]

    def broken(self) -> Sequence[str]:
        return ()

    def poll(self) -> Sequence[Event]:
        self._polled(self)
        found, self._left = self._left, []
        return found

    def ended(self) -> Sequence[str]:
        return [] if self.up else ["the world has ended"]

    def finish(self) -> tuple[Sequence[Event], Sequence[str]]:
        self._left.append(LAST)
        if self._drained is not None:
            raise self._drained
        return self.poll(), ["watch/logs/a.log"]


def recorded(clients: Clients, seconds: float | None = None) -> Recorded:
    return record(clients, resolve({}, {}, Path.cwd(), 7), seconds, Console(file=io.StringIO()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_ends_it_and_loses_nothing_and_signals_are_as_before(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def press(clients: Clients) -> None:
        if FIRST in clients._left:
            os.kill(os.getpid(), number)

    found = recorded(Clients(press))
    assert (list(found.events), list(found.logs), list(found.ended)) == ([FIRST, LAST], ["watch/logs/a.log"], [])
    assert signal.getsignal(number) is before


def test_the_second_ctrl_c_interrupts() -> None:
    with pytest.raises(KeyboardInterrupt):
        recorded(Clients(lambda _: os.kill(os.getpid(), signal.SIGINT)))


def test_it_ends_with_its_time() -> None:
    assert set(recorded(Clients(lambda _: None), 0.01).events) == {FIRST, LAST}


def test_it_ends_with_the_world_and_says_so() -> None:
    found = recorded(Clients(lambda clients: setattr(clients, "up", False)))
    assert (list(found.events), list(found.ended)) == ([FIRST, LAST], ["the world has ended"])


def test_clients_that_cannot_be_drained_leave_what_they_had_written() -> None:
    found = recorded(Clients(lambda _: None, WorldError("witness: it is gone")), 0.2)
    assert (list(found.events), list(found.logs)) == ([FIRST, LAST], [])
    assert list(found.ended) == ["the clients could not be drained: witness: it is gone"]


def test_what_stands_broken_on_the_links_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = Toxic("timeout", attributes={"timeout": 0})
    here = ("127.0.0.1", 1)
    links: Any = Links({"b": Proxy("b", here, here, toxics=(silent,)), "a": Proxy("a", here, here, enabled=False)})
    monkeypatch.setattr(healing, "client_of", lambda handle: links)
    assert healing.broken({}) == ("a disabled", "b timeout")
    monkeypatch.setattr(healing, "client_of", lambda handle: Links(None))
    assert healing.broken({}) == ()
