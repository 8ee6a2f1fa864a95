"""A request of a workload with everything filled in, each value written as the place where it stands wants it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape as xml_escape

from harness.asking import Asked
from harness.wire import placeholders

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Without a length some servers refuse them (411), though there is nothing to send."""
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What goes over the wire. host: the Host header where the workload has one of its own."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
    host: str | None


def rendered(request: Asked, fields: Mapping[str, str], environ: Mapping[str, str]) -> Rendered:
    """The request with `fields` (id, value, amount, op). Raises KeyError for a variable that is not set."""
    path = placeholders.fill(request.path, fields, environ, _in_url)
    if request.query:
        pairs = (
            f"{quote(name, safe='')}={quote(placeholders.fill(text, fields, environ), safe='')}"
            for name, text in request.query.items()
        )
        path += ("&" if "?" in path else "?") + "&".join(pairs)
    headers = {name: _header(placeholders.fill(text, fields, environ)) for name, text in request.headers.items()}
    named = {name.lower(): name for name in headers}
    host = headers.pop(named["host"]) if "host" in named else None
    body = _body(request, fields, environ)
    defaults = {"Accept": "*/*"} | ({} if request.body is None else {"Content-Type": request.sent_type})
    for name, text in defaults.items():
        if name.lower() not in named:
            headers[name] = text
    return Rendered(request.method, path, headers, body, host)


def _body(request: Asked, fields: Mapping[str, str], environ: Mapping[str, str]) -> bytes | None:
    body, kind = request.body, _kind(_type_of(request))
    if body is None:
        return b"" if request.method in _WITH_BODY else None
    if isinstance(body, str):
        return placeholders.fill(body, fields, environ, _ESCAPES.get(kind, str)).encode()
    filled = _filled(body, fields, environ)
    if kind == "form" and isinstance(filled, Mapping):
        return "&".join(f"{quote_plus(str(k))}={quote_plus(_plain(v))}" for k, v in filled.items()).encode()
    return json.dumps(filled).encode()


def _type_of(request: Asked) -> str:
    own = (text for name, text in request.headers.items() if name.lower() == "content-type")
    return next(own, request.sent_type)


def _filled(value: Any, fields: Mapping[str, str], environ: Mapping[str, str]) -> Any:
    """A body that is a mapping: texts are filled in; `{amount}` alone is a number."""
    if isinstance(value, Mapping):
        return {placeholders.fill(str(k), fields, environ): _filled(v, fields, environ) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(one, fields, environ) for one in value]
    if value == "{amount}" and fields.get("amount", "").lstrip("-").isdigit():
        return int(fields["amount"])
    return placeholders.fill(value, fields, environ) if isinstance(value, str) else value


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _kind(content_type: str) -> str:
    word = content_type.partition(";")[0].strip().lower()
    if word == FORM:
        return "form"
    if word.endswith(("/json", "+json")) or "json" in word:
        return "json"
    return "xml" if word.endswith(("/xml", "+xml", "/html")) else "text"


def _in_url(text: str) -> str:
    return quote(text, safe="")


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _in_xml(text: str) -> str:
    return xml_escape(text, {'"': "&quot;", "'": "&apos;"})


def _header(text: str) -> str:
    """What a server's own id may have and a header cannot carry is percent-encoded."""
    return "".join(c if " " <= c <= "\xff" and c != "\x7f" else quote(c, safe="") for c in text)


_ESCAPES: Mapping[str, Callable[[str], str]] = {"form": quote_plus, "json": _in_json, "xml": _in_xml}
