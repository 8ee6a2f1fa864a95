"""Routing controls driven by AWS's own clients: set up, switched at five endpoints, guarded by safety rules."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from served_process import ServedProcess

from harness.kit.address import Address
from harness.parts.steering.route53.routing_controls.maintenance import REGIONS
from harness.parts.steering.route53.routing_controls.server import RoutingControlsConfig, run
from harness.parts.steering.route53.targets import watch_controls
from harness.wire.admin_client import AdminClient
from reference.intermediary.settings import load
from reference.intermediary.state import Called, ReadRecord, WriteRecord
from reference.intermediary.switching import RoutingControls

pytestmark = [pytest.mark.live, pytest.mark.beside]
PLACES = {"us-east-1": "127.0.1.10", "us-west-2": "127.0.2.10"}
AWAY = "EndpointTemporarilyUnavailableException"


class Served(ServedProcess):
    """The process's body on a thread of this one."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(run, RoutingControlsConfig(**settings))
        self.own = AdminClient("routing controls", self.addresses["admin"])
        self.config = client("route53-recovery-control-config", self.addresses["config"])

    def at(self, region: str) -> Any:
        """A client of the cluster's endpoint in a region."""
        return client("route53-recovery-cluster", self.addresses[region])

    def set_up(self, **rule: Any) -> tuple[str, list[str], str]:
        """A cluster with two routing controls and a rule: panel, controls, rule."""
        cluster = self.config.create_cluster(ClusterName="c", ClientToken="t")["Cluster"]["ClusterArn"]
        panel = self.config.list_control_panels(ClusterArn=cluster)["ControlPanels"][0]["ControlPanelArn"]
        controls = [
            self.config.create_routing_control(ClusterArn=cluster, RoutingControlName=name, ClientToken=name)[
                "RoutingControl"
            ]["RoutingControlArn"]
            for name in ("east", "west")
        ]
        config = {"Type": "ATLEAST", "Threshold": 1, "Inverted": False}
        asserted = {
            "Name": "one", "ControlPanelArn": panel, "AssertedControls": controls, "RuleConfig": config,
            "WaitPeriodMs": 0,
        }  # fmt: skip
        made = self.config.create_safety_rule(ClientToken="r", AssertionRule={**asserted, **rule})
        return panel, controls, made["AssertionRule"]["SafetyRuleArn"]


def client(service: str, address: Address) -> Any:
    return boto3.client(
        service,
        region_name="us-west-2",
        endpoint_url=f"http://{address[0]}:{address[1]}",
        aws_access_key_id="operator",
        aws_secret_access_key="x",
        config=Config(read_timeout=1, connect_timeout=1, retries={"total_max_attempts": 1}),
    )


