"""Themes and their files."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked, number
from harness.parts.commerce.shopify.admin.mutations.app import job
from harness.parts.commerce.shopify.admin.mutations.payloads import Made, done, mutation, user_error
from harness.parts.commerce.shopify.admin.types.table import Fields
from harness.parts.commerce.shopify.records.themes import Written
from harness.parts.commerce.shopify.records.values import Refused

FILES_MAX = 50
_ZIP_BYTES_MAX = 50 * 1024 * 1024


def _new_theme(
    asked: Asked, source: str, name: str | None = None, role: str = "UNPUBLISHED"
) -> Made:  # fmt: skip
    if role not in ("UNPUBLISHED", "DEVELOPMENT"):
        raise Refused(
            "Invalid theme role for theme creation", ("role",), "INVALID_THEME_ROLE_FOR_THEME_CREATION"
        )  # fmt: skip
    files = _unzipped(asked.staging.at(str(source)))
    changes = asked.shop.themes.create(name or "Theme", role.lower(), files)
    return {"theme": asked.shop.registers.themes.require(done(asked, changes))}


def _unzipped(archive: bytes | None) -> dict[str, bytes]:
    if archive is None:
        raise Refused("The zip file could not be read from its source", ("source",), "INVALID_ZIP")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = [one for one in opened.infolist() if not one.is_dir()]
            if sum(one.file_size for one in entries) > _ZIP_BYTES_MAX:
                raise Refused("The zip file is too large", ("source",), "ZIP_TOO_LARGE")
            files = {one.filename: opened.read(one) for one in entries}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, EOFError):
        raise Refused("The zip file is invalid", ("source",), "INVALID_ZIP") from None
    if not files:
        raise Refused("The zip file is empty", ("source",), "ZIP_IS_EMPTY")
    return files


def _delete_theme(asked: Asked, id: str) -> Made:
    done(asked, asked.shop.themes.delete(number("OnlineStoreTheme", id)))
    return {"deletedThemeId": id}


def _publish(asked: Asked, id: str) -> Made:
    changes = asked.shop.themes.publish(number("OnlineStoreTheme", id))
    return {"theme": asked.shop.registers.themes.require(done(asked, changes))}


def _rename(asked: Asked, id: str, input: dict[str, Any]) -> Made:
    theme = asked.shop.registers.themes.require(number("OnlineStoreTheme", id))
    if input.get("name"):
        done(asked, asked.shop.themes.rename(theme.id, input["name"]))
    return {"theme": theme}


def _duplicate(asked: Asked, id: str, name: str | None = None) -> Made:
    before = asked.shop.registers.themes.require(number("OnlineStoreTheme", id))
    files = {one.filename: one.content for one in before.files.values()}
    changes = asked.shop.themes.create(name or f"Copy of {before.name}", "unpublished", files)
    return {"newTheme": asked.shop.registers.themes.require(done(asked, changes))}


def _few(files: list[Any]) -> None:
    if len(files) > FILES_MAX:
        raise Refused(f"There should be at most {FILES_MAX} files.", ("files",), "LESS_THAN_OR_EQUAL_TO")


def _once(names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refused(f"{twice} is in the input twice", ("files",), "DUPLICATE_FILE_INPUT")


def _upsert(asked: Asked, themeId: str, files: list[dict[str, Any]]) -> Made:
    _few(files)
    _once([one["filename"] for one in files])
    contents: dict[str, bytes] = {}
    refused: dict[str, Refused] = {}
    for one in files:
        try:
            contents[one["filename"]] = _content(asked, one["body"])
        except Refused as refusal:
            refused[one["filename"]] = refusal
    written = asked.shop.themes.write(number("OnlineStoreTheme", themeId), contents)
    written.refused.update(refused)
    return {**_told(asked, written, "upsertedThemeFiles"), "job": job(asked)}


def _content(asked: Asked, body: dict[str, Any]) -> bytes:
    value: str = body["value"]
    if body["type"] == "TEXT":
        return value.encode("utf-8", "surrogatepass")
    if body["type"] == "BASE64":
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise Refused("Body is no base64", ("files", "body"), "FILE_VALIDATION_ERROR") from None
    found = asked.staging.at(value)
    if found is None:
        raise Refused("The file could not be read from its URL", ("files", "body"), "ERROR")
    return found


def _copy(asked: Asked, themeId: str, files: list[dict[str, Any]]) -> Made:
    _few(files)
    pairs = [(one["srcFilename"], one["dstFilename"]) for one in files]
    written = asked.shop.themes.copy(number("OnlineStoreTheme", themeId), pairs)
    return _told(asked, written, "copiedThemeFiles")


def _erase(asked: Asked, themeId: str, files: list[str]) -> Made:
    _few(files)
    return _told(asked, asked.shop.themes.erase(number("OnlineStoreTheme", themeId), files), "deletedThemeFiles")


def _told(asked: Asked, written: Written, name: str) -> Made:
    asked.changes.extend(written.changes)
    errors = [user_error(refusal, filename=filename) for filename, refusal in written.refused.items()]
    return {name: written.files, "userErrors": errors}


MUTATIONS: Fields = dict((
    mutation("write_themes", "themeCreate", _new_theme),
    mutation("write_themes", "themeDelete", _delete_theme),
    mutation("write_themes", "themePublish", _publish),
    mutation("write_themes", "themeUpdate", _rename),
    mutation("write_themes", "themeDuplicate", _duplicate),
    mutation("write_themes", "themeFilesUpsert", _upsert),
    mutation("write_themes", "themeFilesCopy", _copy),
    mutation("write_themes", "themeFilesDelete", _erase),
))  # fmt: skip
PAYLOADS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("ThemeCreatePayload", "ThemePublishPayload", "ThemeUpdatePayload"), ("theme", "userErrors")),
    "ThemeDeletePayload": ("deletedThemeId", "userErrors"),
    "ThemeDuplicatePayload": ("newTheme", "userErrors"),
    "ThemeFilesUpsertPayload": ("upsertedThemeFiles", "job", "userErrors"),
    "ThemeFilesCopyPayload": ("copiedThemeFiles", "userErrors"),
    "ThemeFilesDeletePayload": ("deletedThemeFiles", "userErrors"),
}
