"""Backups of a theme in the stand-in of Shopify, by its Admin API as it is served: byte for byte where it can be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shopify_rig import HOST, Rig

from harness.archive import restoring
from harness.archive.admin_api import AdminApi
from harness.archive.backing_up import BackedUp, back_up
from harness.archive.json_content import canonical
from harness.archive.pieces.theme import Theme
from harness.archive.repository import Repository, opened
from harness.archive.snapshot import Snapshot
from harness.errors import InputError
from harness.parts.commerce.shopify.admin.exchange import request_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FILES = {
    "layout/theme.liquid": b"<html>\r\n{{ content_for_layout }}</html>\n",
    "templates/index.json": b'/* by hand */ {"sections": {"a/b": {"type": "hero", "wide": 1.0}}, "order": ["a/b"]}',
    "templates/customers/login.json": b'{"sections": {}, "order": []}',
    "sections/hero.liquid": "<p>Grüße 🌍</p>".encode(),
    "assets/logo@2x (1) ü'\"&#%*.png": bytes(range(256)) * 4,
    "assets/large.bin": bytes(range(251)) * 8_000,
    "assets/bom.css": b"\xef\xbb\xbfbody{}",
    "assets/data.json": b'{"kept":   "as it is"}',
    "assets/empty.txt": b"",
    "locales/de.json": '{"a": {"b": "ä/ö"}}'.encode(),
}


class Carried:
    """A transport that ends in the API of the rig."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.asked = 0

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.asked += 1
        target = "/" + url.split("/", 3)[3]
        status, told, content = self.rig.api.answer(
            request_of("us-east-1", method, target, {"Host": HOST, **headers}, body or b"")
        )
        return status, {name.lower(): value for name, value in told.items()}, content


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with opened(tmp_path / "backup.git", create=True) as found:
        yield found


def shop(files: Mapping[str, bytes]) -> tuple[Rig, Carried]:
    rig = Rig()
    written = rig.shop.themes.write(rig.shop.themes.main().id, files)
    assert written.refused == {}
    return rig, Carried(rig)


def api(carried: Carried, token: str | None = None) -> AdminApi:
    given = token or carried.rig.token
    return AdminApi(f"http://{HOST}", "2026-10", lambda transport: given, carried, carried.rig.clock.sleep_s)


def backed_up(carried: Carried, repository: Repository) -> BackedUp:
    return back_up("shop", b"", [Theme(api(carried), "main")], repository, NOW)


def restored(carried: Carried, repository: Repository, theme: str) -> restoring.Restored:
    (change,) = restoring.planned(Snapshot(repository, repository.find(None)), [Theme(api(carried), theme)])
    return restoring.restore(change)


def held(rig: Rig, theme: int) -> dict[str, bytes]:
    found = next(one for one in rig.shop.registers.themes if one.id == theme)
    return {name: file.content for name, file in found.files.items()}


def test_a_theme_comes_back_into_an_empty_shop(repository: Repository) -> None:
    rig, carried = shop(FILES)
    was = held(rig, rig.shop.themes.main().id)
    backed_up(carried, repository)
    other, empty = shop({})
    main = other.shop.themes.main()
    main.files.clear()
    assert restored(empty, repository, "main").left.is_none
    now = held(other, main.id)
    assert now.keys() == was.keys() >= FILES.keys()
    assert {name for name in now if now[name] != was[name]} == set()
    assert json.loads(canonical(now["templates/index.json"]) or "") == json.loads(
        canonical(FILES["templates/index.json"]) or ""
    )


def test_a_bad_deploy_is_undone_and_nothing_else_is_touched(repository: Repository) -> None:
    rig, carried = shop(FILES)
    main = rig.shop.themes.main()
    was, others = held(rig, main.id), rig.shop.registers.themes
    backed_up(carried, repository)
    rig.shop.themes.write(main.id, {"layout/theme.liquid": b"{% broken", "sections/new.liquid": b"?"})
    rig.shop.themes.erase(main.id, ["templates/index.json"])
    untouched = main.files["sections/hero.liquid"]
    (change,) = restoring.planned(Snapshot(repository, repository.find(None)), [Theme(api(carried), "main")])
    assert list(change.difference.lines()) == [
        "add templates/index.json", "change layout/theme.liquid", "remove sections/new.liquid",
    ]  # fmt: skip
    assert restoring.restore(change).left.is_none
    assert held(rig, main.id) == was
    assert main.files["sections/hero.liquid"] is untouched
    assert len(list(others)) == len(list(rig.shop.registers.themes))


def test_nothing_is_fetched_where_nothing_has_changed_although_json_has_a_checksum_of_its_own(
    repository: Repository,
) -> None:
    _, carried = shop(FILES)
    backed_up(carried, repository)
    carried.asked = 0
    assert backed_up(carried, repository).made is None
    assert carried.asked == 2  # which themes there are, and one page of files


def test_a_theme_of_a_thousand_files_goes_through_the_buckets(repository: Repository) -> None:
    rig, carried = shop({f"assets/{number:04d}.js": b"%d" % number for number in range(1_000)})
    was = held(rig, rig.shop.themes.main().id)
    backed_up(carried, repository)
    rig.shop.themes.main().files.clear()
    assert restored(carried, repository, "main").left.is_none
    assert held(rig, rig.shop.themes.main().id) == was


def test_a_wrong_token_and_a_missing_theme_are_told(repository: Repository) -> None:
    _, carried = shop(FILES)
    with pytest.raises(InputError, match="401: the token is not accepted"):
        Theme(api(carried, "shpat_wrong"), "main").read(None)
    with pytest.raises(InputError, match="no theme called Gone; it has "):
        Theme(api(carried), "Gone").read(None)
    with pytest.raises(InputError, match="there is no theme 42; it has "):
        Theme(api(carried), "42").read(None)


def test_a_token_without_the_scope_is_told(repository: Repository) -> None:
    rig = Rig(scopes=("read_themes",))
    carried = Carried(rig)
    rig.shop.themes.write(rig.shop.themes.main().id, FILES)
    backed_up(carried, repository)
    rig.shop.themes.erase(rig.shop.themes.main().id, ["layout/theme.liquid"])
    with pytest.raises(InputError, match=r"write_themes|ACCESS_DENIED"):
        restored(carried, repository, "main")
