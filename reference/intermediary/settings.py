"""What the environment says to an intermediary, read and checked once at start. Times are production seconds there.

| variable | says |
| --- | --- |
| `DIGITALOCEAN_API_URL`, `DIGITALOCEAN_TOKEN` | where the API is, and who asks; not with routing controls |
| `ROUTING_CONTROLS` | JSON: `{place: ARN}`; instead of a record, the routing controls that lead clients |
| `ROUTING_CONTROL_ENDPOINTS` | JSON: `{region: URL}`, the endpoints of their cluster |
| `DNS_DOMAIN`, `DNS_RECORD`, `DNS_TTL` | the record, by its whole name, and its TTL |
| `PLACES` | JSON: `[{"name", "address", "database", "primary", "from": {vantage point: "host:port"}}]` |
| `LOOK_PATH`, `LOOK_INTERVAL_SECONDS`, `LOOK_TIMEOUT_SECONDS` | what vantage points ask places, and how often |
| `UNHEALTHY_AFTER`, `HEALTHY_AFTER`, `AGREE` | looks in a row that change a mind, and how many minds must agree |
| `HOLD_DOWN_SECONDS` | how long the primary must have been well before clients leave a side that is well |
| `DATABASE` | `local`: a place serves only while its own database is the active one; `active`: any place can |
| `CLAIM_DELAY_SECONDS` | how much longer than others this instance waits before it claims the leadership; 0 |
| `TESTIMONY_FILE` | where to say how the places are found, for whoever draws a timeline |
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from reference.intermediary.leadership import Terms
from reference.intermediary.looking import LookRules
from reference.intermediary.state import Rules, Site
from reference.settings import Settings, SettingsError
from reference.settings import load as load_common

CALL_TIMEOUT_S = 1.0
API_TIMEOUT_S = 2.0
ROUND_S = 2.5
LEASE_S = 12.0
LEASE_LOST_CALLS = 2
LEASE_MARGIN_SHARE = 0.1
REFRESH_S = 30.0
BACK_OFF_S = 1.0
BACK_OFF_MAX_S = 16.0
RETRY_AFTER_MAX_S = 60.0


@dataclass(frozen=True, slots=True)
class IntermediarySettings:
    """Everything an intermediary needs to know. Times in seconds, already scaled.

    dials: (vantage point, place) -> where it dials. common: what every component is told. controls, endpoints: where
    routing controls lead clients, and no record: place -> ARN, region -> URL.
    """

    common: Settings
    rules: Rules
    api: tuple[str, int, bool]
    token: str
    domain: str
    record: str
    ttl_s: int
    dials: Mapping[tuple[str, str], tuple[str, int]]
    look_path: str
    look_interval_s: float
    look_timeout_s: float
    testimony: str
    controls: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)

    @property
    def round_s(self) -> float:
        """Between two rounds."""
        return self.common.scaled_s(ROUND_S)


def load(environ: Mapping[str, str] | None = None) -> IntermediarySettings:
    """Settings from the environment. Raises SettingsError naming the variable that is wrong."""
    env = os.environ if environ is None else environ
    common = load_common(env)
    sites, dials = _sites(env)
    points = sorted({point for point, _ in dials})
    look_timeout_s = max(
        min(1.0, _number(env, "LOOK_TIMEOUT_SECONDS", "2")), common.scaled_s(_number(env, "LOOK_TIMEOUT_SECONDS", "2"))
    )
    look_s = common.scaled_s(_number(env, "LOOK_INTERVAL_SECONDS", "5"))
    agree = int(_number(env, "AGREE", "2", least=1))
    if not len(points) < 2 * agree <= 2 * len(points):
        raise SettingsError(
            f"AGREE={agree} must be more than half of the {len(points)} vantage points, and no more than all"
        )
    looks = LookRules(
        unhealthy_after=int(_number(env, "UNHEALTHY_AFTER", "3", least=1)),
        healthy_after=int(_number(env, "HEALTHY_AFTER", "2", least=1)),
        agree=agree,
        stale_ns=_ns(2 * (look_s + look_timeout_s)),
    )
    lease_s = common.scaled_s(LEASE_S) + LEASE_LOST_CALLS * CALL_TIMEOUT_S
    rules = Rules(
        sites=sites,
        regions=common.regions,
        looks=looks,
        tied=not common.follows_active,
        terms=Terms(
            lease_ns=_ns(lease_s),
            margin_ns=_ns(lease_s * LEASE_MARGIN_SHARE),
            delay_ns=common.ns(_number(env, "CLAIM_DELAY_SECONDS", "0")),
        ),
        api_timeout_ns=_ns(API_TIMEOUT_S),
        hold_down_ns=common.ns(_number(env, "HOLD_DOWN_SECONDS", "60")),
        refresh_ns=common.ns(REFRESH_S),
        back_off_ns=common.ns(BACK_OFF_S),
        back_off_max_ns=common.ns(BACK_OFF_MAX_S),
        retry_after_max_ns=_ns(RETRY_AFTER_MAX_S),
    )
    domain, record = _text(env, "DNS_DOMAIN"), _text(env, "DNS_RECORD")
    if record != domain and not record.endswith(f".{domain}"):
        raise SettingsError(f"DNS_RECORD={record!r} is no name in DNS_DOMAIN={domain!r}")
    controls, endpoints = _texts(env, "ROUTING_CONTROLS"), _texts(env, "ROUTING_CONTROL_ENDPOINTS")
    if controls and (not endpoints or any(site.name not in controls for site in sites)):
        raise SettingsError(
            "ROUTING_CONTROLS must name one for each place, and ROUTING_CONTROL_ENDPOINTS some endpoints"
        )
    return IntermediarySettings(
        common=common,
        rules=rules,
        api=("", 0, False) if controls else _api(_text(env, "DIGITALOCEAN_API_URL")),
        token="" if controls else _text(env, "DIGITALOCEAN_TOKEN"),
        domain=domain,
        record="@" if record == domain else record.removesuffix(f".{domain}"),
        ttl_s=int(_number(env, "DNS_TTL", "60", least=1)),
        dials=dials,
        look_path=env.get("LOOK_PATH", "/health"),
        look_interval_s=look_s,
        look_timeout_s=look_timeout_s,
        testimony=env.get("TESTIMONY_FILE", ""),
        controls=controls,
        endpoints=endpoints,
    )


def _sites(env: Mapping[str, str]) -> tuple[tuple[Site, ...], dict[tuple[str, str], tuple[str, int]]]:
    """The places, the primary first."""
    try:
        told = json.loads(_text(env, "PLACES"))
        sites = [Site(str(p["name"]), str(p["address"]), str(p["database"]), bool(p["primary"])) for p in told]
        dials = {(str(point), str(p["name"])): _address(at) for p in told for point, at in p["from"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"PLACES makes no sense: {error!r}") from None
    points = {point for point, _ in dials}
    if len(sites) != 2 or sum(site.primary for site in sites) != 1 or len(dials) != 2 * len(points) or not points:
        raise SettingsError("PLACES must have two places, one of them the primary, each with the same vantage points")
    return tuple(sorted(sites, key=lambda site: not site.primary)), dials


def _address(text: object) -> tuple[str, int]:
    host, _, port = str(text).rpartition(":")
    return host.strip("[]"), int(port)


def _api(url: str) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https"):
        raise SettingsError(f"DIGITALOCEAN_API_URL={url!r} is no URL of an API")
    secure = parts.scheme == "https"
    return host, port or (443 if secure else 80), secure


def _texts(env: Mapping[str, str], name: str) -> dict[str, str]:
    try:
        told = json.loads(env.get(name) or "{}")
        return {str(key): str(value) for key, value in told.items()}
    except (ValueError, AttributeError) as error:
        raise SettingsError(f"{name} makes no sense: {error!r}") from None


def _text(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _number(env: Mapping[str, str], name: str, default: str, least: float = 0.0) -> float:
    raw = env.get(name) or default
    try:
        number = float(raw)
    except ValueError:
        raise SettingsError(f"{name}={raw!r} is not a number") from None
    if not least <= number <= 1e6:
        raise SettingsError(f"{name}={raw!r} must be from {least:g} to a million")
    return number


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
