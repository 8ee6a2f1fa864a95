"""Routing controls beside Route 53 in a world: their process, their links, and how they are set up.

One cluster, one routing control for each place in its default control panel, the primary's on, and a safety rule that
keeps at least one of them on. Each instance of the subject has a link to each of the five endpoints; an endpoint that
lies in a region of the world is lost with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.engines.provider.values import ApiLoss
from harness.faults.model import Link
from harness.kit.address import Address, join_address
from harness.names import OUTSIDE
from harness.parts.steering.route53.routing_controls.maintenance import REGIONS
from harness.parts.steering.route53.routing_controls.quotas import CHANGES_PER_S
from harness.parts.steering.route53.spec import RoutingControls
from harness.topology.subject import Instance
from harness.wire.admin_client import AdminClient
from harness.world.intermediary import told, vantage_arrows
from harness.world.part import LIGHT, Blueprint, Ground, Net, StatusLine
from harness.world.process import Process, listening
from harness.world.wires import Arrow

MODULE = "harness.parts.steering.route53.routing_controls.server"
NAME = "routing-controls"
SERVICE = "routing-control"
"""Of the links to a cluster's endpoints."""
_CLUSTER, _RULE = "drill", "one-place-is-on"


class RoutingControlsBeside:
    """What Route 53's part has beside itself where its checks follow routing controls."""

    def __init__(self, blueprint: Blueprint, spec: RoutingControls) -> None:
        self._blueprint = blueprint
        self._spec = spec
        self._process: Process | None = None
        self._controls: Mapping[str, str] = {}

    def start(self, ground: Ground) -> None:
        """Start the process."""
        self.events: Path = ground.folder / f"{NAME}.events.jsonl"
        self._testimony = ground.folder / f"{NAME}.testimony.jsonl"
        timing = self._blueprint.timing
        self._process = ground.spawn(
            LIGHT,
            NAME,
            MODULE,
            {
                "away": self._spec.endpoints_away,
                "turn_s": timing.interval_s(self._spec.maintenance_s),
                "changes_per_s": max(CHANGES_PER_S, round(CHANGES_PER_S / timing.scale)),
                "seed": self._blueprint.seed,
                "events": str(self.events),
                "testimony": str(self._testimony),
                "places": [place.name for place in self._blueprint.environment.places],
            },
        )

    @property
    def _told(self) -> Mapping[str, Address]:
        return listening(NAME, self._process)

    @property
    def config(self) -> Address:
        """Where the configuration API is."""
        return self._told["config"]

    @property
    def admin(self) -> Address:
        """Where its admin port is."""
        return self._told["admin"]

    @property
    def cluster(self) -> Mapping[str, Address]:
        """Region -> the cluster's endpoint there, past every link."""
        return {region: self._told[region] for region in REGIONS}

    def arrows(self, net_edges: Mapping[str, Any]) -> Iterator[Arrow]:
        """From every instance to every endpoint; from every vantage point to every place."""
        environment = self._blueprint.environment
        known = {place.name for place in environment.places} | set(environment.databases)
        for instance in self._blueprint.subject.instances(environment):
            for region, address in self.cluster.items():
                link = Link(
                    instance.name, instance.place, region, region if region in known else OUTSIDE, SERVICE,
                    component=instance.component.name, home=environment.home_of(instance.place),
                )  # fmt: skip
                yield Arrow(link, address)
        yield from vantage_arrows(environment, net_edges, self._spec)

    def publish(self) -> Mapping[str, str]:
        """Set everything up; place -> the ARN of its routing control. Raises WorldError."""
        environment = self._blueprint.environment
        api = AdminClient(NAME, self.config)
        cluster = api.post("/cluster", {"ClusterName": _CLUSTER, "ClientToken": _CLUSTER})["Cluster"]["ClusterArn"]
        self._controls, panel = {}, ""
        for place in (environment.primary, environment.standby):
            body = {"ClusterArn": cluster, "RoutingControlName": place.name, "ClientToken": place.name}
            made = api.post("/routingcontrol", body)["RoutingControl"]
            self._controls, panel = {**self._controls, place.name: made["RoutingControlArn"]}, made["ControlPanelArn"]
        rule = {
            "Name": _RULE, "ControlPanelArn": panel, "AssertedControls": list(self._controls.values()),
            "RuleConfig": {"Type": "ATLEAST", "Threshold": 1, "Inverted": False},
            "WaitPeriodMs": round(self._spec.wait_period_ms * self._blueprint.timing.scale),
        }  # fmt: skip
        self._admin.post("/switch", {"on": [self._controls[environment.primary.name]]})
        api.post("/safetyrule", {"AssertionRule": rule, "ClientToken": _RULE})
        return self._controls

    def variables(self, net: Net, instance: Instance) -> Mapping[str, str]:
        """What a component needs that switches routing controls."""
        links = [arrow for arrow in net.dialled_by(instance.name) if arrow.link.service == SERVICE]
        path = self._blueprint.subject.application.edge_health_path
        return {
            **told(net, self._spec, path),
            "ROUTING_CONTROL_ENDPOINTS": json.dumps(
                {arrow.link.target: f"http://{join_address(net.at(arrow))}" for arrow in links}
            ),
            "ROUTING_CONTROLS": json.dumps(dict(self._controls)),
            "TESTIMONY_FILE": str(self._testimony),
        }

    def status(self) -> list[StatusLine]:
        """Where its APIs are."""
        lines = [StatusLine("routing control config API", join_address(self.config), "past every link")]
        for region, address in self.cluster.items():
            lines.append(StatusLine(f"cluster endpoint {region}", join_address(address), "past every link"))
        return lines

    def reset(self) -> None:
        """Nothing is left of the last drill."""
        self._admin.post("/reset")

    def outage(self, mode: ApiLoss | None) -> None:
        """The configuration API is lost, or back."""
        self._admin.post("/outage", {"mode": mode})

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(NAME, self.admin)
