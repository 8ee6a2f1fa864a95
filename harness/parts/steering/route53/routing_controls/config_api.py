"""The recovery control configuration API: what its calls make of the machine, and what it answers. No I/O.

Source: botocore's description of `route53-recovery-control-config` 2020-11-02. Beyond it:
nobody shares a cluster, so nothing has a resource policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import UnionType
from typing import Any

from harness.parts.steering.route53.routing_controls.maintenance import REGIONS
from harness.parts.steering.route53.routing_controls.model import Controls
from harness.parts.steering.route53.routing_controls.rules import Rule, RuleConfig
from harness.parts.steering.route53.routing_controls.things import (
    INVALID,
    MISSING,
    Cluster,
    Control,
    Done,
    Effect,
    Event,
    Made,
    Panel,
    Refused,
    Removed,
    Renamed,
    State,
    Tagged,
    Thing,
)
from harness.parts.steering.route53.routing_controls.values import (
    Reply,
    Request,
    Wrong,
    arn_of,
    arns_of,
    invalid,
    name_of,
    one_of,
    page,
    tags_of,
    whole_of,
    yes_no_of,
)

OWNER = "111122223333"
DEFAULT_PANEL = "DefaultControlPanel"
WAIT_MS = 5_000
"""WaitPeriodMs that AWS's console and examples begin with."""
_PREFIX = f"arn:aws:route53-recovery-control::{OWNER}:"
_PAGE_MAX = 1_000


