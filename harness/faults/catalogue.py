"""All faults by name, and making one from what a scenario or a command line says."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any, get_type_hints

from harness.errors import InputError
from harness.faults.bad_deploy import BadDeploy
from harness.faults.component_isolated import ComponentIsolated
from harness.faults.control_plane_outage import ControlPlaneOutage
from harness.faults.database_power_cycle import DatabasePowerCycle
from harness.faults.dns_trouble import DnsTrouble
from harness.faults.gray_failure import GrayFailure
from harness.faults.health_checks_blind import HealthChecksBlind
from harness.faults.latency import Latency
from harness.faults.model import Fault
from harness.faults.name_server_outage import NameServerOutage
from harness.faults.one_way_partition import OneWayPartition
from harness.faults.operations_refused import OperationsRefused
from harness.faults.pod_frozen import PodFrozen
from harness.faults.pods_killed import PodsKilled
from harness.faults.poison_record import PoisonRecord
from harness.faults.process_freeze import ProcessFreeze
from harness.faults.process_kill import ProcessKill
from harness.faults.provider_outage import ProviderOutage
from harness.faults.provider_trouble import ProviderTrouble
from harness.faults.record_replaced import RecordReplaced
from harness.faults.region_isolated import RegionIsolated
from harness.faults.region_outage import RegionOutage
from harness.faults.replication_paused import ReplicationPaused
from harness.faults.replication_slowed import ReplicationSlowed
from harness.faults.replication_stall import ReplicationStall
from harness.faults.resolver_outage import ResolverOutage
from harness.faults.service_outage import ServiceOutage
from harness.faults.shop_trouble import ShopTrouble
from harness.faults.table_corrupted import TableCorrupted
from harness.faults.tables_deleted import TablesDeleted
from harness.faults.third_party_lies import ThirdPartyLies
from harness.faults.third_party_limited import ThirdPartyLimited
from harness.faults.third_party_maintenance import ThirdPartyMaintenance
from harness.faults.third_party_outage import ThirdPartyOutage
from harness.faults.third_party_slow import ThirdPartySlow
from harness.faults.third_party_trouble import ThirdPartyTrouble

FAULTS: dict[str, type[Fault]] = {
    fault.kind: fault
    for fault in (
        RegionOutage,
        RegionIsolated,
        ServiceOutage,
        Latency,
        GrayFailure,
        OneWayPartition,
        ReplicationStall,
        ReplicationPaused,
        ReplicationSlowed,
        ComponentIsolated,
        OperationsRefused,
        PoisonRecord,
        TableCorrupted,
        TablesDeleted,
        DatabasePowerCycle,
        ProcessKill,
        ProcessFreeze,
        ProviderOutage,
        ProviderTrouble,
        RecordReplaced,
        ControlPlaneOutage,
        HealthChecksBlind,
        ShopTrouble,
        PodsKilled,
        PodFrozen,
        BadDeploy,
        ThirdPartyOutage,
        ThirdPartySlow,
        ThirdPartyTrouble,
        ThirdPartyLimited,
        ThirdPartyMaintenance,
        ThirdPartyLies,
        ResolverOutage,
        NameServerOutage,
        DnsTrouble,
    )
}


_DIRECTED = (OneWayPartition, ReplicationPaused, ReplicationSlowed)
"""Faults whose target may be given by both of its ends."""


def fault_named(kind: str, *, target: str | None = None, mode: str | None = None, **parameters: Any) -> Fault:
    """The fault `kind` with its parameters; None means the default.

    target may also be called `region` or `instance`, where the fault is one of these; what has a direction takes
    `source` and `to` (or `target`). Values may be texts. Raises InputError that lists what exists.
    """
    if kind not in FAULTS:
        close = difflib.get_close_matches(kind, FAULTS, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InputError(f"no fault is called {kind!r}; there are: {', '.join(FAULTS)}{hint}")
    fault = FAULTS[kind]
    given = {name: value for name, value in parameters.items() if value is not None}
    target = _target(fault, target, given)
    named = {"target": target, "mode": mode, **given}
    return fault(**{name: _value(fault, name, value) for name, value in named.items() if value is not None})


def struck(kind: str, service: str | None = None) -> str | None:
    """The service whose region a fault hits; None: the place itself. service: what its scenario says of that."""
    return service or (FAULTS[kind].strikes if kind in FAULTS else "") or None


def parameters_of(fault: type[Fault]) -> dict[str, Any]:
    """The parameters beside target and mode, with their defaults."""
    return {field.name: field.default for field in dataclasses.fields(fault) if field.name not in ("target", "mode")}


def describe() -> str:
    """One line for each fault: its name, modes, target and parameters."""
    lines = []
    for fault in FAULTS.values():
        extra = "".join(f", {name}={default!r}" for name, default in parameters_of(fault).items())
        lines.append(f"{fault.kind}: target {fault.target_is}; mode {' | '.join(fault.modes)}{extra}")
    return "\n".join(lines)


def _target(fault: type[Fault], target: str | None, given: dict[str, Any]) -> str | None:
    """Takes the target's other names out of `given`."""
    target = given.pop(fault.target_is, target)
    if fault in _DIRECTED and "source" in given:
        to = given.pop("to", target)
        target = f"{given.pop('source')}->{to or ''}"
    needs_one = next(f for f in dataclasses.fields(fault) if f.name == "target").default is dataclasses.MISSING
    if target is None and needs_one:
        raise InputError(f"{fault.kind}: needs a target ({fault.target_is})")
    return target


def _value(fault: type[Fault], name: str, value: Any) -> Any:
    types = {"target": str, "mode": str} | {key: get_type_hints(fault)[key] for key in parameters_of(fault)}
    if name not in types:
        known = ", ".join(parameters_of(fault)) or "none"
        raise InputError(f"{fault.kind}: no parameter is called {name!r}; there are: {known}")
    try:
        return types[name](value)
    except (TypeError, ValueError):
        raise InputError(f"{fault.kind}: {name} must be of type {types[name].__name__}, not {value!r}") from None
