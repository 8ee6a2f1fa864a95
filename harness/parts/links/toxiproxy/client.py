"""A typed client of a Toxiproxy server: the embedded one, or a real one.

Built on toxiproxy-python's transport (`APIConsumer`), around its traps: host and port are class attributes (so two
clients would share one server), nothing has a time-out, names are not quoted, only some errors are noticed, and there
is no way to change a proxy or a toxic. It also honours HTTP_PROXY, which a loopback server must not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote, urlsplit

import requests
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

from harness.errors import InputError, LinkError
from harness.parts.links.toxiproxy.client_model import Address, Capabilities, Proxy, Toxic, join_address

__all__ = ["Address", "Capabilities", "MissingError", "Proxy", "Toxic", "ToxiproxyClient"]

DEFAULT_PORT = 8474
"""Toxiproxy's own."""
_NO_PROXIES: Mapping[str, None] = {"http": None, "https": None}


class MissingError(LinkError):
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

    def bulk(self, actions: Iterable[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Many changes between two bytes, where `capabilities().bulk`: see `/drill/apply` in docs/TOXIPROXY.md."""
        results: Sequence[Mapping[str, Any]] = self._call("post", "/drill/apply", {"actions": list(actions)})["results"]
        return results

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
            raise self._error(method, path, _text(error.args[0]), MissingError) from error
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


def _path(name: str, *more: str) -> str:
    return "/".join(("/proxies", *(quote(part, safe="") for part in (name, *more))))


def _text(content: bytes) -> str:
    """The `error` of Toxiproxy's answer, or whatever else it said."""
    try:
        return str(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return content.decode("utf-8", "replace").strip()
