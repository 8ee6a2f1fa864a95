"""Themes and their files."""

from __future__ import annotations

import base64
import re
from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked
from harness.parts.commerce.shopify.admin.connections import connection
from harness.parts.commerce.shopify.admin.types.table import Fields, always, at, node, own
from harness.parts.commerce.shopify.records.things import Theme, ThemeFile

_FILENAMES_MAX = 50


def _files(
    theme: Theme, asked: Asked, filenames: list[str] | None = None, first: int = 50, after: str | None = None
) -> dict[str, Any]:  # fmt: skip
    names = (filenames or [])[:_FILENAMES_MAX]
    wanted = [re.compile(".*".join(re.escape(part) for part in name.split("*")), re.DOTALL) for name in names]
    found = sorted(
        name for name in theme.files
        if filenames is None or any(pattern.fullmatch(name) for pattern in wanted)
    )  # fmt: skip
    page = connection(asked, "files", [(name, 0, theme.files[name]) for name in found], first=first, after=after)
    missing = [name for name in names if "*" not in name and name not in theme.files]
    return {**page, "userErrors": [{"code": "NOT_FOUND", "filename": name} for name in missing]}


def _body(file: ThemeFile, _: Asked) -> dict[str, Any]:
    if file.text:
        return {"__typename": "OnlineStoreThemeFileBodyText", "content": file.content.decode("utf-8", "replace")}
    return {
        "__typename": "OnlineStoreThemeFileBodyBase64", "contentBase64": base64.b64encode(file.content).decode(),
    }  # fmt: skip


THEME: Fields = {
    **node("OnlineStoreTheme"),
    "name": own("name"),
    "role": lambda theme, _: theme.role.upper(),
    "prefix": lambda theme, _: f"/t/{theme.id}",
    "processing": always(False),
    "processingFailed": always(False),
    "themeStoreId": always(None),
    "files": _files,
}
WRITTEN: Fields = {
    "filename": own("filename"),
    "checksumMd5": own("checksum_md5"),
    "size": lambda file, _: str(len(file.content)),
    "createdAt": at("created_at_us"),
    "updatedAt": at("updated_at_us"),
}
FILE: Fields = {**WRITTEN, "contentType": own("content_type"), "body": _body}
