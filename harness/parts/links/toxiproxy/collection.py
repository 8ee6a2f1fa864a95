"""All proxies of one server, and the operations that touch several of them. Every method returns at once.

Because nothing here waits, a list of actions is carried out within one turn of the event loop: no byte is forwarded
between its first and its last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from harness.clock import monotonic_ns
from harness.history.events import FaultEvent
from harness.parts.links.toxiproxy.model import (
    ApiError,
    ProxyBody,
    bad_body,
    missing_field,
    parse_proxy,
    proxy_not_found,
    require,
)
from harness.parts.links.toxiproxy.proxy import Proxy

Truth = Callable[[Sequence[FaultEvent]], None]


class ProxyCollection:
    """The proxies by name, in the order of their creation.

    seed: of all random draws. truth: told of every toxic and every stop of a proxy, with the interval it took.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seed: int, truth: Truth) -> None:
        self.seed = seed
        self.proxies: dict[str, Proxy] = {}
        self._loop = loop
        self._truth = truth
        self._untold: list[FaultEvent] | None = None

    def get(self, name: str) -> Proxy:
        """Raises ApiError 404."""
        if name not in self.proxies:
            raise proxy_not_found()
        return self.proxies[name]

    def create(self, body: ProxyBody) -> Proxy:
        """Raises ApiError: a field is missing, the name is taken, or the address cannot be listened on."""
        require(body)
        if body.name in self.proxies:
            raise ApiError("proxy already exists", 409)
        return self._make(body)

    def update(self, name: str, body: ProxyBody) -> Proxy:
        """Raises ApiError."""
        proxy = self.get(name)
        was_enabled, start_ns = proxy.enabled, monotonic_ns()
        proxy.update(body)
        if proxy.enabled is not was_enabled:
            self._tell("stop" if proxy.enabled else "start", "disabled", proxy.name, "refuse", start_ns)
        return proxy

    def delete(self, name: str) -> None:
        """Raises ApiError 404."""
        self.get(name).close()
        del self.proxies[name]

    def populate(self, bodies: object) -> tuple[list[Proxy], ApiError | None]:
        """Create what is missing, replace what differs in its addresses; the rest stays as it is.

        Returns the proxies, and the error that ended it early.
        """
        done: list[Proxy] = []
        try:
            if not isinstance(bodies, list):
                raise bad_body("expected a list of proxies")
            wanted = [parse_proxy(body) for body in bodies]
            for number, body in enumerate(wanted, start=1):
                require(body, f" at proxy {number}")
            for body in wanted:
                done.append(self._add_or_replace(body))
        except ApiError as error:
            return done, error
        return done, None

    def reset(self) -> None:
        """Enable every proxy and take every toxic off. Raises ApiError for the first that cannot listen."""
        for proxy in self.proxies.values():
            self.update(proxy.name, ProxyBody(enabled=True))
            for spec in proxy.toxics:
                self.remove_toxic(proxy.name, spec.name)

    def add_toxic(self, name: str, body: object) -> dict[str, Any]:
        """Raises ApiError."""
        start_ns = monotonic_ns()
        spec = self.get(name).add_toxic(body)
        self._tell("start", spec.toxic.kind, name, spec.stream, start_ns)
        return spec.as_json()

    def remove_toxic(self, name: str, toxic: str) -> None:
        """Raises ApiError."""
        start_ns = monotonic_ns()
        spec = self.get(name).remove_toxic(toxic)
        self._tell("stop", spec.toxic.kind, name, spec.stream, start_ns)

    def apply(self, actions: object) -> list[dict[str, Any]]:
        """Carry out actions in order (see `_act`). Every one is tried; each result says when, and what failed."""
        if not isinstance(actions, list):
            raise bad_body("expected a list of actions")
        untold: list[FaultEvent] = []
        self._untold = untold  # told together afterwards: writing takes longer than breaking
        try:
            return [self._timed(action) for action in actions]
        finally:
            self._untold = None
            self._truth(untold)

    def close(self) -> None:
        """Stop every proxy."""
        for proxy in self.proxies.values():
            proxy.close()

    def _timed(self, action: object) -> dict[str, Any]:
        start_ns = monotonic_ns()
        result: dict[str, Any] = {}
        try:
            if not isinstance(action, Mapping):
                raise bad_body("an action must be an object")
            result = {"do": action.get("do"), "proxy": action.get("proxy"), **self._act(action)}
        except ApiError as error:
            result |= error.as_json()
        return {**result, "start_ns": start_ns, "until_ns": monotonic_ns()}

    def _act(self, action: Mapping[str, Any]) -> dict[str, Any]:
        name = action.get("proxy")
        if not isinstance(name, str):
            raise missing_field("proxy")
        match action.get("do"):
            case "enable":
                self.update(name, ProxyBody(enabled=True))
            case "disable":
                self.update(name, ProxyBody(enabled=False))
            case "cut":
                return {"cut": self.cut([name])}
            case "add_toxic":
                return {"toxic": self.add_toxic(name, action.get("toxic"))}
            case "remove_toxic":
                self.remove_toxic(name, str(action.get("toxic")))
            case other:
                raise bad_body(f"do: {other!r} is none of enable, disable, cut, add_toxic, remove_toxic")
        return {}

    def cut(self, names: Iterable[str]) -> int:
        """Reset all connections of these proxies now; returns how many. Raises ApiError 404 before touching any."""
        start_ns = monotonic_ns()
        proxies = [self.get(name) for name in names]
        count = 0
        for proxy in proxies:
            count += proxy.cut()
            self._tell("start", "cut", proxy.name, "reset", start_ns)
        return count

    def _make(self, body: ProxyBody) -> Proxy:
        proxy = Proxy(self._loop, body.name or "", body.listen or "", body.upstream or "", self.seed)
        if body.enabled is not False:
            proxy.start()
        self.proxies[proxy.name] = proxy
        return proxy

    def _add_or_replace(self, body: ProxyBody) -> Proxy:
        existing = self.proxies.get(body.name or "")
        if existing is not None:
            if not existing.differs(body.listen or "", body.upstream or ""):
                return existing
            existing.close()
        return self._make(body)

    def _tell(self, what: Literal["start", "stop"], fault: str, target: str, mode: str, start_ns: int) -> None:
        event = FaultEvent(what, fault, target, mode, start_ns, monotonic_ns(), (target,))
        if self._untold is None:
            self._truth([event])
        else:
            self._untold.append(event)
