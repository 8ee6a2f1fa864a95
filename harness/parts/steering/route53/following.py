"""Follows the control plane: reads zones, record sets and health checks through its API, over and over.

The data plane outlives the control plane: when a reading fails, the last configuration stays in force, and that is
said once, as is the return. boto3 blocks, so the reading happens in a thread of its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from harness.engines.dns.zone import Configuration, parse_health_check, parse_zone
from harness.kit.address import Address
from harness.names import CONTROL_REGION
from harness.parts.steering.route53.alarms import ASK_TIMEOUT_NS
from harness.units import to_s

log = logging.getLogger(__name__)

_TIMEOUT_S = to_s(ASK_TIMEOUT_NS)
_LONGEST_STEP_S = 5.0
"""A thread that does not end in this time after `stop` is inside one API call, which has time-outs of its own."""


def client_of(service: str, region: str, address: Address) -> Any:
    """A boto3 client of the data plane's for one service at a loopback address, which asks once and not for long."""
    # Loopback ignores credentials; given here so that the machine's own are neither used nor needed.
    session = boto3.session.Session(
        aws_access_key_id="data-plane",
        aws_secret_access_key="data-plane",  # noqa: S106
        region_name=region,
    )
    return session.client(
        service,
        endpoint_url=f"http://{address[0]}:{address[1]}",
        config=Config(
            connect_timeout=_TIMEOUT_S, read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 1}, proxies={}
        ),
    )


class ControlPlane:
    """Reads the whole configuration with boto3."""

    def __init__(self, address: Address) -> None:
        self._client = client_of("route53", CONTROL_REGION, address)

    def read(self) -> Configuration:
        """The configuration as it is now. Raises BotoCoreError or ClientError when the API cannot be asked."""
        zones = tuple(parse_zone(zone, self._record_sets(zone["Id"])) for zone in self._pages("list_hosted_zones"))
        listed = self._pages("list_health_checks")
        checks = {str(check["Id"]): parse_health_check(check) for check in listed}
        return Configuration(zones, checks, {str(check["Id"]): int(check["HealthCheckVersion"]) for check in listed})

    def _record_sets(self, zone_id: str) -> list[dict[str, Any]]:
        return self._pages("list_resource_record_sets", HostedZoneId=zone_id)

    def _pages(self, operation: str, **arguments: str) -> list[dict[str, Any]]:
        paginator = self._client.get_paginator(operation)
        return list(paginator.paginate(**arguments).search(paginator.result_keys[0].expression))

    def close(self) -> None:
        """Close the pooled connections."""
        self._client.close()


class Follower:
    """Calls `changed` with each configuration that differs from the last one, from a thread of its own.

    poll_interval_s: pause between two readings. changed: must be safe to call from another thread.
    """

    def __init__(self, address: Address, poll_interval_s: float, changed: Callable[[Configuration], None]) -> None:
        self._address = address
        self._poll_interval_s = poll_interval_s
        self._changed = changed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="route53-control-plane", daemon=True)
        self._reachable: bool | None = None
        self._last: Configuration | None = None

    @property
    def reachable(self) -> bool:
        """Whether the last reading succeeded."""
        return bool(self._reachable)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading, and wait for a reading that is under way."""
        self._stopping.set()
        self._thread.join(_LONGEST_STEP_S)

    def _run(self) -> None:
        control_plane = ControlPlane(self._address)
        try:
            while not self._stopping.is_set():
                self._poll(control_plane)
                self._stopping.wait(self._poll_interval_s)
        finally:
            control_plane.close()

    def _poll(self, control_plane: ControlPlane) -> None:
        try:
            read = control_plane.read()
        except (BotoCoreError, ClientError) as error:
            self._note(False, f"control plane out of reach, going on with the last configuration: {error}")
            return
        except (KeyError, ValueError, TypeError) as error:
            self._note(False, f"control plane's answer makes no sense, going on with the last one: {error!r}")
            return
        self._note(True, "following the control plane")
        if read != self._last and not self._stopping.is_set():
            self._last = read
            self._changed(read)

    def _note(self, reachable: bool, text: str) -> None:
        if reachable != self._reachable:
            log.log(logging.INFO if reachable else logging.WARNING, "%s", text)
        self._reachable = reachable
