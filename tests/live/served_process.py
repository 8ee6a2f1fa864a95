"""A process of ours on a thread of the test's own: its `run(config, ready, stop)` in an event loop, and who asks it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from harness.kit.address import Address
from harness.kit.process import Ready
from harness.wire.ask import ask

Config = TypeVar("Config")
Run = Callable[[Config, Ready, asyncio.Event], Coroutine[Any, Any, None]]
_THERE_S = 20.0


class ServedProcess:
    """Runs until `close`. parts: what it tells that holds further addresses by name. addresses: by name."""

    def __init__(self, run: Run[Config], config: Config, *parts: str) -> None:
        self.addresses: dict[str, Address] = {}
        self._parts = parts
        self._told = threading.Event()
        self._runner, self._stop = asyncio.Runner(), asyncio.Event()
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._serve, args=(run, config))
        self._thread.start()
        assert self._told.wait(_THERE_S)

    def _serve(self, run: Run[Config], config: Config) -> None:
        with self._runner:  # as a process does it: what is still under way at the end is ended too
            self._runner.run(run(config, self._ready, self._stop))

    def _ready(self, told: Mapping[str, Any]) -> None:
        for held in (told, *(told[part] for part in self._parts)):
            self.addresses |= {name: (str(at[0]), int(at[1])) for name, at in held.items() if name not in self._parts}
        self._told.set()

    def admin(self, path: str, body: Any = None) -> Any:
        """What its own interface answers to a POST."""
        data = json.dumps({} if body is None else body).encode()
        answer = ask(self.addresses["admin"], "POST", path, timeout_s=5.0, body=data)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_THERE_S)
        assert not self._thread.is_alive(), "it does not end"


def until(condition: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    """Wait for what is true; what it was."""
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.02)
    return found
