"""Themes and their files: what is written is not always what is read."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from shopify_rig import HOST, Rig

UPSERT = """mutation ($id: ID!, $files: [OnlineStoreThemeFilesUpsertFileInput!]!) {
  themeFilesUpsert(themeId: $id, files: $files) {
    upsertedThemeFiles { filename checksumMd5 size } job { done } userErrors { filename code message } } }"""
FILES = """query ($id: ID!, $names: [String!], $first: Int = 50, $after: String) {
  theme(id: $id) { role files(filenames: $names, first: $first, after: $after) {
    nodes { filename checksumMd5 size contentType body {
      ... on OnlineStoreThemeFileBodyText { content } ... on OnlineStoreThemeFileBodyBase64 { contentBase64 } } }
    pageInfo { hasNextPage endCursor } userErrors { filename code } } } }"""


def text(filename: str, value: str) -> dict[str, Any]:
    return {"filename": filename, "body": {"type": "TEXT", "value": value}}


def main(rig: Rig) -> str:
    return f"gid://shopify/OnlineStoreTheme/{rig.shop.themes.main().id}"


def files(rig: Rig, *names: str) -> list[Any]:
    found: list[Any] = rig.data(FILES, id=main(rig), names=list(names) or None)["theme"]["files"]["nodes"]
    return found


def test_json_is_written_in_shopifys_own_form_and_says_the_same() -> None:
    rig = Rig()
    given = '/* made by hand */\n{"sections":{"a":{"type":"x/y","größe":"ü"}},"order":["a"]}'
    done = rig.data(UPSERT, id=main(rig), files=[text("templates/index.json", given)])["themeFilesUpsert"]
    (file,) = files(rig, "templates/index.json")
    content = file["body"]["content"]
    assert content.startswith("/* made by hand */\n{\n")
    assert r"x\/y" in content
    assert json.loads(content.partition("*/")[2]) == json.loads(given.partition("*/")[2])
    md5 = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
    assert file["checksumMd5"] == done["upsertedThemeFiles"][0]["checksumMd5"] != md5
    assert file["size"] == str(len(content.encode()))
    rig.data(UPSERT, id=main(rig), files=[text("templates/index.json", content)])
    (again,) = files(rig, "templates/index.json")
    assert again == file


def test_text_and_bytes_come_back_as_what_they_are() -> None:
    rig = Rig()
    image = bytes(range(256))
    rig.data(
        UPSERT, id=main(rig),
        files=[
            {"filename": "assets/logo ü.png", "body": {"type": "BASE64", "value": base64.b64encode(image).decode()}},
            text("layout/theme.liquid", "<html>\r\n{{ content }}"), text("assets/a.json", '{"a" : "b/c"}'),
        ],
    )  # fmt: skip
    found = {file["filename"]: file for file in files(rig)}
    logo = found["assets/logo ü.png"]
    assert base64.b64decode(logo["body"]["contentBase64"]) == image
    assert (logo["contentType"], logo["checksumMd5"]) == (
        "image/png", hashlib.md5(image, usedforsecurity=False).hexdigest(),
    )  # fmt: skip
    assert found["layout/theme.liquid"]["body"]["content"] == "<html>\n{{ content }}"
    assert found["assets/a.json"]["body"]["content"] == '{"a" : "b/c"}'


def test_one_file_that_is_refused_does_not_hold_the_others_up() -> None:
    rig = Rig()
    done = rig.data(
        UPSERT, id=main(rig),
        files=[
            text("snippets/a.liquid", "a"), text("nowhere/b.liquid", "b"), text("templates/c.json", "{"),
            text("snippets/../d.liquid", "d"), text("assets/x/e.css", "e"), text("templates/customers/f.json", "{}"),
            {"filename": "assets/g.png", "body": {"type": "BASE64", "value": "?"}},
            {"filename": "assets/h.png", "body": {"type": "URL", "value": "https://example.com/h.png"}},
        ],
    )["themeFilesUpsert"]  # fmt: skip
    assert [file["filename"] for file in done["upsertedThemeFiles"]] == [
        "snippets/a.liquid",
        "templates/customers/f.json",
    ]
    assert {error["filename"]: error["code"] for error in done["userErrors"]} == {
        "nowhere/b.liquid": "FILE_VALIDATION_ERROR", "templates/c.json": "FILE_VALIDATION_ERROR",
        "snippets/../d.liquid": "FILE_VALIDATION_ERROR", "assets/x/e.css": "FILE_VALIDATION_ERROR",
        "assets/g.png": "FILE_VALIDATION_ERROR", "assets/h.png": "ERROR",
    }  # fmt: skip
    assert [change.topic for change in rig.told] == ["themes/update"]


def test_at_most_50_files_and_none_twice() -> None:
    rig = Rig()
    many = [text(f"snippets/s{n}.liquid", "x") for n in range(51)]
    refused = rig.data(UPSERT, id=main(rig), files=many)["themeFilesUpsert"]["userErrors"][0]
    assert refused["code"] == "LESS_THAN_OR_EQUAL_TO"
    twice = rig.data(UPSERT, id=main(rig), files=many[:1] * 2)["themeFilesUpsert"]["userErrors"][0]
    assert twice["code"] == "DUPLICATE_FILE_INPUT"
    gone = rig.data(UPSERT, id="gid://shopify/OnlineStoreTheme/1", files=many[:1])["themeFilesUpsert"]["userErrors"][0]
    assert gone["code"] == "NOT_FOUND"
    assert files(rig) == []


def test_files_are_listed_by_page_and_by_name() -> None:
    rig = Rig()
    rig.data(UPSERT, id=main(rig), files=[text(f"snippets/s{n:02}.liquid", "x") for n in range(30)])
    rig.data(UPSERT, id=main(rig), files=[text("layout/theme.liquid", "y")])
    seen, after = [], None
    while True:
        page = rig.data(FILES, id=main(rig), first=20, after=after)["theme"]["files"]
        seen += [file["filename"] for file in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["layout/theme.liquid", *(f"snippets/s{n:02}.liquid" for n in range(30))]
    assert len(files(rig, "snippets/s1*.liquid")) == 10
    asked = rig.data(FILES, id=main(rig), names=["layout/theme.liquid", "layout/none.liquid"])["theme"]["files"]
    assert asked["userErrors"] == [{"filename": "layout/none.liquid", "code": "NOT_FOUND"}]


def test_files_are_copied_and_deleted() -> None:
    rig = Rig()
    rig.data(UPSERT, id=main(rig), files=[text("layout/theme.liquid", "y")])
    copy = """mutation ($id: ID!, $files: [ThemeFilesCopyFileInput!]!) { themeFilesCopy(themeId: $id, files: $files) {
      copiedThemeFiles { filename } userErrors { filename code } } }"""
    done = rig.data(copy, id=main(rig), files=[
        {"srcFilename": "layout/theme.liquid", "dstFilename": "layout/old.liquid"},
        {"srcFilename": "layout/none.liquid", "dstFilename": "layout/other.liquid"},
    ])["themeFilesCopy"]  # fmt: skip
    assert done["copiedThemeFiles"] == [{"filename": "layout/old.liquid"}]
    assert done["userErrors"] == [{"filename": "layout/none.liquid", "code": "NOT_FOUND"}]
    delete = """mutation ($id: ID!, $files: [String!]!) { themeFilesDelete(themeId: $id, files: $files) {
      deletedThemeFiles { filename } userErrors { filename code } } }"""
    done = rig.data(delete, id=main(rig), files=["layout/theme.liquid", "layout/none.liquid"])["themeFilesDelete"]
    assert done["deletedThemeFiles"] == [{"filename": "layout/theme.liquid"}]
    assert [file["filename"] for file in files(rig)] == ["layout/old.liquid"]


def archive(**contents: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in contents.items():
            opened.writestr(name.replace("__", "/") + ".liquid", content)
    return buffer.getvalue()


CREATE = """mutation ($source: URL!, $name: String) { themeCreate(source: $source, name: $name) {
  theme { id role name } userErrors { code field } } }"""


def staged(rig: Rig, content: bytes) -> str:
    stage = """mutation ($input: [StagedUploadInput!]!) { stagedUploadsCreate(input: $input) {
      stagedTargets { url resourceUrl parameters { name } } userErrors { message } } }"""
    about = {"filename": "t.zip", "mimeType": "application/zip", "resource": "FILE", "httpMethod": "PUT"}
    target = rig.data(stage, input=[about])["stagedUploadsCreate"]["stagedTargets"][0]
    assert rig.ask("PUT", target["url"].removeprefix(f"http://{HOST}"), content).status == 200
    url: str = target["resourceUrl"]
    return url


def test_a_theme_is_made_from_an_archive_and_shown_to_shoppers() -> None:
    rig = Rig()
    url = staged(rig, archive(layout__theme="new", snippets__a="b"))
    theme = rig.data(CREATE, source=url, name="Spring")["themeCreate"]["theme"]
    assert (theme["name"], theme["role"]) == ("Spring", "UNPUBLISHED")
    old = main(rig)
    publish = "mutation ($id: ID!) { themePublish(id: $id) { theme { role } userErrors { code } } }"
    assert rig.data(publish, id=theme["id"])["themePublish"]["theme"]["role"] == "MAIN"
    assert main(rig) == theme["id"]
    assert [file["filename"] for file in files(rig)] == ["layout/theme.liquid", "snippets/a.liquid"]
    delete = "mutation ($id: ID!) { themeDelete(id: $id) { deletedThemeId userErrors { code message } } }"
    assert rig.data(delete, id=theme["id"])["themeDelete"]["userErrors"]
    assert rig.data(delete, id=old)["themeDelete"]["deletedThemeId"] == old
    duplicate = "mutation ($id: ID!) { themeDuplicate(id: $id) { newTheme { name files(first: 9) { nodes { filename } } } userErrors { code } } }"  # noqa: E501
    copied = rig.data(duplicate, id=theme["id"])["themeDuplicate"]["newTheme"]
    assert (copied["name"], len(copied["files"]["nodes"])) == ("Copy of Spring", 2)
    roles = rig.data("{ themes(first: 9, roles: [MAIN]) { nodes { name role } } }")["themes"]["nodes"]
    assert roles == [{"name": "Spring", "role": "MAIN"}]
    topics = ["themes/create", "themes/publish", "themes/update", "themes/delete", "themes/create"]
    assert [change.topic for change in rig.told] == topics


@pytest.mark.parametrize(("content", "code"), [(b"no archive", "INVALID_ZIP"), (archive(), "ZIP_IS_EMPTY")])
def test_an_archive_that_is_none(content: bytes, code: str) -> None:
    rig = Rig()
    assert rig.data(CREATE, source=staged(rig, content))["themeCreate"]["userErrors"][0]["code"] == code
    assert rig.data(CREATE, source="https://example.com/t.zip")["themeCreate"]["userErrors"][0]["code"] == "INVALID_ZIP"
