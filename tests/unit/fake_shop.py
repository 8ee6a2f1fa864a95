"""A shop of the tests that knows themes alone, as the Admin API answers for them; a transport, not a server."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.archive.admin_api import AdminApi

GID = "gid://shopify/OnlineStoreTheme/"
TOKEN = "shpat_0123456789abcdef0123456789abcdef"


@dataclass
class FakeTheme:
    name: str
    role: str
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class FakeShop:
    """reformats: JSON is written anew when it is saved, as Shopify does; page: nodes of a page, at most."""

    themes: dict[str, FakeTheme] = field(default_factory=dict)
    reformats: bool = False
    page: int = 250
    calls: list[str] = field(default_factory=list)
    fails: list[tuple[int, bytes]] = field(default_factory=list)
    before_answer: Callable[[str], None] = lambda name: None

    def api(self, token: str = TOKEN) -> AdminApi:
        return AdminApi("http://127.0.0.1", "2026-10", lambda transport: token, self, wait=lambda seconds: None)

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        if self.fails:
            status, content = self.fails.pop(0)
            return status, {}, content
        if headers["X-Shopify-Access-Token"] != TOKEN:
            return 401, {}, b'{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}'
        asked = json.loads(body or b"")
        name = asked["query"].split()[1].partition("(")[0]
        self.calls.append(name)
        self.before_answer(name)
        data = getattr(self, f"_{name.lower()}")(**asked["variables"])
        return 200, {}, json.dumps({"data": data}).encode()

    def _themes(self, after: str | None) -> Any:
        nodes = [{"id": GID + key, "name": theme.name, "role": theme.role} for key, theme in self.themes.items()]
        return {"themes": {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}}

    def _theme(self, id: str) -> Any:
        theme = self.themes.get(id.removeprefix(GID))
        return {"theme": theme and {"id": id, "name": theme.name, "role": theme.role}}

    def _files(self, id: str, first: int, after: str | None) -> Any:
        return self._connection(id, first, after, None)

    def _bodies(self, id: str, first: int, after: str | None, names: list[str]) -> Any:
        assert len(names) <= 50
        return self._connection(id, first, after, names)

    def _connection(self, id: str, first: int, after: str | None, names: list[str] | None) -> Any:
        theme = self.themes.get(id.removeprefix(GID))
        if theme is None:
            return {"theme": None}
        files = sorted(name for name in theme.files if names is None or name in names)
        start = 0 if after is None else int(after)
        some = files[start : start + min(first, self.page)]
        info = {"hasNextPage": start + len(some) < len(files), "endCursor": str(start + len(some))}
        nodes = [_node(name, theme.files[name], names is not None) for name in some]
        return {"theme": {"files": {"nodes": nodes, "pageInfo": info, "userErrors": []}}}

    def _upsert(self, id: str, files: list[Any]) -> Any:
        assert len(files) <= 50
        theme = self.themes[id.removeprefix(GID)]
        for one in files:
            value = one["body"]["value"]
            content = base64.b64decode(value) if one["body"]["type"] == "BASE64" else value.encode()
            theme.files[one["filename"]] = saved(one["filename"], content) if self.reformats else content
        told = [{"filename": one["filename"]} for one in files]
        return {"themeFilesUpsert": {"upsertedThemeFiles": told, "job": None, "userErrors": []}}

    def _delete(self, id: str, files: list[str]) -> Any:
        for name in files:
            self.themes[id.removeprefix(GID)].files.pop(name)
        told = [{"filename": name} for name in files]
        return {"themeFilesDelete": {"deletedThemeFiles": told, "userErrors": []}}


def _node(name: str, content: bytes, with_body: bool) -> dict[str, Any]:
    node = {"filename": name, "size": str(len(content)), "checksumMd5": hashlib.md5(content).hexdigest()}
    if not with_body:
        return node
    try:
        return node | {"body": {"__typename": "OnlineStoreThemeFileBodyText", "content": content.decode()}}
    except UnicodeDecodeError:
        text = base64.b64encode(content).decode()
        return node | {"body": {"__typename": "OnlineStoreThemeFileBodyBase64", "contentBase64": text}}


def saved(name: str, content: bytes) -> bytes:
    """A JSON file as Shopify writes it: with a comment, other spaces and escaped slashes."""
    if not name.endswith(".json"):
        return content
    text = json.dumps(json.loads(content), indent=2, ensure_ascii=False).replace("/", "\\/")
    return b"/* auto-generated: do not edit */\n" + text.encode()
