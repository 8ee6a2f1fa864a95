"""The calls of the Admin API that a theme needs: which themes there are, their files, and writing those.

https://shopify.dev/docs/api/admin-graphql/latest/objects/OnlineStoreTheme and the mutations themeFilesUpsert and
themeFilesDelete. At most 50 names may be asked for or written at once; a page may have fewer files than were asked for,
so pages are followed to the end.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.archive import json_content
from harness.archive.admin_api import AdminApi
from harness.errors import InputError, WorldError

GID = "gid://shopify/OnlineStoreTheme/"
_PAGE, _NAMES = 250, 50
_JOB_LOOKS, _JOB_LOOK_S = 300, 0.2
_THEMES = """query Themes($after: String) {
  themes(first: 50, after: $after) { nodes { id name role } pageInfo { hasNextPage endCursor } } }"""
_THEME = "query Theme($id: ID!) { theme(id: $id) { id name role } }"
_FILES = """query Files($id: ID!, $first: Int!, $after: String) { theme(id: $id) { files(first: $first, after: $after) {
  nodes { filename checksumMd5 size } pageInfo { hasNextPage endCursor } userErrors { filename code } } } }"""
_BODIES = """query Bodies($id: ID!, $first: Int!, $after: String, $names: [String!]) { theme(id: $id) {
  files(first: $first, after: $after, filenames: $names) { nodes { filename checksumMd5 size body {
    __typename ... on OnlineStoreThemeFileBodyText { content }
    ... on OnlineStoreThemeFileBodyBase64 { contentBase64 } ... on OnlineStoreThemeFileBodyUrl { url } } }
  pageInfo { hasNextPage endCursor } userErrors { filename code } } } }"""
_UPSERT = """mutation Upsert($id: ID!, $files: [OnlineStoreThemeFilesUpsertFileInput!]!) {
  themeFilesUpsert(themeId: $id, files: $files) { job { id done }
    userErrors { filename code message } } }"""
_DELETE = """mutation Delete($id: ID!, $files: [String!]!) {
  themeFilesDelete(themeId: $id, files: $files) { deletedThemeFiles { filename }
    userErrors { filename code message } } }"""
_STAGE = """mutation Stage($files: [StagedUploadInput!]!) { stagedUploadsCreate(input: $files) {
  stagedTargets { url resourceUrl } userErrors { message } } }"""
_ANY = "application/octet-stream"
_JOB = "query Job($id: ID!) { job(id: $id) { done } }"


@dataclass(frozen=True)
class Shown:
    """A theme."""

    id: str
    name: str
    role: str


@dataclass(frozen=True)
class Listed:
    """A file of a theme. md5: None where the shop does not tell it."""

    md5: str | None
    size: int


@contextmanager
def documented(api: AdminApi) -> Iterator[None]:
    """An answer within that cannot be used is told as one. Raises WorldError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise WorldError(f"{api.base}: it answers otherwise than is documented: {error!r}") from error


