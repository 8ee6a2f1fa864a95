"""Backups of themes: what is fetched, what counts as changed, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_shop import GID, FakeShop, FakeTheme, saved

from harness.archive import proofs, restoring
from harness.archive.admin_api import AdminApi
from harness.archive.backing_up import BackedUp, back_up
from harness.archive.pieces.theme import Theme
from harness.archive.repository import Repository, opened
from harness.archive.snapshot import Snapshot
from harness.errors import InputError, WorldError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FILES = {
    "layout/theme.liquid": b"<html>{{ content_for_layout }}</html>\r\n",
    "templates/index.json": b'{"sections":{"main":{"type":"hero","settings":{"wide":1.0,"on":true}}},"order":["main"]}',
    "sections/hero.liquid": "<p>Grüße 🌍</p>".encode(),
    "assets/logo@2x (1) \u00fc'\"&#%.png": bytes(range(256)) * 4,
    "assets/bom.css": b"\xef\xbb\xbfbody{}",
    "assets/empty.txt": b"",
    "locales/en.default.json": b'{"a":{"b":"x"}}',
}


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with opened(tmp_path / "backup.git", create=True) as found:
        yield found


@pytest.fixture
def shop() -> FakeShop:
    return FakeShop({"1": FakeTheme("Live", "MAIN", dict(FILES)), "2": FakeTheme("Empty", "UNPUBLISHED")})


def backed_up(shop: FakeShop, repository: Repository, after_s: int = 0) -> BackedUp:
    piece = Theme(shop.api(), "main")
    return back_up("shop", b"name: shop\n", [piece], repository, NOW + timedelta(seconds=after_s))


def restored(shop: FakeShop, repository: Repository, theme: str, backup: str | None = None) -> restoring.Restored:
    snapshot = Snapshot(repository, repository.find(backup))
    (change,) = restoring.planned(snapshot, [Theme(shop.api(), theme)])
    done = restoring.restore(change)
    restoring.note(repository, snapshot, [done], NOW)
    return done


def test_a_theme_comes_back_into_an_empty_one_byte_for_byte(shop: FakeShop, repository: Repository) -> None:
    backed_up(shop, repository)
    done = restored(shop, repository, "2")
    assert done.left.is_none
    assert shop.themes["2"].files == FILES


def test_a_theme_is_made_exactly_what_it_was(shop: FakeShop, repository: Repository) -> None:
    backed_up(shop, repository)
    shop.themes["1"].files["layout/theme.liquid"] = b"broken"
    shop.themes["1"].files["assets/added.js"] = b"bad"
    del shop.themes["1"].files["sections/hero.liquid"]
    restored(shop, repository, "main")
    assert shop.themes["1"].files == FILES


def test_where_nothing_has_changed_nothing_is_fetched_and_nothing_kept(shop: FakeShop, repository: Repository) -> None:
    backed_up(shop, repository)
    shop.calls.clear()
    assert backed_up(shop, repository, 60).made is None
    assert set(shop.calls) == {"Themes", "Files"}
    assert len(repository.history()) == 1


def test_only_what_has_changed_is_fetched(shop: FakeShop, repository: Repository) -> None:
    backed_up(shop, repository)
    shop.themes["1"].files["sections/hero.liquid"] = b"new"
    shop.themes["1"].files["snippets/a.liquid"] = b"a"
    del shop.themes["1"].files["assets/empty.txt"]
    shop.calls.clear()
    done = backed_up(shop, repository, 60)
    assert shop.calls.count("Bodies") == 1
    assert done.changes == {"theme": "1 new, 1 changed, 1 removed"}
    kept = Snapshot(repository, repository.find(None)).piece("theme")
    assert kept is not None
    assert {name: kept.content(name) for name in kept.sums} == shop.themes["1"].files


def test_json_that_is_only_written_otherwise_is_no_change(shop: FakeShop, repository: Repository) -> None:
    backed_up(shop, repository)
    files = shop.themes["1"].files
    files.update({name: saved(name, content) for name, content in files.items()})
    files["templates/index.json"] = files["templates/index.json"].replace(b"1.0", b"1")
    assert backed_up(shop, repository, 60).made is None
    files["templates/index.json"] = files["templates/index.json"].replace(b"true", b"1")
    assert backed_up(shop, repository, 120).changes == {"theme": "1 changed"}


def test_a_shop_that_writes_json_anew_is_found_the_same_after_a_restore(shop: FakeShop, repository: Repository) -> None:
    backed_up(shop, repository)
    shop.reformats = True
    assert restored(shop, repository, "2").left.is_none
    assert shop.themes["2"].files["templates/index.json"] != FILES["templates/index.json"]


def test_pages_and_calls_are_as_small_as_the_shop_wants_them(repository: Repository) -> None:
    files = {f"assets/{number:04d}.js": b"%d" % number for number in range(333)}
    shop = FakeShop({"1": FakeTheme("Live", "MAIN", files), "2": FakeTheme("Empty", "UNPUBLISHED")}, page=7)
    backed_up(shop, repository)
    assert restored(shop, repository, "Empty").left.is_none
    assert shop.themes["2"].files == files


def test_templates_are_written_after_what_they_name(shop: FakeShop, repository: Repository) -> None:
    backed_up(shop, repository)
    restored(shop, repository, "2")
    written = list(shop.themes["2"].files)
    assert written.index("sections/hero.liquid") < written.index("templates/index.json")


def test_an_older_backup_can_be_restored(shop: FakeShop, repository: Repository) -> None:
    first = backed_up(shop, repository).made
    assert first is not None
    shop.themes["1"].files["layout/theme.liquid"] = b"broken"
    backed_up(shop, repository, 60)
    restored(shop, repository, "main", first.id[:8])
    assert shop.themes["1"].files == FILES


def test_a_backup_is_unproven_until_it_was_restored_and_compared(shop: FakeShop, repository: Repository) -> None:
    backed_up(shop, repository)

    def words() -> str:
        manifest = Snapshot(repository, repository.find(None)).manifest
        return proofs.standing(manifest, proofs.of(repository)).words

    assert words() == "unproven"
    restored(shop, repository, "2")
    assert words() == "proven"
    shop.themes["1"].files["layout/theme.liquid"] = b"other"
    backed_up(shop, repository, 60)
    assert words() == "unproven"
    shop.themes["1"].files["layout/theme.liquid"] = FILES["layout/theme.liquid"]
    backed_up(shop, repository, 120)
    assert words() == "proven"  # what it holds was restored before


def test_what_a_shop_leaves_out_of_a_restore_is_told_and_proves_nothing(shop: FakeShop, repository: Repository) -> None:
    backed_up(shop, repository)

    def lose(name: str) -> None:
        shop.themes["2"].files.pop("assets/bom.css", None)

    shop.before_answer = lose
    done = restored(shop, repository, "2")
    assert list(done.left.missing) == ["assets/bom.css"]
    assert proofs.of(repository) == []


def test_a_theme_that_changes_while_it_is_read_is_read_again(shop: FakeShop, repository: Repository) -> None:
    changes = iter([b"1", b"2"])

    def change(name: str) -> None:
        if name == "Bodies":
            shop.themes["1"].files["layout/theme.liquid"] = next(changes, b"2")

    shop.before_answer = change
    backed_up(shop, repository)
    kept = Snapshot(repository, repository.find(None)).piece("theme")
    assert kept is not None
    assert kept.content("layout/theme.liquid") == b"2"


@pytest.mark.parametrize(
    ("theme", "token", "said"),
    [
        ("Gone", None, "no theme called Gone; it has Live (1, main), Empty (2, unpublished)"),
        (GID + "9", None, "there is no theme gid://shopify/OnlineStoreTheme/9"),
        ("Empty", None, "an empty theme is no state to go back to"),
        ("main", "shpat_wrong", "401: the token is not accepted"),
    ],
)
def test_what_cannot_be_backed_up_is_refused(
    shop: FakeShop, repository: Repository, theme: str, token: str | None, said: str
) -> None:
    piece = Theme(shop.api() if token is None else shop.api(token), theme)
    with pytest.raises(InputError) as refused:
        back_up("shop", b"", [piece], repository, NOW)
    assert said in str(refused.value)
    assert repository.latest() is None


def test_a_shop_in_trouble_is_asked_again_and_then_given_up(shop: FakeShop, repository: Repository) -> None:
    throttled = (
        b'{"data":null,"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],"extensions":{"cost":'
        b'{"requestedQueryCost":20,"throttleStatus":{"maximumAvailable":2000,"currentlyAvailable":1,"restoreRate":100}}}}'
    )
    shop.fails = [(503, b"down"), (200, throttled), (429, b"slow down")]
    assert backed_up(shop, repository).made is not None
    shop.fails = [(502, b"down")] * 6
    with pytest.raises(WorldError, match="no answer in 6 attempts, the last time: 502 down"):
        backed_up(shop, repository)


@pytest.mark.parametrize(
    "answer",
    [
        {"theme": {}},
        {"theme": {"id": 1}},
        {"theme": {"id": "1", "name": "a", "role": "MAIN", "files": {"nodes": [{"filename": "a"}]}}},
        {"theme": {"id": "1", "name": "a", "role": "MAIN", "files": None}},
        {"theme": {"id": "1", "name": "a", "role": "MAIN", "files": {"nodes": None, "pageInfo": {}}}},
        {"theme": {"id": "1", "name": "a", "role": "MAIN", "files": {
            "nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "same"}}}},
        {"theme": {"id": "1", "name": "a", "role": "MAIN", "files": {
            "nodes": [{"filename": "assets/\ud800.txt", "size": "x"}], "pageInfo": {"hasNextPage": False}}}},
    ],
)  # fmt: skip
def test_answers_that_nobody_has_documented_are_told_and_end(answer: Any, repository: Repository) -> None:
    class Odd:
        def request(self, *_: object) -> tuple[int, Mapping[str, str], bytes]:
            return 200, {}, json.dumps({"data": answer}).encode()

    api = AdminApi("https://shop.example.com", "2026-10", lambda transport: "shpat_1", Odd(), lambda seconds: None)
    with pytest.raises(WorldError, match=r"otherwise than is documented|again and again"):
        back_up("shop", b"", [Theme(api, "1")], repository, NOW)
    assert repository.latest() is None
