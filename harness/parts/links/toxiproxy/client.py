"""A typed client of a Toxiproxy server: the embedded one, or a real one.

Built on toxiproxy-python's transport (`APIConsumer`), around its traps: host and port are class attributes (so two
clients would share one server), nothing has a time-out, names are not quoted, only some errors are noticed, and there
is no way to change a proxy or a toxic. It also honours HTTP_PROXY, which a loopback server must not.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlsplit

import requests
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

from harness.errors import InputError, LinkError
from harness.kit.address import Address, join_address
from harness.parts.links.toxiproxy.client_model import Capabilities, Proxy, Toxic

__all__ = ["Address", "Capabilities", "MissingError", "Proxy", "Toxic", "ToxiproxyClient"]

DEFAULT_PORT = 8474
"""Toxiproxy's own."""
_NO_PROXIES: Mapping[str, None] = {"http": None, "https": None}

Told = TypeVar("Told")


class MissingError(LinkError):
    """There is no such proxy or toxic."""


class ToxiproxyClient:
    """See the module's text. Every method raises LinkError when the server is not there, silent, or refuses.

    With a prefix it is a view of those proxies whose names have it: names are given and told without it, and no other
    proxy is seen or touched.
    """

    def __init__(self, url: str, timeout_s: float = 5.0, prefix: str = "") -> None:
        """url: e.g. http://127.0.0.1:8474. timeout_s: of every single request. Raises InputError for a wrong url.

        prefix: of the names on the server, for one that is not ours alone (see harness.parts.links.toxiproxy.prefix).
        """
        host, port = _server(url)
        self.url = f"http://{host}:{port}"
        self._consumer: Any = type("OwnConsumer", (APIConsumer,), {"host": host, "port": port})
        self.prefix = prefix
        self._made: set[str] = set()
        self._timeout_s = timeout_s
        self._capabilities: Capabilities | None = None

    def version(self) -> str:
        """As the server reports it."""
        return self._told("get", "/version", lambda answer: str(answer["version"]))

    def capabilities(self) -> Capabilities:
        """Asked once; a real server answers 404, which says it all."""
        if self._capabilities is None:
            self._capabilities = self._told("get", "/drill/capabilities", _capabilities, missing_ok=True)
        return self._capabilities

    def populate(self, proxies: Iterable[Proxy]) -> dict[str, Proxy]:
        """Create these proxies, or replace those of our own that differ; returns them as they are now, by name.

        Raises LinkError when one exists that we did not make, before any is touched; or when one cannot be made, after
        deleting those that were made before it.
        """
        wanted = {proxy.name: proxy for proxy in proxies}
        there = self.proxies()
        if others := sorted(name for name in there if name in wanted and name not in self._made):
            whose = "exists already, and was made by somebody else: delete it, or use another server"
            raise LinkError(f"Toxiproxy at {self.url}: {', '.join(map(self._full, others))} {whose}")
        try:
            bodies = [self._body(proxy) for proxy in wanted.values()]
            made = self._told("post", "/populate", lambda answer: self._by_name(answer["proxies"] or ()), bodies)
        except BaseException as error:
            left = self._take_away(wanted.keys() - there.keys())
            if left and isinstance(error, LinkError):
                raise LinkError(f"{error}; what was made before it may be left there: {left}") from error
            raise
        self._made |= wanted.keys()
        return made

    def proxies(self) -> dict[str, Proxy]:
        """All proxies, or those with our prefix, by name."""
        return self._told("get", "/proxies", lambda answer: self._by_name(answer.values()))

    def enable(self, name: str) -> None:
        """Listen again."""
        self._call("post", self._path(name), {"enabled": True})

    def disable(self, name: str) -> None:
        """Refuse connections, and close the open ones."""
        self._call("post", self._path(name), {"enabled": False})

    def update(self, name: str, *, listen: Address | None = None, upstream: Address | None = None) -> Proxy:
        """Move a proxy; its connections are closed."""
        changes = {"listen": listen, "upstream": upstream}
        body = {key: join_address(value) for key, value in changes.items() if value is not None}
        changed = self._told("post", self._path(name), Proxy.from_json, body)
        return replace(changed, name=changed.name.removeprefix(self.prefix))

    def delete(self, name: str) -> None:
        """Remove a proxy."""
        self._call("delete", self._path(name))
        self._made.discard(name)

    def toxics(self, name: str) -> tuple[Toxic, ...]:
        """What is on a proxy."""
        return self._told("get", self._path(name, "toxics"), lambda answer: tuple(map(Toxic.from_json, answer)))

    def add_toxic(self, name: str, toxic: Toxic) -> Toxic:
        """Put a toxic on a proxy; returns it as the server understood it."""
        return self._told("post", self._path(name, "toxics"), Toxic.from_json, toxic.as_json())

    def update_toxic(self, name: str, toxic: Toxic) -> Toxic:
        """Give the toxic of this name other attributes and another toxicity."""
        body = toxic.as_json()
        changes = {key: body[key] for key in ("attributes", "toxicity")}
        return self._told("post", self._path(name, "toxics", body["name"]), Toxic.from_json, changes)

    def remove_toxic(self, name: str, toxic: str) -> None:
        """Take a toxic off a proxy."""
        self._call("delete", self._path(name, "toxics", toxic))

    def reset(self) -> None:
        """Enable every proxy and take every toxic off; of our own alone where names have a prefix. Tries everything."""
        if not self.prefix:
            self._call("post", "/reset")
            return
        errors: list[str] = []
        for name in self.proxies():
            for mend in (self._remove_toxics, self.enable):  # enabling means listening anew, which can fail
                try:
                    mend(name)
                except LinkError as error:
                    errors.append(str(error))
        if errors:
            raise LinkError("; ".join(errors))

    def _remove_toxics(self, name: str) -> None:
        errors = []
        for toxic in self.toxics(name):
            try:
                self.remove_toxic(name, toxic.name)
            except MissingError:  # somebody was faster
                continue
            except LinkError as error:
                errors.append(str(error))
        if errors:
            raise LinkError("; ".join(errors))

    def cut(self, name: str) -> None:
        """Close the connections that a proxy has now: by RST, or as `capabilities().cut` says."""
        if self.capabilities().cut == "rst":
            self._call("post", "/drill/cut", {"proxies": [self._full(name)]})
        elif self._told("get", self._path(name), lambda answer: answer["enabled"]):
            self.disable(name)
            self.enable(name)

    def bulk(self, actions: Iterable[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Many changes between two bytes, where `capabilities().bulk`: see `/drill/apply` in docs/TOXIPROXY.md."""
        named = [{**action, "proxy": self._full(action["proxy"])} for action in actions]
        return self._told("post", "/drill/apply", lambda answer: list(answer["results"]), {"actions": named})

    def _full(self, name: str) -> str:
        """The name on the server."""
        return self.prefix + name

    def _path(self, name: str, *more: str) -> str:
        return "/".join(("/proxies", *(quote(part, safe="") for part in (self._full(name), *more))))

    def _body(self, proxy: Proxy) -> dict[str, Any]:
        return replace(proxy, name=self._full(proxy.name)).as_json()

    def _by_name(self, bodies: Iterable[Mapping[str, Any]]) -> dict[str, Proxy]:
        return {proxy.name: proxy for body in bodies if (proxy := self._ours(body)) is not None}

    def _ours(self, body: Mapping[str, Any]) -> Proxy | None:
        """A proxy of the server under the name that it has for us; None when it is somebody else's."""
        if not body["name"].startswith(self.prefix):
            return None
        return Proxy.from_json({**body, "name": body["name"].removeprefix(self.prefix)})

    def _take_away(self, names: Collection[str]) -> str:
        """Delete those of them that are there; why that failed, if it did."""
        errors = []
        try:
            for name in self.proxies().keys() & names:
                try:
                    self.delete(name)
                except MissingError:
                    continue
                except LinkError as error:
                    errors.append(str(error))
        except LinkError as error:
            errors.append(str(error))
        return "; ".join(errors)

    def _told(
        self, method: str, path: str, read: Callable[[Any], Told], body: object = None, *, missing_ok: bool = False
    ) -> Told:
        """What `read` makes of the answer."""
        answer = self._call(method, path, body, missing_ok=missing_ok)
        try:
            return read(answer)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            text = f"that is no answer of a Toxiproxy: {json.dumps(answer)[:200]}"
            raise self._error(method, path, text) from error

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


def nobody_listens(url: str) -> bool:
    """Whether a server's machine refuses to connect: then no proxy of anybody's is there. Raises InputError."""
    host, port = _server(url)
    try:
        with socket.create_connection((host.strip("[]"), port), timeout=2.0):
            return False
    except ConnectionRefusedError:
        return True
    except OSError:
        return False


def _server(url: str) -> tuple[str, int]:
    """Host (in brackets for IPv6) and port."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        host, port = parts.hostname, DEFAULT_PORT if parts.port is None else parts.port
    except ValueError:  # a port out of range, or brackets with no address in them
        host, port = None, 0
    if not host or not port or parts.scheme not in ("", "http") or parts.path.strip("/"):
        raise InputError(f"not the address of a Toxiproxy server: {url!r}; expected http://HOST:PORT")
    return f"[{host}]" if ":" in host else host, port


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


def _text(content: bytes) -> str:
    """The `error` of Toxiproxy's answer, or whatever else it said."""
    try:
        return str(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return content.decode("utf-8", "replace").strip()