def refusal(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return dict(caught.value.response)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    found = Served()
    yield found
    found.close()


@pytest.fixture
def fresh(served: Served) -> Served:
    served.own.post("/reset")
    served.own.post("/outage", {"mode": None})
    served.own.post("/maintenance", {"away": 0})
    return served


def entries(controls: list[str], *states: str) -> list[dict[str, str]]:
    named = zip(controls, states, strict=True)
    return [{"RoutingControlArn": arn, "RoutingControlState": state} for arn, state in named]


def test_what_is_made_is_told_as_it_was_made(fresh: Served) -> None:
    panel, controls, rule = fresh.set_up()
    cluster = fresh.config.list_clusters()["Clusters"][0]
    assert [end["Region"] for end in cluster["ClusterEndpoints"]] == list(REGIONS)
    assert cluster == fresh.config.describe_cluster(ClusterArn=cluster["ClusterArn"])["Cluster"]
    assert cluster["Status"] == "DEPLOYED"
    told = fresh.config.describe_control_panel(ControlPanelArn=panel)["ControlPanel"]
    assert (told["Name"], told["DefaultControlPanel"], told["RoutingControlCount"]) == ("DefaultControlPanel", True, 2)
    listed = fresh.config.list_routing_controls(ControlPanelArn=panel, MaxResults=1)
    assert [c["Name"] for c in listed["RoutingControls"]] == ["east"]
    rest = fresh.config.list_routing_controls(ControlPanelArn=panel, NextToken=listed["NextToken"])
    assert [c["Name"] for c in rest["RoutingControls"]] == ["west"]
    again = fresh.config.create_cluster(ClusterName="c", ClientToken="t")["Cluster"]
    assert again["ClusterArn"] == cluster["ClusterArn"], "the same token makes nothing twice"
    asserted = fresh.config.describe_safety_rule(SafetyRuleArn=rule)["AssertionRule"]
    assert asserted["RuleConfig"] == {"Type": "ATLEAST", "Threshold": 1, "Inverted": False}
    for wrong, code in (
        ({"ClusterName": "c"}, "ConflictException"),
        ({"ClusterName": "d d"}, "ValidationException"),
    ):
        assert refusal(fresh.config.create_cluster, **wrong)["Error"]["Code"] == code
    missing = refusal(fresh.config.describe_routing_control, RoutingControlArn=f"{controls[0]}0")
    assert (missing["Error"]["Code"], missing["ResponseMetadata"]["HTTPStatusCode"]) == (
        "ResourceNotFoundException",
        404,
    )
    used = refusal(fresh.config.delete_routing_control, RoutingControlArn=controls[0])
    assert used["Error"]["Code"] == "ConflictException"
    fresh.config.delete_safety_rule(SafetyRuleArn=rule)
    fresh.config.delete_routing_control(RoutingControlArn=controls[0])


def test_the_health_checks_that_follow_a_control_are_told_of_it(fresh: Served) -> None:
    _, controls, _ = fresh.set_up()
    following = {"check-b": controls[0], "check-a": controls[0], "check-c": controls[1]}

    def associated(arn: str) -> list[str]:
        return list(fresh.config.list_associated_route53_health_checks(RoutingControlArn=arn)["HealthCheckIds"])

    async def watched() -> None:
        """As the data plane does: until it has told once, and heard which are on."""
        heard = asyncio.Event()
        task = asyncio.create_task(
            watch_controls(fresh.addresses["admin"], 0.02, lambda _: heard.set(), lambda: following)
        )
        async with asyncio.timeout(10):
            await heard.wait()
        task.cancel()

    asyncio.run(watched())
    assert associated(controls[0]) == ["check-a", "check-b"]
    assert associated(controls[1]) == ["check-c"]
    listed = fresh.config.list_associated_route53_health_checks(RoutingControlArn=controls[0], MaxResults=1)
    assert listed["HealthCheckIds"] == ["check-a"]
    assert listed["NextToken"]
    unknown = refusal(fresh.config.list_associated_route53_health_checks, RoutingControlArn=f"{controls[0]}0")
    assert unknown["Error"]["Code"] == "ResourceNotFoundException"
    nobodys = refusal(fresh.config.get_resource_policy, ResourceArn=controls[0])
    assert nobodys["Error"]["Code"] == "ResourceNotFoundException"


def test_everything_can_be_tagged_and_there_is_only_so_much_of_it(fresh: Served) -> None:
    panel, controls, rule = fresh.set_up()
    config = fresh.config
    second = config.create_cluster(ClusterName="d", Tags={"team": "shop", "old": ""})["Cluster"]["ClusterArn"]
    config.tag_resource(ResourceArn=second, Tags={"team": "web", "tier": "1"})
    config.untag_resource(ResourceArn=second, TagKeys=["tier", "old", "none"])
    assert config.list_tags_for_resource(ResourceArn=second)["Tags"] == {"team": "web"}
    for arn in (panel, controls[0], rule):
        assert config.list_tags_for_resource(ResourceArn=arn)["Tags"] == {}
    assert (
        refusal(config.tag_resource, ResourceArn=panel, Tags={"aws:x": "y"})["Error"]["Code"] == "ValidationException"
    )
    gone = refusal(config.list_tags_for_resource, ResourceArn=f"{rule}0")
    assert gone["Error"]["Code"] == "ResourceNotFoundException"
    third = refusal(config.create_cluster, ClusterName="e")
    assert (third["Error"]["Code"], third["ResponseMetadata"]["HTTPStatusCode"]) == (
        "ServiceQuotaExceededException", 402,
    )  # fmt: skip
    many = refusal(
        fresh.at("us-east-1").update_routing_control_states,
        UpdateRoutingControlStateEntries=entries(controls * 6, *["On"] * 12),
    )
    assert many["Error"]["Code"] == "ServiceLimitExceededException"
    asserted = {
        "Name": "one", "ControlPanelArn": panel, "AssertedControls": controls, "WaitPeriodMs": 0,
        "RuleConfig": {"Type": "ATLEAST", "Threshold": 3, "Inverted": False},
    }  # fmt: skip
    for wrong, says in (({}, "name one already"), ({"Name": "two"}, "Threshold 3 is not from 1 to the number")):
        told = refusal(config.create_safety_rule, AssertionRule={**asserted, **wrong})
        assert (told["Error"]["Code"], says in told["Error"]["Message"]) == ("ValidationException", True)
    asked = refusal(fresh.at("us-west-2").update_routing_control_state, RoutingControlArn=controls[0],
                    RoutingControlState="Off")  # fmt: skip
    assert rule in asked["Error"]["Message"], "whoever overrides a rule needs its ARN"


def test_controls_are_off_until_somebody_switches_them_and_both_are_never_off(fresh: Served) -> None:
    panel, controls, rule = fresh.set_up()
    east = fresh.at("us-east-1")
    assert [c["RoutingControlState"] for c in east.list_routing_controls(ControlPanelArn=panel)["RoutingControls"]] == [
        "Off", "Off",
    ]  # fmt: skip
    east.update_routing_control_states(UpdateRoutingControlStateEntries=entries(controls, "On", "Off"))
    west = fresh.at("ap-southeast-2")
    assert west.get_routing_control_state(RoutingControlArn=controls[0])["RoutingControlState"] == "On"
    for call in (
        lambda **more: west.update_routing_control_states(
            UpdateRoutingControlStateEntries=entries(controls, "Off", "Off"), **more
        ),
        lambda **more: west.update_routing_control_state(
            RoutingControlArn=controls[0], RoutingControlState="Off", **more
        ),
    ):
        told = refusal(call)
        assert told["Error"]["Code"] == "ConflictException"
        assert (told["resourceId"], told["resourceType"]) == (rule, "SafetyRule")
    west.update_routing_control_state(
        RoutingControlArn=controls[0], RoutingControlState="Off", SafetyRulesToOverride=[rule]
    )
    assert west.get_routing_control_state(RoutingControlArn=controls[0])["RoutingControlState"] == "Off"
    unknown = refusal(west.get_routing_control_state, RoutingControlArn=panel)
    assert unknown["Error"]["Code"] == "ResourceNotFoundException"


def test_a_wait_period_refuses_what_comes_too_soon(fresh: Served) -> None:
    _, controls, rule = fresh.set_up(WaitPeriodMs=60_000)
    east = fresh.at("us-east-1")
    east.update_routing_control_states(UpdateRoutingControlStateEntries=entries(controls, "On", "Off"))
    turn = {"UpdateRoutingControlStateEntries": entries(controls, "Off", "On")}
    assert "wait period of 60000 ms" in refusal(east.update_routing_control_states, **turn)["Error"]["Message"]
    east.update_routing_control_states(**turn, SafetyRulesToOverride=[rule])


def test_some_endpoints_are_away_and_three_are_there(fresh: Served) -> None:
    _, controls, _ = fresh.set_up()
    fresh.own.post("/maintenance", {"away": 2})
    answers = []
    for region in REGIONS:
        try:
            fresh.at(region).get_routing_control_state(RoutingControlArn=controls[0])
            answers.append("")
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])
    assert sorted(answers) == ["", "", "", AWAY, AWAY]


