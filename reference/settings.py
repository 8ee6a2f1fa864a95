"""What the environment says, read and checked once at start.

Intervals are given for production and multiplied by TIME_SCALE; time-outs never go below one second, because a
faster rehearsal does not make the network faster.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from reference.lease import LeaseTerms

NS_PER_S = 1_000_000_000

LEASE_S = 30.0
LEASE_MARGIN_SHARE = 0.1  # of the lease: safe while no two clocks differ in rate by more than 4.8 %
CHECK_INTERVAL_S = 5.0
BEAT_INTERVAL_S = 3.0
HURRIED_INTERVAL_S = 0.3  # beats, looks and polls come as often as this in a handover, and at a fresh start
HURRIED_LEAST_S = 0.1  # and in no profile more often: calls do not get faster
HURRY_DIVISOR = 3  # of the looks that come sooner then, so many to an interval count
PREPARE_S = 5.0  # everybody has begun to hurry: one beat, one idle poll and one look for a token later
HOLD_DOWN_S = 60.0
DRAIN_PATIENCE_S = 30.0  # nobody may write meanwhile
DRAIN_LOST_CALLS = 2  # that a drain may suffer besides: time-outs do not scale
ALERT_EVERY_S = 60.0
POLL_INTERVAL_S = 1.0
IDLE_POLL_INTERVAL_S = 2.5
CALL_TIMEOUT_S = 1.0
REQUEST_TIMEOUT_S = 1.0  # to connect for a client's request, and again for the answer; never scaled
HANDOVER_PATIENCE_S = 0.75  # a write waits so long for the other database: less than clients wait; never scaled
STREAM_TIMEOUT_S = 2.0
SERVING_INTERVAL_S = 10.0
TOMBSTONE_DAYS = 7  # a week: far longer than a stream keeps records (24 h), so no record outlives its tombstone


class SettingsError(ValueError):
    """An environment variable is missing or cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a component needs to know. Times in seconds, already scaled.

    region: whose database is near. follows_active: a storefront uses the database of the region that is active, and not
    only the one that is near (`DATABASE=active`). writes_everywhere: every region takes writes, without a lease
    (`WRITES=everywhere`). request_timeout_s, handover_patience_s: see above. serving_metric: the namespace of
    CloudWatch in which a storefront says whether the edge may send traffic to it (`SERVING_METRIC`); empty: nowhere.
    """

    primary: str
    secondary: str
    region: str
    table: str
    key: str
    value: str
    items_table: str
    items_key: str
    items_value: str
    threshold: int
    scale: float
    instance: str
    port: int
    bind: str = "127.0.0.1"
    call_timeout_s: float = CALL_TIMEOUT_S
    follows_active: bool = False
    writes_everywhere: bool = False
    request_timeout_s: float = REQUEST_TIMEOUT_S
    handover_patience_s: float = HANDOVER_PATIENCE_S
    serving_metric: str = ""

    @property
    def regions(self) -> tuple[str, str]:
        """Primary first."""
        return (self.primary, self.secondary)

    @property
    def other_region(self) -> str:
        """The region this component is not in."""
        return self.secondary if self.region == self.primary else self.primary

    @property
    def lease(self) -> LeaseTerms:
        """How long a lease lasts, and how much longer the monitor waits."""
        length_ns = self.ns(LEASE_S)
        return LeaseTerms(length_ns=length_ns, margin_ns=round(length_ns * LEASE_MARGIN_SHARE))

    @property
    def stale_after_ns(self) -> int:
        """A heartbeat or a local database check older than this proves nothing: two beats and one lost call."""
        return self.ns(2 * BEAT_INTERVAL_S) + round(self.call_timeout_s * NS_PER_S)

    @property
    def read_lag_ns(self) -> int:
        """How old an answer from a region that is not active may be: four beats and one lost call.

        The storefront asks once a beat, and the replicator reports once a beat; the two are not in step.
        """
        return self.ns(4 * BEAT_INTERVAL_S) + round(self.call_timeout_s * NS_PER_S)

    @property
    def drain_patience_ns(self) -> int:
        """How long a drain may take before it is given up."""
        return self.ns(DRAIN_PATIENCE_S) + round(DRAIN_LOST_CALLS * self.call_timeout_s * NS_PER_S)

    @property
    def hurried_s(self) -> float:
        """Between two beats, looks or polls while everybody hurries."""
        return max(self.scaled_s(HURRIED_INTERVAL_S), HURRIED_LEAST_S)

    @property
    def takeover_ns(self) -> int:
        """How long nobody may hold a lease when the active database is lost, and the other one takes over.

        The lease and its margin, two looks, a beat, and a lost call each.
        """
        grace_s = LEASE_S * (1 + LEASE_MARGIN_SHARE) + 2 * CHECK_INTERVAL_S + BEAT_INTERVAL_S
        return self.ns(grace_s) + round(3 * self.call_timeout_s * NS_PER_S)

    def scaled_s(self, seconds: float) -> float:
        """A production interval in seconds of this profile."""
        return seconds * self.scale

    def ns(self, seconds: float) -> int:
        """A production interval in nanoseconds of this profile."""
        return round(seconds * self.scale * NS_PER_S)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment. Raises SettingsError naming the variable that is wrong."""
    env = os.environ if environ is None else environ
    primary = env.get("PRIMARY_REGION", "us-east-1")
    secondary = env.get("SECONDARY_REGION", "us-west-2")
    if primary == secondary:
        raise SettingsError(f"PRIMARY_REGION and SECONDARY_REGION are both {primary}")
    port = _number(env, "PORT", "0")
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or primary
    mode = env.get("DATABASE") or "local"
    if mode not in ("local", "active"):
        raise SettingsError(f"DATABASE={mode!r} must be local or active")
    writes = env.get("WRITES") or "leased"
    if writes not in ("leased", "everywhere"):
        raise SettingsError(f"WRITES={writes!r} must be leased or everywhere")
    if writes == "everywhere" and mode == "active":
        raise SettingsError("WRITES=everywhere needs DATABASE=local: there is no active database")
    name = f"{env.get('COMPONENT', 'component')}_{env.get('HOSTNAME', 'host')}_{port:g}"
    if mode == "active":
        name = f"{name}_{region}"  # those of both places beat in one table: hosts may be called alike
    return Settings(
        primary=primary,
        secondary=secondary,
        region=region,
        table=env.get("HEALTH_CHECK_TABLE", "app-health-status"),
        key=env.get("HEALTH_CHECK_KEY", "region_status"),
        value=env.get("HEALTH_CHECK_VALUE", "operational"),
        items_table=env.get("ITEMS_TABLE", "items"),
        items_key=env.get("ITEMS_KEY", "id"),
        items_value=env.get("ITEMS_VALUE", "value"),
        threshold=int(_number(env, "FAILOVER_THRESHOLD", "3", least=1)),
        scale=_number(env, "TIME_SCALE", "1", least=0.001),
        instance=re.sub(r"[^A-Za-z0-9_]", "_", name),
        port=int(port),
        bind=env.get("BIND_ADDRESS") or "127.0.0.1",
        follows_active=mode == "active",
        writes_everywhere=writes == "everywhere",
        request_timeout_s=_number(env, "REQUEST_TIMEOUT_SECONDS", str(REQUEST_TIMEOUT_S), least=0.05, most=60.0),
        handover_patience_s=_number(env, "HANDOVER_PATIENCE_SECONDS", str(HANDOVER_PATIENCE_S), most=60.0),
        serving_metric=env.get("SERVING_METRIC") or "",
    )


def _number(
    env: Mapping[str, str], name: str, default: str, least: float = 0.0, most: float = math.inf
) -> float:  # fmt: skip
    raw = env.get(name) or default
    try:
        number = float(raw)
    except ValueError:
        raise SettingsError(f"{name}={raw!r} is not a number") from None
    if not number >= least:
        raise SettingsError(f"{name}={raw!r} must be at least {least:g}")
    if not number <= most:
        raise SettingsError(f"{name}={raw!r} must be at most {most:g}")
    return number
