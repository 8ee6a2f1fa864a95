"""What the environment says of the shop and of the third parties. Intervals are production's, scaled as all others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from reference.settings import NS_PER_S, Settings, SettingsError

INTAKE_DEADLINE_S = 4.0  # of the 5 s that Shopify waits (shopify.dev, "Deliver webhooks through HTTPS")
INTAKE_DEADLINE_LEAST_S = 0.8  # of a second, below which nobody's time-out goes
INBOX_BEAT_S = 5.0  # each is a write in two regions
REGION_LOST_AFTER_S = 30.0  # without a beat, a region's work is taken over; too early costs double work, and no more
LEFTOVERS_EVERY_S = 60.0
RECONCILE_EVERY_S = 120.0
RECONCILE_OVERLAP_S = 300.0  # what a search does not show yet, and an order that was changed while pages were read
RECONCILE_CLAIM_S = 60.0
RECONCILE_RETRY_S = 10.0
TOKEN_MARGIN_S = 300.0  # a token is refreshed so long before it runs out
ADMIN_TIMEOUT_S = 5.0  # never scaled
PARTY_TIMEOUT_S = 2.0  # never scaled

TOPICS = (
    "orders/create", "orders/updated", "orders/cancelled", "refunds/create", "fulfillments/create",
    "fulfillments/update", "products/update", "customers/update",
)  # fmt: skip
SCOPES = ("read_orders", "read_products", "read_customers", "read_fulfillments")
PARTIES = ("erp", "crm", "fulfilment")


@dataclass(frozen=True, slots=True)
class Credentials:
    """client_id: public. secret, old_secret: of the application; old_secret "" unless a rotation is under way."""

    client_id: str
    secret: str = field(repr=False)
    old_secret: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those that a webhook may be signed with, the newest first."""
        return tuple(secret for secret in (self.secret, self.old_secret) if secret)


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """domain: of the shop. admin_url: where its Admin API is. app_url: how the shop reaches this application.

    parties: by name, where a third party is. secrets_file: see `reference.shopify_app`. store_file: of the embedded SQL
    store; "" without one. dedupes_in_region: what was seen and done is remembered where the region is lost with it
    (`DEDUPE=region`); renews_token: False where a token is got once (`TOKEN_RENEWAL=off`). Both are wrong, and there to
    show it.
    """

    domain: str
    admin_url: str
    api_version: str
    app_url: str
    credentials: Credentials
    secrets_file: str = ""
    parties: Mapping[str, str] = field(default_factory=dict)
    inbox_table: str = "inbox"
    effects_table: str = "effects"
    shop_table: str = "shop"
    store_file: str = ""
    store_url: str = field(default="", repr=False)
    dedupes_in_region: bool = False
    renews_token: bool = True

    @property
    def webhook_url(self) -> str:
        """Where the shop's webhooks are to go."""
        return f"{self.app_url}/webhooks"


def load_shop(environ: Mapping[str, str] | None = None) -> ShopSettings | None:
    """None: there is no shop. Raises SettingsError naming the variable that is missing."""
    env = os.environ if environ is None else environ
    if not env.get("SHOP_DOMAIN"):
        return None
    store = env.get("APP_STORE") or "dynamodb"
    if store not in ("dynamodb", "sqlite", "postgresql"):
        raise SettingsError(f"APP_STORE={store!r} must be dynamodb, sqlite or postgresql")
    dedupe, renewal = env.get("DEDUPE") or "everywhere", env.get("TOKEN_RENEWAL") or "on"
    if dedupe not in ("everywhere", "region"):
        raise SettingsError(f"DEDUPE={dedupe!r} must be everywhere or region")
    if renewal not in ("on", "off"):
        raise SettingsError(f"TOKEN_RENEWAL={renewal!r} must be on or off")
    return ShopSettings(
        domain=env["SHOP_DOMAIN"].lower(),
        admin_url=_wanted(env, "SHOP_ADMIN_URL").rstrip("/"),
        api_version=env.get("SHOP_API_VERSION") or "2026-10",
        app_url=_wanted(env, "SHOP_APP_URL").rstrip("/"),
        credentials=Credentials(
            _wanted(env, "SHOP_CLIENT_ID"), env.get("SHOP_CLIENT_SECRET", ""), env.get("SHOP_CLIENT_SECRET_OLD", "")
        ),
        secrets_file=env.get("SHOP_SECRETS_FILE", ""),
        parties={name: url.rstrip("/") for name in PARTIES if (url := env.get(f"PARTY_{name.upper()}_URL"))},
        inbox_table=env.get("INBOX_TABLE") or "inbox",
        effects_table=env.get("EFFECTS_TABLE") or "effects",
        shop_table=env.get("SHOP_TABLE") or "shop",
        store_file=_wanted(env, "APP_STORE_FILE") if store == "sqlite" else "",
        store_url=_wanted(env, "APP_STORE_URL") if store == "postgresql" else "",
        dedupes_in_region=dedupe == "region",
        renews_token=renewal == "on",
    )


def intake_deadline_s(settings: Settings) -> float:
    """By then a webhook is answered."""
    return max(settings.scaled_s(INTAKE_DEADLINE_S), INTAKE_DEADLINE_LEAST_S)


def inbox_stale_after_ns(settings: Settings) -> int:
    """A beat longer ago proves nothing of the inbox: two beats and one lost call."""
    return settings.ns(2 * INBOX_BEAT_S) + round(settings.call_timeout_s * NS_PER_S)


def region_lost_after_ns(settings: Settings) -> int:
    """So long without a beat, as another region sees it; a call may be lost besides."""
    return settings.ns(REGION_LOST_AFTER_S) + round(2 * settings.call_timeout_s * NS_PER_S)


def _wanted(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise SettingsError(f"SHOP_DOMAIN is given, and {name}, which goes with it, is not")
    return value
