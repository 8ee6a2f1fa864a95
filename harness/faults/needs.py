"""What a fault needs that not every world can do, by the names that a world's capabilities give it.

A fault says what it needs (`Fault.needs`), the parts of a world what they can (`Part.capabilities`). A drill whose
faults need more than that is not measurable there: it is left out before anything is broken, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

REFUSED_OPERATIONS = "refused_operations"
POISON_RECORDS = "poison_records"
TABLE_CORRUPTION = "table_corruption"
TABLE_DELETION = "table_deletion"
BACKUPS = "backups"
POWER_CYCLE = "database_power_cycle"
PROVIDER_API = "provider_api"
PROVIDER_CONTROL_PLANE = "provider_control_plane"
PROVIDER_HEALTH_CHECKS = "provider_health_checks"
ROUTING_CONTROLS = "routing_controls"
PODS = "pods"
SHOP_OPEN = "shop"
SERVICE_REPLICATION = "service_replication"
WRITES_ON_BOTH_SIDES = "writes_on_both_sides"
ONE_SIDE_WRITES = "one_side_writes"
"""Asked for only where the subject's file promises the contrary, so that no world can give it."""
EVENTUAL_TABLES, STRONG_TABLES = "global_tables_eventual", "global_tables_strong"
STREAMS_TO_FUNCTIONS = "streams_to_functions"
THIRD_PARTIES = "third_parties"
AUDIENCE = "audience"
DNS_PATHS = "dns_path_faults"
LIVENESS_AS_READINESS = "liveness-as-readiness"
"""A change of the application's pods that whoever has `pods` can roll out."""
FROZEN_FAILOVER = "frozen_failover"
"""Of a world that says nothing of it, anybody can: only one that is not ours says why not."""

_WORDS = {
    REFUSED_OPERATIONS: "makes a database refuse operations of one kind",
    POISON_RECORDS: "writes records past the application",
    TABLE_CORRUPTION: "rewrites what is stored past the application",
    TABLE_DELETION: "deletes a region's tables",
    BACKUPS: "restores tables (`recovery: {kind: backups}`)",
    PROVIDER_API: "has an API of a provider that clients are steered by",
    PROVIDER_CONTROL_PLANE: "lets the API of whoever steers clients be lost while answers go on",
    PROVIDER_HEALTH_CHECKS: "lets the health checks of whoever steers clients go blind",
    SERVICE_REPLICATION: "replicates by a service of its own (`replication: {kind: global_tables}`)",
    EVENTUAL_TABLES: "has global tables with eventual consistency (`replication: {kind: global_tables}`)",
    STRONG_TABLES: "has global tables with strong consistency (`replication: {consistency: strong, ...}`)",
    POWER_CYCLE: "switches a database's server off and on again with its data kept",
    STREAMS_TO_FUNCTIONS: "feeds functions from streams (`functions: {kind: event_sources}`)",
    SHOP_OPEN: "is a shop (`shop: {kind: shopify}`)",
    THIRD_PARTIES: "stands for the systems of others (`third_parties: {kind: third_party}`)",
    AUDIENCE: "says who its users are (`audience: [{profile: jvm(30), weight: 10}, ...]`)",
    DNS_PATHS: "asks for names over links of its own (`dns: {kind: relay}`)",
    ROUTING_CONTROLS: "leads clients by routing controls (`steering: {kind: route53, routing_controls: {}}`)",
    PODS: "runs the application in pods (`platform: {kind: kubernetes}`)",
}


_CONTRADICTED = {
    ONE_SIDE_WRITES: "not measurable here: this scenario wants one side at a time to accept writes, and the subject's "
    "file promises that both may (`consistency: {writes: both}`)",
}
_COMPONENT, _JOURNEY = "component:", "journey:"


def component(name: str) -> str:
    """The need of a drill that is about one component of the subject."""
    return _COMPONENT + name


def journey(name: str) -> str:
    """The need of a drill that is about one journey of the subject."""
    return _JOURNEY + name


def lacking(needs: Iterable[str], capabilities: Mapping[str, bool | str]) -> str | None:
    """Why a world cannot do what is needed, in a sentence; None: it can. What nobody mentions, nobody can."""
    for name in dict.fromkeys(needs):
        can = capabilities.get(name, False)
        if can is not True:
            if name.startswith(_COMPONENT):
                return f"not measurable here: the subject runs no component called {name.removeprefix(_COMPONENT)}"
            if name.startswith(_JOURNEY):
                return f"not measurable here: the subject file names no journey {name.removeprefix(_JOURNEY)!r}"
            if name in _CONTRADICTED:
                return _CONTRADICTED[name]
            nobody = f"not measurable here: no part of this world {_WORDS.get(name, f'offers {name}')}"
            return can if isinstance(can, str) else nobody
    return None
