"""A typed client of a Toxiproxy server: the embedded one, or a real one.

Built on toxiproxy-python's transport (`APIConsumer`), around its traps: host and port are class attributes (so two
clients would share one server), nothing has a time-out, names are not quoted, only some errors are noticed, and there
is no way to change a proxy or a toxic. It also honours HTTP_PROXY, which a loopback server must not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast
from urllib.parse import quote, urlsplit

import requests
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

from harness.clock import monotonic_ns
from harness.errors import InputError, LinkError
from harness.faults.model import AddToxic, CutLink, DisableLink, EnableLink, LinkAction, RemoveToxic
from harness.parts.links.toxiproxy.client_model import Address, Applied, Capabilities, Proxy, Toxic, join_address

__all__ = ["Address", "Applied", "Capabilities", "Proxy", "Toxic", "ToxiproxyClient"]

DEFAULT_PORT = 8474
"""Toxiproxy's own."""
_AT_ONCE = 16
"""Requests under way at the same time where a server has no bulk endpoint."""
_NO_PROXIES: Mapping[str, None] = {"http": None, "https": None}


class _MissingError(LinkError):
    """There is no such proxy or toxic."""


class ToxiproxyClient:
    """See the module's text. Every method raises LinkError when the server is not there, silent, or refuses."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        """url: e.g. http://127.0.0.1:8474. timeout_s: of every single request. Raises InputError for a wrong url."""
        parts = urlsplit(url if "//" in url else f"//{url}")
        if parts.scheme not in ("", "http") or not parts.hostname or parts.path.strip("/"):
            raise InputError(f"not the address of a Toxiproxy server: {url!r}; expected http://HOST:PORT")
        self.url = f"http://{parts.hostname}:{parts.port or DEFAULT_PORT}"
        own = {"host": parts.hostname, "port": parts.port or DEFAULT_PORT}
        self._consumer: Any = type("OwnConsumer", (APIConsumer,), own)
        self._timeout_s = timeout_s
        self._capabilities: Capabilities | None = None

    def version(self) -> str:
        """As the server reports it."""
        return str(self._call("get", "/version")["version"])

    def capabilities(self) -> Capabilities:
        """Asked once; a real server answers 404, which says it all."""
        if self._capabilities is None:
            answer = self._call("get", "/drill/capabilities", missing_ok=True)
            self._capabilities = _capabilities(answer)
        return self._capabilities

    def populate(self, proxies: Iterable[Proxy]) -> dict[str, Proxy]:
        """Create these proxies, or replace those that differ; returns them as they are now, by name."""
        answer = self._call("post", "/populate", [proxy.as_json() for proxy in proxies])
        return {body["name"]: Proxy.from_json(body) for body in answer["proxies"] or ()}

    def proxies(self) -> dict[str, Proxy]:
        """All proxies, by name."""
        return {name: Proxy.from_json(body) for name, body in self._call("get", "/proxies").items()}

    def enable(self, name: str) -> None:
        """Listen again."""
        self._call("post", _path(name), {"enabled": True})

    def disable(self, name: str) -> None:
        """Refuse connections, and close the open ones."""
        self._call("post", _path(name), {"enabled": False})

    def update(self, name: str, *, listen: Address | None = None, upstream: Address | None = None) -> Proxy:
        """Move a proxy; its connections are closed."""
        changes = {"listen": listen, "upstream": upstream}
        body = {key: join_address(value) for key, value in changes.items() if value is not None}
        return Proxy.from_json(self._call("post", _path(name), body))

    def delete(self, name: str) -> None:
        """Remove a proxy."""
        self._call("delete", _path(name))

    def toxics(self, name: str) -> tuple[Toxic, ...]:
        """What is on a proxy."""
        return tuple(Toxic.from_json(body) for body in self._call("get", _path(name, "toxics")))

    def add_toxic(self, name: str, toxic: Toxic) -> Toxic:
        """Put a toxic on a proxy; returns it as the server understood it."""
        return Toxic.from_json(self._call("post", _path(name, "toxics"), toxic.as_json()))

    def update_toxic(self, name: str, toxic: Toxic) -> Toxic:
        """Give the toxic of this name other attributes and another toxicity."""
        body = toxic.as_json()
        changes = {key: body[key] for key in ("attributes", "toxicity")}
        return Toxic.from_json(self._call("post", _path(name, "toxics", body["name"]), changes))

    def remove_toxic(self, name: str, toxic: str) -> None:
        """Take a toxic off a proxy."""
        self._call("delete", _path(name, "toxics", toxic))

    def reset(self) -> None:
        """Enable every proxy and take every toxic off."""
        self._call("post", "/reset")

    def cut(self, name: str) -> None:
        """Close the connections that a proxy has now: by RST, or as `capabilities().cut` says."""
        if self.capabilities().cut == "rst":
            self._call("post", "/drill/cut", {"proxies": [name]})
        elif self._call("get", _path(name))["enabled"]:
            self.disable(name)
            self.enable(name)

    def apply(self, actions: Sequence[LinkAction]) -> tuple[Applied, ...]:
        """Carry out many actions at once, in order on each link; each tells what became of it, in the given order.

        With a bulk endpoint all happen between two bytes, else several links at a time, the first ones first. What the
        server does not have is done as nearly as it can (see `capabilities`). Raises LinkError only when the bulk
        request as a whole fails.
        """
        if not actions:
            return ()
        if self.capabilities().bulk:
            return self._apply_in_bulk(actions)
        by_link: dict[str, list[int]] = {}
        for number, action in enumerate(actions):
            by_link.setdefault(action.link, []).append(number)
        done: dict[int, Applied] = {}
        with ThreadPoolExecutor(min(_AT_ONCE, len(by_link))) as pool:
            for batch in pool.map(
                lambda numbers: [(n, self._apply_one(actions[n])) for n in numbers], by_link.values()
            ):
                done.update(batch)
        return tuple(done[number] for number in range(len(actions)))

    def _apply_in_bulk(self, actions: Sequence[LinkAction]) -> tuple[Applied, ...]:
        answer = self._call("post", "/drill/apply", {"actions": [_bulk_action(action) for action in actions]})
        return tuple(
            Applied(action, result["start_ns"], result["until_ns"], result.get("error"), result.get("status") == 404)
            for action, result in zip(actions, answer["results"], strict=True)
        )

    def _apply_one(self, action: LinkAction) -> Applied:
        start_ns = monotonic_ns()
        try:
            self._do(action)
        except LinkError as error:
            return Applied(action, start_ns, monotonic_ns(), str(error), isinstance(error, _MissingError))
        return Applied(action, start_ns, monotonic_ns())

    def _do(self, action: LinkAction) -> None:
        match action:
            case EnableLink(link):
                self.enable(link)
            case DisableLink(link):
                self.disable(link)
            case CutLink(link):
                self.cut(link)
            case AddToxic():
                for toxic in _as_real_toxics(action):
                    self.add_toxic(action.link, toxic)
            case RemoveToxic():
                for name in _real_names(action.name, action.type):
                    self.remove_toxic(action.link, name)

    def _call(self, method: str, path: str, body: object = None, *, missing_ok: bool = False) -> Any:
        """The decoded answer; None for an empty one, or for a 404 that is allowed."""
        options: dict[str, Any] = {"timeout": self._timeout_s, "proxies": _NO_PROXIES}
        if body is not None:
            options["json"] = body
        try:
            response = cast(requests.Response, getattr(self._consumer, method)(path, **options))
        except NotFound as error:
            if missing_ok:
                return None
            raise self._error(method, path, _text(error.args[0]), _MissingError) from error
        except (ProxyExists, InvalidToxic) as error:
            raise self._error(method, path, _text(error.args[0])) from error
        except requests.RequestException as error:
            raise self._error(method, path, str(error)) from error
        if response.status_code >= 400:
            raise self._error(method, path, _text(response.content))
        try:
            return response.json() if response.content else None
        except ValueError as error:
            raise self._error(method, path, "the answer is no JSON") from error

    def _error(self, method: str, path: str, text: str, kind: type[LinkError] = LinkError) -> LinkError:
        return kind(f"Toxiproxy at {self.url}: {method.upper()} {path}: {text}")


