"""What the live world knows of itself: versions, capabilities, the machine, and whether it is ready."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import psutil

from harness import __version__
from harness.history.events import Commit
from harness.parts.links.toxiproxy.client import ToxiproxyClient
from harness.topology.environment import Environment
from harness.topology.subject import Subject
from harness.units import NS_PER_S

_PACKAGES = (
    "moto", "boto3", "dnspython", "aiohttp", "cheroot", "pytest", "pytest-bdd", "allure-pytest", "toxiproxy-python",
    "localstack-client",
)  # fmt: skip
_RECENT_NS = 10 * NS_PER_S
_QUORUM = 0.75
"""The share of a check's checkers that must have data; 18 % decide, but a few early ones are no steady state."""


def versions(toxiproxy: ToxiproxyClient) -> dict[str, str]:
    """Versions by name."""
    found = {"harness": __version__, "python": platform.python_version(), "toxiproxy": toxiproxy.version()}
    return found | {name: metadata.version(name) for name in _PACKAGES}


def capabilities(toxiproxy: ToxiproxyClient, subject: Subject) -> dict[str, bool | str]:
    """What can honestly be measured here, each True or a sentence why not."""
    extended = toxiproxy.capabilities()
    no_hole = "not measurable here: this Toxiproxy accepts connections in a black hole, so nothing times out connecting"
    no_tables = "not measurable here: the subject lists no tables to compare"
    return {
        "rto": True,
        "rpo_items": True if subject.tables else no_tables,
        "rpo_commit_log": True if subject.tables else no_tables,
        "connect_timeouts": True if extended.black_hole == "accept-queue" else no_hole,
        "per_request_failures": True
        if extended.request_failure == "per-request"
        else "not measurable here: this Toxiproxy draws once per connection, not per request",
        "refused_at_the_api": "not measurable here: behind the gateway a refused region is seen as a reset",
        "dns_path_faults": "not measurable here: DNS goes over UDP, which no proxy of links carries",
        "honours_time_scale": True
        if subject.honours_time_scale
        else "the subject does not say that it honours TIME_SCALE: mixed timing",
    }


def machine() -> dict[str, str]:
    """The machine in a few words."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(os.cpu_count() or 1),
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
    }


def checker_reasons(status: Mapping[str, Any], environment: Environment) -> list[str]:
    """Why the edge's health checks are no quorum yet. status: of the data plane's admin endpoint."""
    checks = {check["region"]: check for check in status["checks"]}
    reasons = []
    for region in (environment.primary, environment.standby):
        check = checks.get(region.name)
        if check is None:
            reasons.append(f"no health check of {region.name} yet")
        elif check["has_data"] < _QUORUM * check["checkers"]:
            reasons.append(f"{check['has_data']} of {check['checkers']} checkers of {region.name} have data")
    return reasons


def replication_reasons(commits: Sequence[Commit] | None, environment: Environment) -> list[str]:
    """Whether a write has been replicated in the last seconds: the same value was committed by both regions."""
    if commits is None:
        return []
    seen: dict[str, set[str]] = {name: set() for name in environment.databases}
    recent_ns = max((commit.mono_ns for commit in commits), default=0) - _RECENT_NS
    for commit in commits:
        if commit.v is not None and commit.region in seen and commit.mono_ns >= recent_ns:
            seen[commit.region].add(commit.v)
    replicated = set.intersection(*seen.values()) if seen else set()
    return [] if replicated else ["no write has been replicated lately"]