class ThemeCalls:
    """Of one shop."""

    def __init__(self, api: AdminApi) -> None:
        self._api = api

    def found(self, wanted: str) -> Shown:
        """The theme that is called so. Raises InputError where there is none, or more than one."""
        if wanted.startswith(GID) or wanted.isdigit():
            gid = wanted if wanted.startswith(GID) else f"{GID}{wanted}"
            told = self._api.query(_THEME, id=gid).get("theme")
            if told is None:
                raise InputError(f"{self._api.base}: there is no theme {wanted}; it has {self._known()}")
            return Shown(told["id"], told["name"], told["role"])
        themes = list(self._themes())
        role = wanted.upper()
        found = [one for one in themes if one.name == wanted] or [
            one for one in themes if role == "MAIN" and one.role == role
        ]
        if len(found) != 1:
            why = "no theme" if not found else f"{len(found)} themes, so name one by its id,"
            raise InputError(f"{self._api.base}: {why} called {wanted}; it has {self._known(themes)}")
        return found[0]

    def listed(self, theme: str) -> dict[str, Listed]:
        """Every file of a theme, by name."""
        return {
            str(node["filename"]): Listed(node.get("checksumMd5") or None, int(node["size"]))
            for node in self._nodes(theme, _FILES, first=_PAGE)
        }

    def bodies(self, theme: str, listed: Mapping[str, Listed]) -> Iterator[tuple[str, bytes]]:
        """The content of files. Raises WorldError where the shop does not give one of them."""
        names = list(listed)
        for start in range(0, len(names), _NAMES):
            asked = names[start : start + _NAMES]
            got = {}
            for node in self._nodes(theme, _BODIES, first=_NAMES, names=asked):
                if node["filename"] in listed:  # a `*` in a name asks for others, too
                    got[node["filename"]] = self._body(node)
            for name in asked:
                if name not in got:
                    raise WorldError(f"{self._api.base}: {name} is listed in the theme, and its content is not given")
                yield name, got[name]

    def upsert(self, theme: str, files: Mapping[str, bytes]) -> None:
        """Write at most 50 files, and wait until they are written. Raises InputError where one is refused."""
        self._upsert(theme, [{"filename": name, "body": _input(content)} for name, content in files.items()])

    def upload(self, theme: str, name: str, content: bytes) -> None:
        """Write a file that is too large for a call: it is put somewhere first, and the call says where."""
        asked = {"filename": name.rpartition("/")[2], "mimeType": _ANY, "resource": "FILE", "httpMethod": "PUT"}
        told = self._api.query(_STAGE, files=[asked])["stagedUploadsCreate"]
        self._refuse([{**one, "filename": name} for one in told["userErrors"]])
        (target,) = told["stagedTargets"]
        self._api.upload(target["url"], content, _ANY)
        self._upsert(theme, [{"filename": name, "body": {"type": "URL", "value": target["resourceUrl"]}}])

    def _upsert(self, theme: str, given: Sequence[Mapping[str, Any]]) -> None:
        told = self._api.query(_UPSERT, id=theme, files=given)["themeFilesUpsert"]
        self._refuse(told["userErrors"])
        job = told.get("job")
        for _ in range(_JOB_LOOKS):
            if job is None or job.get("done"):
                break
            time.sleep(_JOB_LOOK_S)
            job = {**job, **(self._api.query(_JOB, id=job["id"]).get("job") or {"done": True})}
        else:
            raise WorldError(f"{self._api.base}: files of the theme were taken, and are not written yet")

    def delete(self, theme: str, names: Sequence[str]) -> None:
        """Take files away; those that are gone already count as taken away."""
        told = self._api.query(_DELETE, id=theme, files=list(names))["themeFilesDelete"]
        self._refuse([one for one in told["userErrors"] if one.get("code") != "NOT_FOUND"])

    def _refuse(self, errors: Sequence[Mapping[str, Any]]) -> None:
        if errors:
            raise InputError(
                *(
                    f"{self._api.base}: {one.get('filename')}: {one.get('message')} ({one.get('code') or 'refused'})"
                    for one in errors
                )
            )

    def _nodes(self, theme: str, query: str, **variables: Any) -> Iterator[dict[str, Any]]:
        after = None
        while True:
            told = self._api.query(query, id=theme, after=after, **variables).get("theme")
            if told is None:
                raise InputError(f"{self._api.base}: the theme {theme} is not there any more")
            files = told["files"]
            for error in files.get("userErrors") or ():
                raise WorldError(f"{self._api.base}: {error['filename']} is not given: {error['code']}")
            yield from files["nodes"]
            after = self._next(files["pageInfo"], after)
            if after is None:
                return

    def _body(self, node: Mapping[str, Any]) -> bytes:
        body = node["body"]
        content: bytes
        if "content" in body:
            content = body["content"].encode("utf-8", "surrogatepass")
        elif "contentBase64" in body:
            content = base64.b64decode(body["contentBase64"])
        else:
            content = self._api.download(body["url"])
        name, md5 = node["filename"], node.get("checksumMd5")
        if md5 and not json_content.is_json(name):
            found = hashlib.md5(content, usedforsecurity=False).hexdigest()
            if found != md5:
                raise WorldError(f"{self._api.base}: {name} came with another checksum than it is listed with")
        return content

    def _themes(self) -> Iterator[Shown]:
        after = None
        while True:
            told = self._api.query(_THEMES, after=after)["themes"]
            yield from (Shown(node["id"], node["name"], node["role"]) for node in told["nodes"])
            after = self._next(told["pageInfo"], after)
            if after is None:
                return

    def _next(self, page: Mapping[str, Any], after: str | None) -> str | None:
        """Where the next page begins, None where there is none. A shop that gives the same one again never ends."""
        if not page["hasNextPage"]:
            return None
        if page["endCursor"] in (None, after):
            raise WorldError(f"{self._api.base}: it gives the same page again and again")
        return str(page["endCursor"])

    def _known(self, themes: Sequence[Shown] | None = None) -> str:
        found = list(self._themes()) if themes is None else themes
        return ", ".join(f"{one.name} ({one.id.removeprefix(GID)}, {one.role.lower()})" for one in found) or "none"


def _input(content: bytes) -> dict[str, str]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return {"type": "BASE64", "value": base64.b64encode(content).decode("ascii")}
    if "\0" in text or text.startswith("\ufeff"):
        return {"type": "BASE64", "value": base64.b64encode(content).decode("ascii")}
    return {"type": "TEXT", "value": text}
