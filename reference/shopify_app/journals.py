"""Which journal the settings want (see journal.py)."""

from __future__ import annotations

from reference.settings import Settings
from reference.shopify_app.journal import InSqlite, InTable, Journal
from reference.shopify_app.settings import ShopSettings
from reference.shopify_app.store import Store


def journal_of(settings: Settings, shop: ShopSettings, store: Store) -> Journal:
    """The one of these settings. Raises ImportError where psycopg is wanted and not installed."""
    if shop.store_url:
        from reference.shopify_app.postgresql import InPostgresql

        return InPostgresql(shop.store_url, settings.region, settings.call_timeout_s)
    return InSqlite(shop.store_file) if shop.store_file else InTable(settings, shop, store)