@dataclass(frozen=True)
class ConfigApi:
    """machine, state, happened: of the world that it changes. endpoints: region -> URL of a cluster's endpoint there.

    draw: a number of hexadecimal digits that was never given out before. now_ns: the clock. followers: Route 53's
    health checks -> the ARN of the routing control that each follows.
    """

    machine: Controls
    state: Callable[[], State]
    happened: Callable[[Event], tuple[Effect, ...]]
    endpoints: Mapping[str, str]
    draw: Callable[[int], str]
    now_ns: Callable[[], int]
    followers: Callable[[], Mapping[str, str]] = dict

    def answer(self, request: Request) -> Reply:
        """Carry out one call."""
        try:
            return Reply(200, self._answer(request))
        except Wrong as wrong:
            return Reply(wrong.status, {"message": str(wrong)}, wrong.code)

    def _answer(self, request: Request) -> Mapping[str, Any]:
        body = request.body
        match (request.method, *request.path):
            case ("POST", "cluster"):
                return self._create_cluster(body)
            case ("PUT", "cluster"):
                network = one_of(body, "NetworkType", ("IPV4", "DUALSTACK"))
                return self._changed(Renamed(self._known(arn_of(body, "ClusterArn"), Cluster).arn, network=network))
            case ("GET", "cluster"):
                return self._listed("Clusters", [self._told(c) for c in self.state().of(Cluster)], request)
            case ("POST", "controlpanel"):
                panel = Panel(self._panel_arn(), arn_of(body, "ClusterArn"), name_of(body, "ControlPanelName"))
                return self._made((panel,), body)
            case ("PUT", "controlpanel"):
                arn = self._known(arn_of(body, "ControlPanelArn"), Panel).arn
                return self._changed(Renamed(arn, name_of(body, "ControlPanelName")))
            case ("GET", "controlpanels"):
                within = request.query.get("ClusterArn", "")
                panels = [self._told(panel) for panel in self.state().of(Panel, within)]
                return self._listed("ControlPanels", panels, request)
            case ("POST", "routingcontrol"):
                return self._create_control(body)
            case ("PUT", "routingcontrol"):
                arn = self._known(arn_of(body, "RoutingControlArn"), Control).arn
                return self._changed(Renamed(arn, name_of(body, "RoutingControlName")))
            case ("POST", "safetyrule"):
                with _all_invalid():
                    return self._made((self._new_rule(body),), body)
            case ("PUT", "safetyrule"):
                return self._update_rule(body)
            case ("GET", "tags", arn):
                self._known(arn, Thing)
                return {"Tags": dict(self.state().tags.get(arn, {}))}
            case ("POST", "tags", arn):
                self._do(Tagged(arn, tags_of(body, needed=True)))
                return {}
            case ("DELETE", "tags", arn):
                self._do(Tagged(arn, without=request.tag_keys))
                return {}
            case ("GET", "controlpanel", arn, "routingcontrols"):
                self._known(arn, Panel)
                return self._listed("RoutingControls", [self._told(c) for c in self.state().of(Control, arn)], request)
            case ("GET", "routingcontrol", arn, "associatedRoute53HealthChecks"):
                self._known(arn, Control)
                checks = sorted(check for check, followed in self.followers().items() if followed == arn)
                return self._listed("HealthCheckIds", checks, request)
            case ("GET", "resourcePolicy", arn):
                raise Wrong(MISSING, f"{arn} has no resource policy.")
            case ("GET", "controlpanel", arn, "safetyrules"):
                self._known(arn, Panel)
                return self._listed("SafetyRules", [self._rule(r) for r in self.state().of(Rule, arn)], request)
            case ("GET", "cluster" | "controlpanel" | "routingcontrol" | "safetyrule" as kind, arn):
                return self._described(self._known(arn, _KINDS[kind]))
            case ("DELETE", "cluster" | "controlpanel" | "routingcontrol" | "safetyrule" as kind, arn):
                self._known(arn, _KINDS[kind])
                self._do(Removed(arn))
                return {}
        raise Wrong("ValidationException", "This operation does not exist here.", reason="unknownOperation")

    # -- making --------------------------------------------------------------------------------------------------
    def _create_cluster(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        draw = self.draw(32)
        uuid = "-".join((draw[:8], draw[8:12], draw[12:16], draw[16:20], draw[20:]))
        network = one_of({"NetworkType": body.get("NetworkType", "IPV4")}, "NetworkType", ("IPV4", "DUALSTACK"))
        cluster = Cluster(f"{_PREFIX}cluster/{uuid}", name_of(body, "ClusterName"), network)
        panel = Panel(self._panel_arn(), cluster.arn, DEFAULT_PANEL, default=True)
        return self._made((cluster, panel), body)

    def _create_control(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        cluster = self._known(arn_of(body, "ClusterArn"), Cluster).arn
        panels = [panel for panel in self.state().of(Panel, cluster) if isinstance(panel, Panel)]
        given = arn_of(body, "ControlPanelArn") if body.get("ControlPanelArn") else None
        chosen = next((p.arn for p in panels if (p.arn == given if given else p.default)), None)
        if chosen is None:
            raise Wrong(MISSING, f"The control panel {given} does not exist in this cluster.")
        control = Control(f"{chosen}/routingcontrol/{self.draw(16)}", chosen, name_of(body, "RoutingControlName"))
        return self._made((control,), body)

    def _new_rule(self, body: Mapping[str, Any]) -> Rule:
        given = [key for key in ("AssertionRule", "GatingRule") if isinstance(body.get(key), dict)]
        if len(given) != 1:
            raise invalid("Either an AssertionRule or a GatingRule is needed")
        said, asserts = body[given[0]], given[0] == "AssertionRule"
        panel, config = self._known(arn_of(said, "ControlPanelArn"), Panel).arn, said.get("RuleConfig")
        if not isinstance(config, dict):
            raise invalid("RuleConfig is needed", "RuleConfig")
        return Rule(
            arn=f"{panel}/safetyrule/{self.draw(16)}",
            panel=panel,
            name=name_of(said, "Name"),
            kind="ASSERTION" if asserts else "GATING",
            guarded=arns_of(said, "AssertedControls" if asserts else "TargetControls"),
            gates=() if asserts else arns_of(said, "GatingControls"),
            config=RuleConfig(
                one_of(config, "Type", ("ATLEAST", "AND", "OR")),
                whole_of(config, "Threshold"),
                yes_no_of(config, "Inverted"),
            ),
            wait_ms=whole_of(said, "WaitPeriodMs", WAIT_MS),
        )

    def _update_rule(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        said = body.get("AssertionRuleUpdate") or body.get("GatingRuleUpdate")
        if not isinstance(said, dict):
            raise invalid("Either an AssertionRuleUpdate or a GatingRuleUpdate is needed")
        arn = self._known(arn_of(said, "SafetyRuleArn"), Rule).arn
        with _all_invalid():
            return self._changed(Renamed(arn, name_of(said, "Name"), whole_of(said, "WaitPeriodMs")))

    def _panel_arn(self) -> str:
        return f"{_PREFIX}controlpanel/{self.draw(32)}"

    def _made(self, things: tuple[Thing, ...], body: Mapping[str, Any]) -> Mapping[str, Any]:
        token = body.get("ClientToken", "")
        return self._described(self._do(Made(things, token if isinstance(token, str) else "", tags_of(body))))

    def _changed(self, event: Event) -> Mapping[str, Any]:
        return self._described(self._do(event))

    def _do(self, event: Event) -> Thing:
        for effect in self.happened(event):
            if isinstance(effect, Refused):
                raise Wrong(effect.code, effect.text)
            if isinstance(effect, Done) and effect.thing is not None:
                return effect.thing
        raise AssertionError("whatever the machine is asked is done or refused")

    def _known(self, arn: str, kind: type[Thing] | UnionType) -> Thing:
        thing = self.state().things.get(arn)
        if not isinstance(thing, kind):
            raise Wrong(MISSING, f"{arn} does not exist.")
        return thing

    # -- telling -------------------------------------------------------------------------------------------------
    def _described(self, thing: Thing) -> Mapping[str, Any]:
        if isinstance(thing, Rule):
            return {"AssertionRule" if thing.kind == "ASSERTION" else "GatingRule": self._told(thing)}
        return {{Cluster: "Cluster", Panel: "ControlPanel", Control: "RoutingControl"}[type(thing)]: self._told(thing)}

    def _rule(self, rule: Thing) -> Mapping[str, Any]:
        assert isinstance(rule, Rule)
        return {rule.kind: self._told(rule)}

    def _told(self, thing: Thing) -> Mapping[str, Any]:
        status = "DEPLOYED" if self.machine.deployed(self.state(), thing.arn, self.now_ns()) else "PENDING"
        common = {"Name": thing.name, "Owner": OWNER, "Status": status}
        match thing:
            case Cluster():
                ends = [{"Region": region, "Endpoint": self.endpoints[region]} for region in REGIONS]
                return {**common, "ClusterArn": thing.arn, "ClusterEndpoints": ends, "NetworkType": thing.network}
            case Panel():
                count = len(self.state().of(Control, thing.arn))
                return {
                    **common, "ClusterArn": thing.cluster, "ControlPanelArn": thing.arn,
                    "DefaultControlPanel": thing.default, "RoutingControlCount": count,
                }  # fmt: skip
            case Control():
                return {**common, "ControlPanelArn": thing.panel, "RoutingControlArn": thing.arn}
            case Rule():
                config = thing.config
                guards = (
                    {"AssertedControls": list(thing.guarded)}
                    if thing.kind == "ASSERTION"
                    else {"TargetControls": list(thing.guarded), "GatingControls": list(thing.gates)}
                )
                told = {"Type": config.type, "Threshold": config.threshold, "Inverted": config.inverted}
                return {
                    **common, **guards, "ControlPanelArn": thing.panel, "SafetyRuleArn": thing.arn,
                    "RuleConfig": told, "WaitPeriodMs": thing.wait_ms,
                }  # fmt: skip

    def _listed(self, key: str, items: list[Any], request: Request) -> Mapping[str, Any]:
        asked = request.query.get("MaxResults", str(_PAGE_MAX))
        if not (asked.isascii() and asked.isdigit() and 1 <= int(asked) <= _PAGE_MAX):
            raise invalid(f"MaxResults must be from 1 to {_PAGE_MAX}", "MaxResults")
        found, rest = page(items, int(asked), request.query.get("NextToken"))
        return {key: found, **rest}


@contextmanager
def _all_invalid() -> Iterator[None]:
    """Safety rules are refused as invalid, whatever is wrong: their calls have no other error (API description)."""
    try:
        yield
    except Wrong as wrong:
        raise Wrong(INVALID, str(wrong)) from wrong


_KINDS: Mapping[str, type[Thing]] = {
    "cluster": Cluster, "controlpanel": Panel, "routingcontrol": Control, "safetyrule": Rule,
}  # fmt: skip
