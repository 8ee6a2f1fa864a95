"""All proxies of one server, and the operations that touch several of them. Every method returns at once.

Because nothing here waits, a list of actions is carried out within one turn of the event loop: no byte is forwarded
between its first and its last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from harness.clock import monotonic_ns
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


class ProxyCollection:
    """The proxies by name, in the order of their creation.

    seed: of all random draws.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seed: int) -> None:
        self.seed = seed
        self.proxies: dict[str, Proxy] = {}
        self._loop = loop

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
        proxy.update(body)
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
        return self.get(name).add_toxic(body).as_json()

    def remove_toxic(self, name: str, toxic: str) -> None:
        """Raises ApiError."""
        self.get(name).remove_toxic(toxic)

    def apply(self, actions: object) -> list[dict[str, Any]]:
        """Carry out actions in order (see `_act`). Every one is tried; each result says when, and what failed."""
        if not isinstance(actions, list):
            raise bad_body("expected a list of actions")
        return [self._timed(action) for action in actions]

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
        proxies = [self.get(name) for name in names]
        return sum(proxy.cut() for proxy in proxies)

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
