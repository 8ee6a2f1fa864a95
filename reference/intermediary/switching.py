"""Routing controls as an intermediary uses them: one for each place, and clients are where the one is that is on.

A cluster has five endpoints, of which some are away at any time, and one may be lost with its region. So each call goes
to one after the other until one has answered, beginning with the one that answered last. Setting a control twice is
setting it once: a call that was never answered is sent again to the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from reference.intermediary.settings import IntermediarySettings
from reference.intermediary.state import ARecord, Called, DropRecord, ReadRecord, WriteRecord

ENDPOINT_TIMEOUT_S = 1.0
SERVICE, REGION = "route53-recovery-cluster", "us-west-2"
ELSEWHERE = ("EndpointTemporarilyUnavailableException", "InternalServerException", "ThrottlingException")
"""Answers after which the next endpoint is asked."""


class RoutingControls:
    """Clients of all endpoints, made when they are first needed."""

    def __init__(self, settings: IntermediarySettings) -> None:
        self._settings = settings
        self._session = botocore.session.get_session()
        self._clients: dict[str, Any] = {}
        self._order = list(settings.endpoints)

    def carry_out(self, effect: ReadRecord | WriteRecord | DropRecord) -> Called:
        """Do what the machine wants, and tell what came of it."""
        sites, controls = self._settings.rules.sites, self._settings.controls
        match effect:
            case ReadRecord():
                return self._insist(lambda client: client.list_routing_controls(), None)
            case WriteRecord(address=address, send_by_ns=send_by_ns):
                states = [(controls[site.name], "On" if site.address == address else "Off") for site in sites]
                return self._insist(lambda client: _set(client, states), send_by_ns)
            case DropRecord(id=number, send_by_ns=send_by_ns):
                return self._insist(lambda client: _set(client, [(controls[sites[number].name], "Off")]), send_by_ns)

    def _insist(self, call: Callable[[Any], Any], send_by_ns: int | None) -> Called:
        last = Called("error", detail="there is no endpoint")
        for region in list(self._order):
            if send_by_ns is not None and time.monotonic_ns() >= send_by_ns:
                return Called("not-sent", detail="the leadership ran out before the call was sent")
            try:
                told = call(self._client(region))
            except ClientError as error:
                code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
                if code not in ELSEWHERE:
                    return Called("refused", detail=f"{region}: {code}: {text}")
                last = Called("error", detail=f"{region}: {code}")
            except (BotoCoreError, HTTPClientError) as error:
                last = Called("unknown", detail=f"{region}: {type(error).__name__}")
            else:
                self._order.sort(key=lambda other: other != region)
                return Called("done", self._records(told))
        return last

    def _records(self, told: Any) -> tuple[ARecord, ...]:
        on = {c["RoutingControlArn"] for c in told.get("RoutingControls", ()) if c["RoutingControlState"] == "On"}
        settings = self._settings
        return tuple(
            ARecord(number, site.address, settings.ttl_s)
            for number, site in enumerate(settings.rules.sites)
            if settings.controls[site.name] in on
        )

    def _client(self, region: str) -> Any:
        if region not in self._clients:
            self._clients[region] = self._session.create_client(
                SERVICE,
                region_name=REGION,
                endpoint_url=self._settings.endpoints[region],
                aws_access_key_id=self._settings.common.instance,  # who called, for whoever reads the logs
                aws_secret_access_key="none",  # noqa: S106 - the operator's own, where there is something to sign for
                config=Config(
                    connect_timeout=ENDPOINT_TIMEOUT_S,
                    read_timeout=ENDPOINT_TIMEOUT_S,
                    retries={"total_max_attempts": 1},
                    proxies={},
                ),
            )
        return self._clients[region]


def _set(client: Any, states: list[tuple[str, str]]) -> Any:
    entries = [{"RoutingControlArn": arn, "RoutingControlState": state} for arn, state in states]
    return client.update_routing_control_states(UpdateRoutingControlStateEntries=entries)
