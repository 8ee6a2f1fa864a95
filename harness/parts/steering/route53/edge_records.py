"""The edge, set up by plain Route 53 calls exactly as one would on AWS: zone, health checks, failover alias records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.kit.address import Address
from harness.parts.steering.route53.balancer_zones import balancer_zone
from harness.topology.environment import Environment


def balancer_dns_name(region: str) -> str:
    """The DNS name of a region's load balancer, as an alias target."""
    return f"app-{region}.{region}.elb.amazonaws.com"


def create_edge(route53: Any, environment: Environment, edges: Mapping[str, Address], path: str) -> str:
    """Create the hosted zone, a health check per region, and the PRIMARY and SECONDARY alias records.

    route53: a boto3 client. edges: region -> the answered address and port of its edge. path: what health checks ask
    for. Returns the hosted zone's id.
    """
    edge = environment.edge
    zone_id: str = route53.create_hosted_zone(Name=edge.hosted_zone, CallerReference=f"drill-{edge.hosted_zone}")[
        "HostedZone"
    ]["Id"].rsplit("/", 1)[-1]
    changes = []
    for region in (environment.primary, environment.standby):
        check = _create_health_check(route53, environment, region.name, edges[region.name], path)
        changes.append(_record(environment, region.name, "PRIMARY" if region.role == "primary" else "SECONDARY", check))
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    return zone_id


def set_negative_ttl(route53: Any, zone_id: str, ttl_s: float) -> None:
    """Give the zone's SOA record another TTL: so long may others remember that a name does not exist."""
    records = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    soa = next(record for record in records if record["Type"] == "SOA")
    change = {"Action": "UPSERT", "ResourceRecordSet": {**soa, "TTL": round(ttl_s)}}
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [change]})


def _create_health_check(route53: Any, environment: Environment, region: str, edge: Address, path: str) -> str:
    checks = environment.health_checks
    created = route53.create_health_check(
        CallerReference=f"drill-{region}",
        HealthCheckConfig={
            "IPAddress": edge[0],
            "Port": edge[1],
            "Type": "HTTP",
            "ResourcePath": path,
            "FullyQualifiedDomainName": environment.edge.record,
            "RequestInterval": checks.request_interval_s,
            "FailureThreshold": checks.failure_threshold,
        },
    )
    return str(created["HealthCheck"]["Id"])


def _record(environment: Environment, region: str, role: str, health_check_id: str) -> dict[str, Any]:
    return {
        "Action": "UPSERT",
        "ResourceRecordSet": {
            "Name": environment.edge.record,
            "Type": "A",
            "SetIdentifier": region,
            "Failover": role,
            "AliasTarget": {
                "HostedZoneId": balancer_zone(region),
                "DNSName": f"dualstack.{balancer_dns_name(region)}",
                "EvaluateTargetHealth": environment.health_checks.evaluate_target_health,
            },
            "HealthCheckId": health_check_id,
        },
    }
