"""What Shopify does to a theme's file when it is written: JSON is written anew, in Shopify's own form.

Slashes are escaped in all JSON but that of assets, spaces are Shopify's, and the checksum is not that of the text that
is read but of one without spaces (the comments in packages/theme/src/cli/utilities/asset-checksum.ts of Shopify/cli say
how). So whoever compares must compare what the JSON says.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re

from harness.parts.commerce.shopify.records.things import ThemeFile
from harness.parts.commerce.shopify.records.values import Refused
from harness.storable_text import json_text

FOLDERS = frozenset(("assets", "blocks", "config", "layout", "locales", "sections", "snippets", "templates"))
_NESTED = frozenset(("templates",))
_COMMENT = re.compile(rb"^\s*/\*.*?\*/", re.DOTALL)
_BYTES_MAX = {"assets": 20 * 1024 * 1024}
_TEXT_BYTES_MAX = 1_500_000
_TYPES = {
    ".liquid": "application/x-liquid", ".json": "application/json", ".css": "text/css", ".js": "application/javascript",
    ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".webp": "image/webp", ".woff2": "font/woff2", ".woff": "font/woff", ".txt": "text/plain", ".html": "text/html",
    ".ico": "image/x-icon", ".mp4": "video/mp4", ".scss": "text/x-scss",
}  # fmt: skip
_TEXTS = frozenset((".liquid", ".json", ".css", ".js", ".svg", ".txt", ".html", ".scss"))


def check_filename(filename: str, field: tuple[str, ...] = ("files", "filename")) -> None:
    """Refused where a theme cannot have a file of that name."""
    folder, _, rest = filename.partition("/")
    odd = not rest or any(part in ("", ".", "..") for part in rest.split("/")) or "\\" in filename or "\0" in filename
    if odd or folder not in FOLDERS or ("/" in rest and folder not in _NESTED):
        raise Refused("Filename is invalid", field, "FILE_VALIDATION_ERROR")


def made(filename: str, content: bytes, at_us: int, before: ThemeFile | None) -> ThemeFile:
    """The file as it is kept. Refused where its name or its content cannot be."""
    check_filename(filename)
    extension = posixpath.splitext(filename)[1].lower()
    if len(content) > _BYTES_MAX.get(filename.partition("/")[0], _TEXT_BYTES_MAX):
        raise Refused("File size is too large", ("files", "body"), "FILE_VALIDATION_ERROR")
    text = extension in _TEXTS or _is_text(content)
    plain = content.replace(b"\r\n", b"\n") if text else content
    kept, summed = _rewritten(filename, plain) if extension == ".json" else (plain, plain)
    return ThemeFile(
        filename=filename, content=kept, checksum_md5=hashlib.md5(summed, usedforsecurity=False).hexdigest(),
        content_type=_TYPES.get(extension, "application/octet-stream"), text=text,
        created_at_us=before.created_at_us if before else at_us, updated_at_us=at_us,
    )  # fmt: skip


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def _rewritten(filename: str, content: bytes) -> tuple[bytes, bytes]:
    """The text as it is kept, and the one of which the checksum is."""
    head = _COMMENT.match(content)
    try:
        parsed = json.loads(content[head.end() if head else 0 :])
    except (ValueError, RecursionError) as error:
        raise Refused(f"Invalid JSON: {error}", ("files", "body"), "FILE_VALIDATION_ERROR") from None
    if filename.startswith("assets/"):
        return content, content
    comment = head.group().strip() + b"\n" if head else b""
    shown, tight = json_text(parsed, indent=2), json.dumps(parsed, separators=(",", ":"))
    return comment + shown.replace("/", "\\/").encode() + b"\n", tight.replace("/", "\\/").encode()