def _capabilities(answer: Mapping[str, Any] | None) -> Capabilities:
    if answer is None:
        return Capabilities("toxiproxy")
    per_request = "request_failure" in answer["extensions"]
    return Capabilities(
        server=answer["server"],
        black_hole=answer["black_hole"],
        request_failure="per-request" if per_request else "per-connection",
        cut="rst" if answer["cut"] else "fin",
        bulk=bool(answer["apply"]),
    )


def _bulk_action(action: LinkAction) -> dict[str, Any]:
    match action:
        case EnableLink(link):
            return {"do": "enable", "proxy": link}
        case DisableLink(link):
            return {"do": "disable", "proxy": link}
        case CutLink(link):
            return {"do": "cut", "proxy": link}
        case RemoveToxic(link, name, _):
            return {"do": "remove_toxic", "proxy": link, "toxic": name}
        case AddToxic():
            return {"do": "add_toxic", "proxy": action.link, "toxic": _toxic_of(action).as_json()}


def _toxic_of(action: AddToxic) -> Toxic:
    return Toxic(action.type, action.stream, action.attributes, action.toxicity, action.name)


def _as_real_toxics(action: AddToxic) -> tuple[Toxic, ...]:
    """The toxics of a real server that come nearest."""
    if action.type == "black_hole":
        upstream, downstream = _real_names(action.name, action.type)
        return (
            Toxic("timeout", "upstream", {"timeout": 0}, action.toxicity, upstream),
            Toxic("timeout", "downstream", {"timeout": 0}, action.toxicity, downstream),
        )
    if action.type == "request_failure":
        return (Toxic("reset_peer", "upstream", {"timeout": 0}, float(action.attributes["rate"]), action.name),)
    return (_toxic_of(action),)


def _real_names(name: str, kind: str) -> tuple[str, ...]:
    return (f"{name}.upstream", f"{name}.downstream") if kind == "black_hole" else (name,)


def _path(name: str, *more: str) -> str:
    return "/".join(("/proxies", *(quote(part, safe="") for part in (name, *more))))


def _text(content: bytes) -> str:
    """The `error` of Toxiproxy's answer, or whatever else it said."""
    try:
        return str(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return content.decode("utf-8", "replace").strip()
