"""The journal of the reference's Shopify application, in a table and in an SQL database; and its settings."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from shopify_tables import SHOP_ENV, Tables, settings, shop, store

from reference.settings import SettingsError
from reference.shopify_app.journal import Entry, InSqlite, InTable, JournalFailed
from reference.shopify_app.journals import journal_of
from reference.shopify_app.settings import load_shop

FIRST = Entry("2026-11-29T11:00:00Z", "us-east-1", ["started"], {"orders": 3}, 2, ["ORDERS_CREATE"])
SECOND = Entry("2026-11-29T11:02:00Z", "us-east-1", ["time has come"])


def test_the_last_entry_of_a_region_is_a_row_of_the_global_table() -> None:
    journal = InTable(settings(), shop(), store(Tables()))
    assert journal.last() is None
    journal.add(FIRST)
    assert journal.last() == FIRST


def test_a_database_of_its_own_keeps_all_of_them_and_may_be_replaced_by_its_backup(tmp_path: Path) -> None:
    file = tmp_path / "app.sqlite"
    journal = InSqlite(str(file))
    assert journal.last() is None
    journal.add(FIRST)
    shutil.copy(file, tmp_path / "backup.sqlite")
    journal.add(SECOND)
    assert journal.last() == Entry(SECOND.at, SECOND.region, ["time has come"], {}, 0, [])
    for lost in tmp_path.glob("app.sqlite*"):
        lost.unlink()
    shutil.copy(tmp_path / "backup.sqlite", file)
    assert journal.last() == FIRST


def test_a_damaged_database_is_told_and_stops_nobody(tmp_path: Path) -> None:
    file = tmp_path / "app.sqlite"
    file.write_bytes(b"half a database" * 100)
    with pytest.raises(JournalFailed, match=r"app\.sqlite"):
        InSqlite(str(file)).add(FIRST)
    with pytest.raises(JournalFailed):
        InSqlite(str(tmp_path / "no" / "folder")).last()


def test_without_a_shop_there_is_nothing_to_read() -> None:
    assert load_shop({}) is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"SHOP_ADMIN_URL": ""}, "SHOP_ADMIN_URL"),
        ({"SHOP_CLIENT_ID": ""}, "SHOP_CLIENT_ID"),
        ({"SHOP_APP_URL": ""}, "SHOP_APP_URL"),
        ({"APP_STORE": "sqlite"}, "APP_STORE_FILE"),
        ({"APP_STORE": "postgresql"}, "APP_STORE_URL"),
        ({"APP_STORE": "postgres"}, "APP_STORE"),
        ({"DEDUPE": "never"}, "DEDUPE"),
        ({"TOKEN_RENEWAL": "perhaps"}, "TOKEN_RENEWAL"),
    ],
)
def test_a_variable_that_is_wrong_or_missing_is_named(changed: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_shop({**SHOP_ENV, **changed})


def test_secrets_are_in_no_text_that_settings_make() -> None:
    assert "hush" not in repr(shop(SHOP_CLIENT_SECRET_OLD="hush-hush"))
    assert "hush" not in repr(shop(APP_STORE="postgresql", APP_STORE_URL="postgresql://u:hush@h/d"))


def test_a_server_that_is_away_is_told_without_the_secret_and_stops_nobody() -> None:
    url = "postgresql://app:hush@127.0.0.1:1/app"
    with pytest.raises(JournalFailed, match="APP_STORE_URL") as told:
        journal_of(settings(), shop(APP_STORE="postgresql", APP_STORE_URL=url), store(Tables())).add(FIRST)
    assert "hush" not in str(told.value)
