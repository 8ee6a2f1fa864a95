"""The edge, set up by plain Route 53 calls exactly as one would on AWS: zone, health checks, alias records."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from harness.kit.address import Address
from harness.parts.steering.route53.balancer_zones import balancer_zone
from harness.parts.steering.route53.spec import RegionAlarm, Route53, region_of
from harness.topology.environment import PRIMARY, Environment, Place

FAILOVER = Route53()
NO_CONTROLS: Mapping[str, str] = MappingProxyType({})


def balancer_dns_name(region: str) -> str:
    """The DNS name of a region's load balancer, as an alias target."""
    return f"app-{region}.{region}.elb.amazonaws.com"


def create_edge(
    route53: Any,
    environment: Environment,
    edges: Mapping[str, Address],
    path: str,
    spec: Route53 = FAILOVER,
    controls: Mapping[str, str] = NO_CONTROLS,
) -> str:
    """Create the hosted zone, a health check for each place, and an alias record for each, by the policy of `spec`.

    route53: a boto3 client. edges: place -> the answered address and port of its edge. path: what health checks ask
    for. controls: place -> the ARN of the routing control that its check follows instead. Returns the hosted zone's id.
    """
    edge = environment.edge
    zone_id: str = route53.create_hosted_zone(Name=edge.hosted_zone, CallerReference=f"drill-{edge.hosted_zone}")[
        "HostedZone"
    ]["Id"].rsplit("/", 1)[-1]
    changes = []
    for place in (environment.primary, environment.standby):
        watched = controls.get(place.name)
        if watched:
            config = _following(watched)
        elif spec.alarm is not None:
            config = _watching(place, spec.alarm)
        else:
            config = _probing(environment, edges[place.name], path)
        created = route53.create_health_check(CallerReference=f"drill-{place.name}", HealthCheckConfig=config)
        check = str(created["HealthCheck"]["Id"])
        changes.append(_record(environment, place.name, _policy(environment, place, spec), check))
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    return zone_id


def set_negative_ttl(route53: Any, zone_id: str, ttl_s: float) -> None:
    """Give the zone's SOA record another TTL: so long may others remember that a name does not exist."""
    records = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    soa = next(record for record in records if record["Type"] == "SOA")
    change = {"Action": "UPSERT", "ResourceRecordSet": {**soa, "TTL": round(ttl_s)}}
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [change]})


def alarm_of(place: Place, spec: RegionAlarm) -> dict[str, Any]:
    """The alarm of a place, as PutMetricAlarm takes it. It has no actions: health checks look at its metric."""
    return {
        "AlarmName": alarm_name(place.name),
        "AlarmDescription": f"what the application in {place.name} says of itself",
        "Namespace": spec.namespace,
        "MetricName": spec.metric,
        "Statistic": spec.statistic,
        "Period": spec.period_s,
        "EvaluationPeriods": spec.evaluation_periods,
        "Threshold": spec.threshold,
        "ComparisonOperator": spec.comparison,
    }


def alarm_name(place: str) -> str:
    """The name of a place's alarm."""
    return f"{place}-does-not-serve"


def _watching(place: Place, spec: RegionAlarm) -> dict[str, Any]:
    return {
        "Type": "CLOUDWATCH_METRIC",
        "AlarmIdentifier": {"Region": place.database_name, "Name": alarm_name(place.name)},
        "InsufficientDataHealthStatus": spec.without_data,
    }


def _following(control: str) -> dict[str, Any]:
    return {"Type": "RECOVERY_CONTROL", "RoutingControlArn": control}


def _probing(environment: Environment, edge: Address, path: str) -> dict[str, Any]:
    checks = environment.health_checks
    return {
        "IPAddress": edge[0],
        "Port": edge[1],
        "Type": "HTTP",
        "ResourcePath": path,
        "FullyQualifiedDomainName": environment.edge.record,
        "RequestInterval": checks.request_interval_s,
        "FailureThreshold": checks.failure_threshold,
    }


def _policy(environment: Environment, place: Place, spec: Route53) -> dict[str, Any]:
    """The fields of a place's record that say when it is answered."""
    match spec.policy:
        case "weighted":
            return {"Weight": spec.weight_of(environment, place.name)}
        case "latency":
            return {"Region": region_of(place)}
    return {"Failover": "PRIMARY" if place.role == PRIMARY else "SECONDARY"}


def _record(environment: Environment, place: str, policy: dict[str, Any], health_check_id: str) -> dict[str, Any]:
    return {
        "Action": "UPSERT",
        "ResourceRecordSet": {
            "Name": environment.edge.record,
            "Type": "A",
            "SetIdentifier": place,
            **policy,
            "AliasTarget": {
                "HostedZoneId": balancer_zone(place),
                "DNSName": f"dualstack.{balancer_dns_name(place)}",
                "EvaluateTargetHealth": environment.health_checks.evaluate_target_health,
            },
            "HealthCheckId": health_check_id,
        },
    }
