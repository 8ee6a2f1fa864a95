"""What each fault touches in a world of two regions, how it is undone, and what proves it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import InputError
from harness.faults.actions import (
    Action,
    AddToxic,
    AllowOperations,
    BlindHealthChecks,
    CorruptItems,
    CutLink,
    DeleteTables,
    DisableLink,
    DropRecord,
    EnableLink,
    FreezeProcess,
    KillProcess,
    LinkAction,
    LoseControlPlane,
    PutPoison,
    RefuseOperations,
    RelieveProvider,
    RemovePoison,
    RemoveToxic,
    RestoreControlPlane,
    RestoreRecord,
    StartProcess,
    SwitchOffDatabase,
    SwitchOnDatabase,
    ThawProcess,
    TroubleProvider,
    UnblindHealthChecks,
    undo,
)
from harness.faults.blast_radius import blast_radius
from harness.faults.catalogue import FAULTS, describe, fault_named
from harness.faults.commerce_actions import RelieveShop, TroubleShop
from harness.faults.model import Link, Plan, ProcessRef, process_canary
from harness.history.events import CanaryProbe
from harness.measurement.canary import Fails, Rate, Slow, judge_canary
from harness.measurement.models import FaultInterval
from harness.names import (
    CANARY,
    CHECKERS,
    CLIENTS,
    CONTROL_PLANE,
    DIGITALOCEAN,
    DYNAMODB_READS,
    DYNAMODB_WRITES,
    GLOBAL_TABLES,
    HEALTH_CHECKS,
    OUTSIDE,
    POISON_KEY,
    PROVIDER,
    RECORD,
    SHOP,
    SHOP_API,
    SHOP_TROUBLE,
    instance_name,
)
from harness.reporting import glossary

EAST, WEST = "us-east-1", "us-west-2"
INSTANCES = {
    f"storefront.{EAST}": EAST,
    f"storefront.{WEST}": WEST,
    f"replicator.{EAST}": EAST,
    f"monitor.{WEST}": WEST,
    "judge.outside": OUTSIDE,
}
PROCESSES = [ProcessRef(instance, place) for instance, place in INSTANCES.items()]


def home(place: str) -> str:
    return "" if place == OUTSIDE else place


def world() -> list[Link]:
    links = []
    for region in (EAST, WEST):
        for source in (CANARY, CHECKERS, CLIENTS):
            links.append(Link(source, OUTSIDE, region, region, "http", from_canary=source == CANARY))
        balancer, application = instance_name("lb", region), instance_name("storefront", region)
        links.append(Link(balancer, region, application, region, "http"))
    for instance, place in INSTANCES.items():
        for region in (EAST, WEST):
            links.append(Link(instance, place, region, region, "dynamodb", instance.partition(".")[0], home(place)))
        links.append(Link(instance, place, EAST, EAST, "route53", instance.partition(".")[0], home(place)))
    for place in (EAST, WEST, OUTSIDE):
        for region in (EAST, WEST):
            source = instance_name(CANARY, place)
            links.append(Link(source, place, region, region, "dynamodb", home=home(place), from_canary=True))
    for one, other in ((EAST, WEST), (WEST, EAST)):
        for source in (instance_name(GLOBAL_TABLES, one), instance_name(CANARY, instance_name(GLOBAL_TABLES, one))):
            watched = source.startswith(CANARY)
            links.append(Link(source, one, other, other, "dynamodb", home=one, from_canary=watched))
    for region in (EAST, WEST):
        for service in (DYNAMODB_WRITES, DYNAMODB_READS):
            links.append(Link(f"{CANARY}.{OUTSIDE}", OUTSIDE, region, region, service, from_canary=True))
    return links


LINKS = world()
IN_DATABASES = ("operations-refused", "poison-record", "table-corrupted", "tables-deleted")
OF_PROVIDERS = ("provider-outage", "provider-trouble", "record-replaced")
OF_STEERING = ("control-plane-outage", "health-checks-blind")
OF_PODS = ("pods-killed", "pod-frozen", "bad-deploy")
OF_PARTIES = tuple(kind for kind in FAULTS if kind.startswith("third-party"))
OF_DNS = ("resolver-outage", "name-server-outage", "dns-trouble")
ELSEWHERE = (*IN_DATABASES, *OF_PROVIDERS, *OF_STEERING, *OF_PODS, *OF_PARTIES, *OF_DNS, "shop-trouble")
ON_LINKS = [kind for kind in FAULTS if not kind.startswith("process") and kind not in ELSEWHERE]


def plan(kind: str, **parameters: Any) -> Plan:
    return fault_named(kind, **parameters).plan(LINKS, PROCESSES)


def healing(planned: Plan) -> list[Action]:
    return [mend for action in planned.apply if (mend := undo(action)) is not None]


def names(found: list[Link]) -> set[str]:
    return {link.name for link in found}


def test_region_outage_takes_every_link_with_an_end_there_and_clients_first() -> None:
    planned = plan("region-outage", region=EAST)
    expected = [link for link in LINKS if EAST in (link.source_place, link.target_place)]
    assert set(planned.links) == names(expected)
    assert planned.links[:2] == (f"clients->{EAST}:http", f"checkers->{EAST}:http")
    assert f"lb.{EAST}->storefront.{EAST}:http" in planned.links
    assert f"judge.outside->{EAST}:route53" in planned.links
    assert f"clients->{WEST}:http" not in planned.links


def test_region_isolated_leaves_the_inside_alone() -> None:
    planned = plan("region-isolated", region=EAST)
    assert f"lb.{EAST}->storefront.{EAST}:http" not in planned.links
    assert f"storefront.{EAST}->{EAST}:dynamodb" not in planned.links
    assert f"storefront.{EAST}->{WEST}:dynamodb" in planned.links
    assert f"monitor.{WEST}->{EAST}:dynamodb" in planned.links
    assert f"clients->{EAST}:http" in planned.links


def test_service_outage_takes_the_service_for_everybody_and_nothing_else() -> None:
    planned = plan("service-outage", region=EAST, service="dynamodb")
    assert set(planned.links) == names(
        [link for link in LINKS if link.target_place == EAST and link.service == "dynamodb"]
    )
    assert f"judge.outside->{EAST}:route53" in plan("service-outage", region=EAST, service="route53").links


def test_one_way_partition_leaves_the_other_way_alone() -> None:
    planned = plan("one-way-partition", source=EAST, to=WEST)
    assert planned == plan("one-way-partition", target=f"{EAST}->{WEST}")
    assert planned == plan("one-way-partition", source=EAST, target=WEST)
    assert set(planned.links) == {
        f"storefront.{EAST}->{WEST}:dynamodb",
        f"replicator.{EAST}->{WEST}:dynamodb",
        f"canary.{EAST}->{WEST}:dynamodb",
        f"global-tables.{EAST}->{WEST}:dynamodb",
        f"canary.global-tables.{EAST}->{WEST}:dynamodb",
    }
    assert planned.target == f"{EAST}->{WEST}"


def test_replication_stall_takes_what_goes_between_regions_only() -> None:
    planned = plan("replication-stall")
    assert f"replicator.{EAST}->{WEST}:dynamodb" in planned.links
    assert f"monitor.{WEST}->{EAST}:dynamodb" in planned.links
    assert f"canary.{WEST}->{EAST}:dynamodb" in planned.links
    assert not any("outside" in link or f"{EAST}->{EAST}" in link or "route53" in link for link in planned.links)
    assert plan("replication-stall", target=WEST, component="replicator").links == (
        f"canary.global-tables.{EAST}->{WEST}:dynamodb",
        f"canary.{EAST}->{WEST}:dynamodb",
        f"replicator.{EAST}->{WEST}:dynamodb",
    )


@pytest.mark.parametrize("kind", ["replication-paused", "replication-slowed"])
def test_what_hits_the_replication_service_hits_nothing_else_and_may_have_a_direction(kind: str) -> None:
    there = (f"canary.global-tables.{EAST}->{WEST}:dynamodb", f"global-tables.{EAST}->{WEST}:dynamodb")
    assert plan(kind, source=EAST, to=WEST).links == there
    assert plan(kind, source=EAST, to=WEST).canary.links == there[:1]
    assert len(plan(kind).links) == 4
    assert "global-tables" in "".join(plan("region-outage", region=EAST).links)
    assert there[1] in plan("replication-stall").links
    assert there[1] in plan("service-outage", region=WEST).links
    with pytest.raises(InputError, match="touches no link"):
        fault_named(kind).plan([link for link in LINKS if "global-tables" not in link.name], PROCESSES)


def test_gray_failure_hits_callers_but_not_health_checkers() -> None:
    planned = plan("gray-failure", region=EAST, rate=0.35, service="http")
    assert planned.links == (f"clients->{EAST}:http", f"canary->{EAST}:http")
    action = planned.apply[0]
    assert isinstance(action, AddToxic)
    assert (action.type, action.stream, action.toxicity) == ("request_failure", "upstream", 1.0)
    assert action.attributes == {"rate": 0.35, "mode": "reset"}
    expected = planned.canary.expected
    assert isinstance(expected, Rate)
    assert expected.low < 0.35 < expected.high
    assert f"storefront.{EAST}->{EAST}:dynamodb" in plan("gray-failure", region=EAST).links


def test_latency_delays_each_answer_once() -> None:
    planned = plan("latency", region=EAST, latency_ms=300, jitter_ms=50)
    assert {(a.type, a.stream) for a in planned.apply if isinstance(a, AddToxic)} == {("latency", "downstream")}
    assert planned.canary.expected == Slow(250)
    assert len(planned.apply) == len(planned.links)


def test_process_faults_find_instances_and_components() -> None:
    assert plan("process-kill", instance=f"monitor.{WEST}").apply == (KillProcess(f"monitor.{WEST}"),)
    frozen = plan("process-freeze", instance="storefront")
    assert frozen.apply == (FreezeProcess(f"storefront.{EAST}"), FreezeProcess(f"storefront.{WEST}"))
    assert healing(frozen) == [ThawProcess(f"storefront.{EAST}"), ThawProcess(f"storefront.{WEST}")]
    assert frozen.canary.links == (process_canary(f"storefront.{EAST}"), process_canary(f"storefront.{WEST}"))
    killed = plan("process-kill", instance="judge")
    assert healing(killed) == [StartProcess(action.instance) for action in killed.apply]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [("refuse", [DisableLink]), ("black-hole", [AddToxic]), ("reset", [AddToxic, AddToxic, CutLink])],
)
def test_modes_do_what_they_say_in_order(mode: str, kinds: list[type[Action]]) -> None:
    planned = plan("service-outage", region=EAST, mode=mode)
    first = [action for action in planned.apply if isinstance(action, LinkAction) and action.link == planned.links[0]]
    assert [type(action) for action in first] == kinds


def target_of(kind: str, region: str = EAST) -> str:
    if kind in ("one-way-partition", "replication-paused", "replication-slowed"):
        return f"{EAST}->{WEST}" if region == EAST else f"{WEST}->{EAST}"
    return f"storefront.{region}" if kind == "component-isolated" else region


@pytest.mark.parametrize("kind", ON_LINKS)
def test_healing_undoes_everything_and_the_witness_watches(kind: str) -> None:
    for mode in FAULTS[kind].modes:
        planned = plan(kind, mode=mode, target=target_of(kind))
        down = {action.link for action in planned.apply if isinstance(action, DisableLink)}
        up = {action.link for action in healing(planned) if isinstance(action, EnableLink)}
        added = {(a.link, a.name) for a in planned.apply if isinstance(a, AddToxic)}
        removed = {(a.link, a.name) for a in healing(planned) if isinstance(a, RemoveToxic)}
        assert (up, removed) == (down, added)
        assert len(added) == sum(isinstance(action, AddToxic) for action in planned.apply)
        assert planned.canary.links, "a fault that nobody watches proves nothing"
        assert set(planned.canary.links) <= set(planned.links)
        assert all(link.startswith("canary") for link in planned.canary.links)


@pytest.mark.parametrize("kind", [kind for kind in ON_LINKS if kind != "database-power-cycle"])  # it refuses
def test_one_fault_on_two_targets_holds_twice_and_heals_one_by_one(kind: str) -> None:
    first, second = (plan(kind, target=target_of(kind, region)) for region in (EAST, WEST))
    toxics = [{a.name for a in planned.apply if isinstance(a, AddToxic)} for planned in (first, second)]
    assert all(toxics)
    assert not toxics[0] & toxics[1]


def test_an_isolated_component_takes_its_own_links_and_the_canaries_that_prove_it() -> None:
    planned = plan("component-isolated", instance="judge.outside")
    assert set(planned.links) == {
        f"judge.outside->{EAST}:dynamodb",
        f"judge.outside->{WEST}:dynamodb",
        f"judge.outside->{EAST}:route53",
        f"canary.outside->{EAST}:dynamodb",
        f"canary.outside->{WEST}:dynamodb",
    }
    assert set(plan("component-isolated", instance="judge", to=WEST).links) == {
        f"judge.outside->{WEST}:dynamodb",
        f"canary.outside->{WEST}:dynamodb",
    }
    assert (
        plan("component-isolated", instance="judge", to=f"nyc3,{WEST}").links
        == plan("component-isolated", instance="judge", to=WEST).links
    )
    served = plan("component-isolated", instance=f"storefront.{EAST}").links
    assert f"lb.{EAST}->storefront.{EAST}:http" in served
    assert f"clients->{EAST}:http" not in served
    assert not any(link.startswith(("replicator", "monitor")) for link in served)


@pytest.mark.parametrize(("kind", "service"), [("writes", DYNAMODB_WRITES), ("reads", DYNAMODB_READS)])
def test_refused_operations_touch_one_database_and_no_link(kind: str, service: str) -> None:
    for mode in FAULTS["operations-refused"].modes:
        planned = plan("operations-refused", region=EAST, operations=kind, mode=mode)
        [refused] = planned.apply
        assert isinstance(refused, RefuseOperations)
        assert healing(planned) == [AllowOperations(EAST, refused.name)]
        assert (planned.links, planned.databases) == ((), (EAST,))
        assert planned.canary.links == (f"canary.outside->{EAST}:{service}",)
        assert planned.canary.expected == Fails()
    both = [plan("operations-refused", region=EAST, operations=kind).apply[0] for kind in ("writes", "reads")]
    operations = [set(action.operations) for action in both if isinstance(action, RefuseOperations)]
    assert not operations[0] & operations[1]
    assert len({getattr(action, "name", "") for action in both}) == 2


def provider_links() -> list[Link]:
    """A world whose clients are steered through an API."""
    api = [
        Link(source, place, DIGITALOCEAN, OUTSIDE, DIGITALOCEAN, component, home(place), component == "")
        for source, place, component in (
            (CANARY, OUTSIDE, ""), ("intermediary.outside", OUTSIDE, "intermediary"), (f"app.{EAST}", EAST, "app"),
        )
    ]  # fmt: skip
    return [*LINKS, *api, Link(CANARY, OUTSIDE, DIGITALOCEAN, OUTSIDE, RECORD, from_canary=True)]


def test_a_provider_that_is_lost_is_lost_to_all_who_call_it() -> None:
    for mode in FAULTS["provider-outage"].modes:
        planned = fault_named("provider-outage", mode=mode).plan(provider_links(), PROCESSES)
        assert set(planned.links) == {
            f"{source}->digitalocean:digitalocean" for source in ("canary", "intermediary.outside", f"app.{EAST}")
        }
        assert planned.canary.links == ("canary->digitalocean:digitalocean",)
        assert len(healing(planned)) == sum(not isinstance(action, CutLink) for action in planned.apply)


def test_trouble_of_an_api_touches_no_link_and_ends_with_its_heal() -> None:
    for mode in FAULTS["provider-trouble"].modes:
        planned = fault_named("provider-trouble", mode=mode).plan(provider_links(), PROCESSES)
        [trouble] = planned.apply
        assert isinstance(trouble, TroubleProvider)
        assert trouble.trouble == mode
        assert healing(planned) == [RelieveProvider(DIGITALOCEAN, trouble.name)]
        assert (planned.links, planned.canary.links) == ((), ("canary->digitalocean:digitalocean",))
        assert "touches the API of digitalocean" in blast_radius(planned)


def shop_links() -> list[Link]:
    """A world with a shop."""
    instance = f"storefront.{EAST}"
    api = Link(instance, EAST, SHOP, OUTSIDE, SHOP_API, "storefront", EAST)
    tells = [Link(SHOP, OUTSIDE, place, place, "http") for place in (EAST, WEST)]
    return [*LINKS, api, *tells, Link(f"{CANARY}.{OUTSIDE}", OUTSIDE, SHOP, OUTSIDE, SHOP_TROUBLE, from_canary=True)]


def test_trouble_of_a_shop_touches_no_link_and_ends_with_its_heal() -> None:
    for mode in FAULTS["shop-trouble"].modes:
        planned = fault_named("shop-trouble", mode=mode).plan(shop_links(), PROCESSES)
        [trouble] = planned.apply
        assert isinstance(trouble, TroubleShop)
        assert (trouble.trouble, trouble.place) == (mode, "")
        assert healing(planned) == [RelieveShop(mode)]
        assert (planned.links, planned.canary.links) == ((), ("canary.outside->shop:shop-trouble",))
        assert "touches the shop" in blast_radius(planned)


def test_tokens_expire_for_one_place_and_a_lost_region_hears_nothing_of_the_shop() -> None:
    expired = fault_named("shop-trouble", target=EAST, mode="token-expired").plan(shop_links(), PROCESSES)
    assert expired.apply == (TroubleShop("token-expired", EAST),)
    lost = fault_named("region-outage", target=EAST).plan(shop_links(), PROCESSES)
    assert {f"shop->{EAST}:http", f"storefront.{EAST}->shop:shop-api"} <= set(lost.links)
    assert f"shop->{WEST}:http" not in lost.links
    for target, mode, text in ((WEST, "token-expired", "nobody there calls it"), (EAST, "forged", "one place alone")):
        with pytest.raises(InputError, match=text):
            fault_named("shop-trouble", target=target, mode=mode).plan(shop_links(), PROCESSES)


def test_a_record_that_is_replaced_is_looked_for_by_a_canary() -> None:
    planned = fault_named("record-replaced").plan(provider_links(), PROCESSES)
    assert planned.apply == (DropRecord(DIGITALOCEAN),)
    assert healing(planned) == [RestoreRecord(DIGITALOCEAN)]
    assert planned.canary.links == ("canary->digitalocean:record",)
    assert "loses the application's record, which the heal makes anew" in blast_radius(planned)


@pytest.mark.parametrize(("gone", "seen"), [(10, True), (5, True), (1, True), (0, False)])
def test_a_record_that_somebody_else_puts_back_was_gone_all_the_same(gone: int, seen: bool) -> None:
    canary = fault_named("record-replaced").plan(provider_links(), PROCESSES).canary
    probes = [CanaryProbe(canary.links[0], not 100 <= ns < 100 + 10 * gone, ns, ns + 1) for ns in range(0, 300, 10)]
    judged = judge_canary(probes, canary.links, canary.expected, FaultInterval(95, 96, 200, 201))
    assert judged.observed is seen, judged.sentence
    assert judged.healed


def test_whoever_steers_clients_may_lose_its_api_and_its_sight() -> None:
    links = [Link(CANARY, OUTSIDE, PROVIDER, OUTSIDE, s, from_canary=True) for s in (CONTROL_PLANE, HEALTH_CHECKS)]
    for kind, watched, broken, mended in (
        ("control-plane-outage", links[0], LoseControlPlane, RestoreControlPlane()),
        ("health-checks-blind", links[1], BlindHealthChecks, UnblindHealthChecks()),
    ):
        for mode in FAULTS[kind].modes:
            planned = fault_named(kind, mode=mode).plan([*LINKS, *links], PROCESSES)
            assert planned.apply == (broken(mode),)
            assert healing(planned) == [mended]
            assert (planned.links, planned.canary.links) == ((), (watched.name,))
            assert "touches whoever steers clients" in blast_radius(planned)
        with pytest.raises(InputError, match="the provider that clients are steered by, and there are none"):
            plan(kind)


def test_where_there_is_no_provider_nothing_can_happen_to_it() -> None:
    for kind in OF_PROVIDERS:
        with pytest.raises(InputError, match="a provider with an API, and there are none"):
            plan(kind)


def test_a_power_cycle_ends_one_server_and_refuses_whoever_dials_it() -> None:
    planned = plan("database-power-cycle", region=EAST)
    assert planned.apply[0] == SwitchOffDatabase(EAST)
    assert planned.databases == (EAST,)
    assert set(planned.links) == {link.name for link in LINKS if link.target == EAST and "dynamodb" in link.service}
    assert f"clients->{EAST}:http" not in planned.links
    assert set(planned.canary.links) == {link for link in planned.links if link.startswith(CANARY)}
    assert SwitchOnDatabase(EAST) in healing(planned)
    told = blast_radius(planned)
    assert f"database of {EAST}  ends at once, as without power" in told
    assert "starts the database's server again, on what it has stored" in told


def test_poison_is_written_to_one_database_and_removed_from_it() -> None:
    planned = plan("poison-record", region=WEST, records=3)
    keys = (POISON_KEY, f"{POISON_KEY}-2", f"{POISON_KEY}-3")
    assert planned.apply == (PutPoison(WEST, keys),)
    assert healing(planned) == [RemovePoison(WEST, keys)]
    assert planned.canary.links == (f"canary.outside->{WEST}:{DYNAMODB_READS}",)


def test_values_are_corrupted_and_tables_deleted_in_one_database_and_no_heal_mends_that() -> None:
    corrupted, deleted = plan("table-corrupted", region=WEST, items=7), plan("tables-deleted", region=WEST)
    assert corrupted.apply == (CorruptItems(WEST, 7, POISON_KEY),)
    assert healing(corrupted) == [RemovePoison(WEST, (POISON_KEY,))]
    assert deleted.apply == (DeleteTables(WEST),)
    assert healing(deleted) == []
    for planned in (corrupted, deleted):
        assert planned.canary.links == (f"canary.outside->{WEST}:{DYNAMODB_READS}",)
        assert (planned.links, planned.databases) == ((), (WEST,))
    assert "has the values of up to 7 of its items rewritten" in blast_radius(corrupted)
    assert "healing mends none of these values" in blast_radius(corrupted)
    assert "has all of its tables deleted" in blast_radius(deleted)
    assert "healing brings none of these tables back" in blast_radius(deleted)


def test_a_lost_region_is_proven_by_canaries_that_fail() -> None:
    assert plan("region-outage", region=EAST).canary.expected == Fails()


@pytest.mark.parametrize(
    ("kind", "parameters", "text"),
    [
        ("region-outage", {"region": "eu-west-1"}, r"touches no link; there are us-east-1, us-west-2"),
        ("process-kill", {"instance": "ghost"}, r"no such process; there are judge.outside, monitor.us-west-2"),
        ("region-lost", {"region": EAST}, r"no fault is called 'region-lost'.*region-outage"),
        ("region-outage", {}, r"needs a target \(region\)"),
        ("region-outage", {"region": EAST, "mode": "melt"}, r"'melt' is none of black-hole, refuse, reset"),
        ("region-outage", {"region": EAST, "size": 3}, r"no parameter is called 'size'; there are: none"),
        ("latency", {"region": EAST, "latency_ms": "much"}, r"latency_ms must be of type int, not 'much'"),
        ("latency", {"region": EAST, "latency_ms": 10, "jitter_ms": 10}, r"jitter_ms < latency_ms"),
        ("gray-failure", {"region": EAST, "rate": 0}, r"rate is a share above 0"),
        ("component-isolated", {"instance": "ghost"}, r"a process or a component, and there are judge.outside, mon"),
        ("operations-refused", {"region": EAST, "operations": "all"}, r"operations are writes or reads, not 'all'"),
        ("operations-refused", {"region": "eu-west-1"}, r"a database's region, and there are us-east-1, us-west-2"),
        ("poison-record", {"region": EAST, "records": 0}, r"records are 1 to 25, not 0"),
        ("table-corrupted", {"region": EAST, "items": 0}, r"items are 1 to 1000, not 0"),
        ("tables-deleted", {"region": "eu-west-1"}, r"a database's region, and there are us-east-1, us-west-2"),
        ("one-way-partition", {"source": EAST}, r"two places, A->B"),
        ("one-way-partition", {"target": EAST}, r"two places, A->B"),
        ("replication-paused", {"target": EAST}, r"`all` or two regions, A->B"),
        ("replication-slowed", {"latency_ms": 0}, r"from 1 to"),
    ],
)
def test_mistakes_are_told_with_what_exists(kind: str, parameters: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        plan(kind, **parameters)


def test_texts_from_a_command_line_become_values() -> None:
    fault = fault_named("latency", target=EAST, latency_ms="120", jitter_ms="5", mode=None)
    assert fault == fault_named("latency", region=EAST, latency_ms=120, jitter_ms=5)


def test_evidence_can_name_every_fault() -> None:
    for kind in FAULTS:
        target = target_of(kind)
        fault = fault_named(kind, target=target)
        assert (fault.kind, fault.target, fault.mode) == (kind, target, FAULTS[kind].modes[0])
        assert kind in describe()


def test_reports_have_plain_words_for_every_fault_and_its_modes() -> None:
    for kind, fault in FAULTS.items():
        for mode in fault.modes:
            told = glossary.fault(kind, "X", mode)
            assert not told.startswith(kind), "no word of ours"
            assert not ("-" in mode and f"({mode})" in told), "no word of ours"


def test_blast_radius_lists_what_is_touched_and_what_healing_does_not_bring_back() -> None:
    text = blast_radius(plan("region-outage", region=EAST, mode="reset"))
    assert text.startswith(f"region-outage {EAST}, reset: touches ")
    assert f"clients->{EAST}:http  reset_peer upstream timeout=0" in text
    assert "open connections are reset" in text
    assert "watched by a canary" in text
    killed = blast_radius(plan("process-kill", instance="monitor"))
    assert f"monitor.{WEST}  is killed" in killed
    assert f"healing starts these anew, without what they held in memory: monitor.{WEST}" in killed
    assert "healing" not in blast_radius(plan("process-freeze", instance="monitor"))
    refused = blast_radius(plan("operations-refused", region=EAST))
    assert refused.startswith(f"operations-refused {EAST}, error: touches 1 database")
    assert f"database of {EAST}  answers PutItem, UpdateItem," in refused
    poison = blast_radius(plan("poison-record", region=EAST))
    assert f"gets records that the application never wrote: {POISON_KEY}" in poison
    assert "healing removes these records where they were put" in poison