def test_the_configuration_api_may_be_lost_and_the_endpoints_go_on(fresh: Served) -> None:
    _, controls, _ = fresh.set_up()
    fresh.own.post("/outage", {"mode": "failing"})
    assert refusal(fresh.config.list_clusters)["Error"]["Code"] == "InternalServerException"
    fresh.own.post("/outage", {"mode": "silent"})
    with pytest.raises((ReadTimeoutError, ConnectTimeoutError)):
        fresh.config.list_clusters()
    fresh.at("eu-west-1").update_routing_control_state(RoutingControlArn=controls[1], RoutingControlState="On")


class Operator:
    """What the reference's operator calls, told where the endpoints are."""

    def __init__(self, served: Served, controls: list[str], endpoints: dict[str, str] | None = None) -> None:
        places = [
            {
                "name": name, "address": address, "database": name, "primary": name == "us-east-1",
                "from": {"fra1": "127.0.0.1:1", "ams3": "127.0.0.1:1", "sgp1": "127.0.0.1:1"},
            }
            for name, address in PLACES.items()
        ]  # fmt: skip
        urls = {region: "http://{}:{}".format(*served.addresses[region]) for region in REGIONS}
        variables = {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "PRIMARY_REGION": "us-east-1", "SECONDARY_REGION": "us-west-2",
            "COMPONENT": "operator", "PLACES": json.dumps(places), "DNS_DOMAIN": "example.com",
            "DNS_RECORD": "app.example.com", "ROUTING_CONTROLS": json.dumps(dict(zip(PLACES, controls, strict=True))),
            "ROUTING_CONTROL_ENDPOINTS": json.dumps(urls | (endpoints or {})),
        }  # fmt: skip
        self.calls = RoutingControls(load(variables))

    def leads_to(self, address: str) -> Called:
        """Switch so that clients are led there."""
        return self.calls.carry_out(WriteRecord(None, address, time.monotonic_ns() + 60_000_000_000))

    def reads(self) -> list[str]:
        """Where clients are led."""
        told = self.calls.carry_out(ReadRecord())
        assert told.answer == "done", told
        return [record.address for record in told.records]


def test_an_operator_tries_one_endpoint_after_the_other(fresh: Served) -> None:
    _, controls, _ = fresh.set_up()
    fresh.own.post("/maintenance", {"away": 2})
    nobody = {"eu-west-1": "http://127.0.0.1:1"}
    operator = Operator(fresh, controls, nobody)
    assert operator.reads() == []
    for address in (*PLACES.values(), *PLACES.values()):
        assert operator.leads_to(address).answer == "done"
        assert operator.reads() == [address]
    alone = Operator(fresh, controls)
    alone.calls._order = ["us-east-1"]
    assert alone.leads_to("127.0.1.10").answer == "error", "the one endpoint that it knows is away"


def test_an_operator_is_told_what_a_safety_rule_says(fresh: Served) -> None:
    _, controls, _ = fresh.set_up(WaitPeriodMs=60_000)
    operator = Operator(fresh, controls)
    assert operator.leads_to("127.0.1.10").answer == "done"
    told = operator.leads_to("127.0.2.10")
    assert (told.answer, "wait period" in told.detail) == ("refused", True)
    late = operator.calls.carry_out(WriteRecord(None, "127.0.2.10", 0))
    assert late.answer == "not-sent", "whose leadership has run out sends nothing"
