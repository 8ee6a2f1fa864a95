"""Every key of an environment file: the world follows it, and what judges it knows, or the file is refused.

Found by walking the models, so a key that is added has to be added here, with what follows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML
from simulated_backend import Nowhere, subject

from harness.drill import options
from harness.drill.case import unanswered_ns
from harness.drill.case_audience import audience_of
from harness.drill.evidence import Objectives
from harness.drill.plan import conditions_of, law_of, limits_of
from harness.drill.settings import Settings
from harness.drill.stopping.stated import conditions_of as stopped_by
from harness.engines.aws import clients
from harness.errors import InputError, Problem
from harness.live import ground as live_ground
from harness.live.clients import witness_config
from harness.parts.links.toxiproxy import real_server
from harness.parts.links.toxiproxy.client import Proxy
from harness.parts.links.toxiproxy.part import Toxiproxy
from harness.parts.steering.route53 import part as route53
from harness.parts.steering.route53.edge_records import create_edge
from harness.topology import kinds
from harness.topology.environment import Environment, Section
from harness.topology.load import load_environment
from harness.topology.timing import Profile, Timing
from harness.wire.admin_client import AdminClient
from harness.world.assembly import assemble, build
from harness.world.part import Blueprint

Key = tuple[str, ...]
TIMING = Timing(Profile.PRODUCTION)

LABELS = {("environment",), ("description",), ("profile",)}
"""What it is called, and the profile of a run that names none: no world is made otherwise by them."""

OTHER: Mapping[Key, Any] = {
    ("places", "name"): "eu-west-1",
    ("places", "role"): "third",
    ("places", "database"): "us-east-2",
    ("subject",): "other.yaml",
    ("toxiproxy_port",): 8475,
    ("edge", "hosted_zone"): "app.example.com",
    ("edge", "record"): "www.example.com",
    ("edge", "ttl_s"): 600,
    ("edge", "port"): 18080,
    ("edge", "dns_port"): 15353,
    ("steering", "negative_ttl_s"): 300,
    ("health_checks", "request_interval_s"): 30,
    ("health_checks", "failure_threshold"): 2,
    ("health_checks", "connect_timeout_s"): 40,
    ("health_checks", "status_timeout_s"): 20,
    ("health_checks", "checkers"): 8,
    ("health_checks", "evaluate_target_health"): False,
    ("region_servers", "expired_late_s"): 600,
    ("links", "server"): "real",
    ("links", "port"): 8475,
    ("load_balancer", "like"): "digitalocean",
    ("load_balancer", "algorithm"): "least_connections",
    ("load_balancer", "sticky"): {"cookie_name": "DO-LB"},
    ("load_balancer", "interval_s"): 120,
    ("load_balancer", "timeout_s"): 9,
    ("load_balancer", "healthy_threshold"): 10,
    ("load_balancer", "unhealthy_threshold"): 9,
    ("load_balancer", "response_timeout_s"): 30,
    ("steering", "policy"): "weighted",
    ("steering", "weights"): {"us-east-1": 7},
    ("steering", "clients_at"): "DE",
    ("steering", "locations"): {"203.0.113.0/24": "US-CA"},
    ("steering", "routing_controls"): {"agree": 3},
    ("steering", "metrics"): True,
    ("steering", "alarm"): {
        "namespace": "shop",
        "metric": "served",
        "comparison": "LessThanThreshold",
        "threshold": 1,
    },
    ("workload", "dns_clients"): 8,
    ("workload", "rate_per_s"): 20,
    ("workload", "other_period_s"): 1,
    ("workload", "timeout_s"): 2,
    **{(section.key, "kind"): "nobody" for section in kinds.SECTIONS},
    **{
        ("stop", kind, key): value
        for kind in ("errors", "latency")
        for key, value in {"share": 0.9, "window_s": 60, "requests": 5, "place": "us-west-2"}.items()
    },
    ("stop", "latency", "above_ms"): 800,
    ("audience", "profile"): "chrome(60)",
    ("audience", "weight"): 7,
    ("audience", "clients"): 8,
    ("audience", "behind"): "coredns(30)",
    ("audience", "ipv6"): "silent",
    ("stop", "command", "command"): ["see"],
    ("stop", "command", "every_s"): 2,
    ("stop", "command", "timeout_s"): 3,
}
"""Another value for each key than the file of this test has."""

JUDGED = {
    ("health_checks", "request_interval_s"), ("health_checks", "failure_threshold"), ("health_checks", "checkers"),
    ("health_checks", "evaluate_target_health"), ("load_balancer", "interval_s"), ("load_balancer", "timeout_s"),
    ("load_balancer", "healthy_threshold"), ("load_balancer", "unhealthy_threshold"), ("workload", "dns_clients"),
    ("workload", "rate_per_s"), ("workload", "timeout_s"), ("load_balancer", "like"),
    ("audience", "profile"), ("audience", "weight"), ("audience", "clients"), ("audience", "behind"),
    ("audience", "ipv6"),
    *(key for key in OTHER if key[0] == "stop"),
}  # fmt: skip
"""What predictions, the window W, the judgement of single operations or stop conditions are made from."""

JUDGED_ALONE = {("audience", "weight")}
"""What no world is made otherwise by: how much a part of it counts."""

REFUSED = {
    ("edge", "ttl_s"): "edge.ttl_s: Route 53 fixes how long what it answers for an alias to a load balancer can be "
    "cached: 60 s, not 600; leave it out",
    (
        "health_checks",
        "connect_timeout_s",
    ): "health_checks.connect_timeout_s: Route 53 fixes how long its HTTP checkers "
    "wait for a connection: 4 s, not 40; leave it out",
    ("health_checks", "status_timeout_s"): "health_checks.status_timeout_s: Route 53 fixes how long its HTTP checkers "
    "wait for a status: 2 s, not 20; leave it out",
    ("steering", "weights"): "weights are for `policy: weighted`",
    ("steering", "routing_controls"): "health_checks.evaluate_target_health: routing controls alone are to lead",
    ("steering", "alarm"): "health_checks.evaluate_target_health: alarms alone are to lead clients",
    ("places", "role"): "places: needs one primary and one standby, got: us-east-1 (primary), us-west-2 (third)",
    **{
        (section.key, "kind"): f"{section.key}.kind: no part is called 'nobody'; there are:"
        for section in kinds.SECTIONS
    },
}
"""What the world of this file cannot follow."""


def document() -> dict[str, Any]:
    """A file that says every section; of two places the second one is changed."""
    return {
        "environment": "mine",
        "places": [{"name": "us-east-1", "role": "primary"}, {"name": "us-west-2", "role": "standby"}],
        "edge": {"record": "app.example.com"},
        "objectives": {"fast": {"rto_s": 20}, "production": {"rto_s": 150}},
        "audience": [{"profile": "honest"}, {"profile": "happy_eyeballs"}],
        "stop": {"errors": {}, "latency": {"above_ms": 500}, "command": {"command": ["look"]}},
        "subject": "subject.yaml",
    }


def leaves(model: type[BaseModel], at: Key = ()) -> Iterator[Key]:
    """Every key that a file may have."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        inner = [found for found in _models(field.annotation) if not issubclass(found, Section)]
        if Section in _models(field.annotation):
            section = kinds.section_named(name)
            keys = () if section.default is None else kinds.spec_of(section, None).model_fields
            yield from ((*at, name, key) for key in ("kind", *keys))
        elif inner:
            yield from leaves(inner[0], (*at, name))
        else:
            yield (*at, name)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def changed(key: Key) -> dict[str, Any]:
    """The file with another value for one key."""
    body: Any = document()
    node = body
    for step in key[:-1]:
        node = node[1] if isinstance(node, list) else node
        node = node.setdefault(step, {})
    node = node[1] if isinstance(node, list) else node
    node[key[-1]] = OTHER[key]
    return dict(body)


class Ground(Nowhere):
    """Remembers what each process was told."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.edges = live_ground.edges_of(environment)
        self.told: dict[str, Mapping[str, Any]] = {}

    def spawn(self, group: str, name: str, module: str, config: Mapping[str, Any]) -> Any:
        self.told[name] = config
        return super().spawn(group, name, module, config)

    def run(self, name: str, argv: Sequence[str], *rest: Any) -> Any:
        self.told[name] = {"argv": list(argv)}
        return SimpleNamespace(name=name, ready=lambda timeout_s: {})


class Calls:
    """A client that remembers what it was asked."""

    def __init__(self) -> None:
        self.made: list[Any] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.made.append((operation, arguments))
            return {
                "HostedZone": {"Id": "/hostedzone/Z"},
                "HealthCheck": {"Id": f"check-{len(self.made)}"},
                "ResourceRecordSets": [{"Type": "SOA", "TTL": 900}],
            }

        return call

    def close(self) -> None:
        """Nothing is open."""


def world_of(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """All that processes, Route 53 and clients are told in a world of this environment, and which subject runs."""

    def listening(wanted: Sequence[Proxy]) -> dict[str, Proxy]:
        return {proxy.name: Proxy(proxy.name, ("127.0.0.1", 2001), proxy.upstream) for proxy in wanted}

    blueprint = Blueprint(environment, subject(), TIMING)
    calls = Calls()
    monkeypatch.setattr(live_ground, "choose_port", lambda hosts, wanted, name: wanted or 80)
    monkeypatch.setattr(clients, "RegionClients", lambda *_: SimpleNamespace(client=lambda _: calls))
    monkeypatch.setattr(route53, "create_edge", lambda _, *rest: create_edge(calls, *rest))
    monkeypatch.setattr(AdminClient, "post", lambda *_: None)
    monkeypatch.setattr(Toxiproxy, "client", SimpleNamespace(populate=listening))
    monkeypatch.setattr(real_server, "program", lambda: Path("/usr/bin/toxiproxy-server"))
    ground = Ground(environment)
    net = assemble(build(blueprint), blueprint, ground)
    run = SimpleNamespace(environment=environment, subject=blueprint.subject, timing=TIMING, seed=0)
    return {
        "processes": {name: dict(config) for name, config in ground.told.items()},
        "published": calls.made,
        "clients": witness_config(run, net, ("127.0.0.1", 53)),  # type: ignore[arg-type]
        "subject": environment.subject,
        "watched": stopped_by(environment, TIMING, Settings()),
    }


def judged_by(environment: Environment) -> tuple[Any, ...]:
    """All constants that a drill in it is predicted from and judged by."""
    objectives = Objectives(None, None, None, None)
    return (
        conditions_of(environment, TIMING),
        law_of(environment, TIMING),
        limits_of(environment, TIMING, objectives),
        unanswered_ns_of(environment),
        stopped_by(environment, TIMING, Settings()),
        audience_of(environment, TIMING),
    )


def unanswered_ns_of(environment: Environment) -> int:
    return unanswered_ns(environment.workload.timeout_s)


def loaded(body: Mapping[str, Any], folder: Path) -> Environment:
    path = folder / "mine.yaml"
    with path.open("w") as file:
        YAML().dump(dict(body), file)
    return load_environment(path)


KEYS = [key for key in leaves(Environment) if key not in LABELS and key[0] != "objectives"]


def test_every_key_is_looked_at() -> None:
    assert set(KEYS) == set(OTHER)


@pytest.mark.parametrize("key", KEYS, ids=".".join)
def test_the_world_follows_a_key_or_the_file_is_refused_by_its_line(
    key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key in REFUSED:
        with pytest.raises(InputError) as refused:
            loaded(changed(key), tmp_path)
        (problem,) = refused.value.problems
        assert isinstance(problem, Problem)
        assert REFUSED[key] in problem.text
        assert problem.line is not None
        return
    before, after = loaded(document(), tmp_path), loaded(changed(key), tmp_path)
    assert (world_of(after, monkeypatch) == world_of(before, monkeypatch)) is (key in JUDGED_ALONE)
    assert (judged_by(after) != judged_by(before)) is (key in JUDGED)


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("key", ["rto_s", "rpo_s", "rpo_items", "error_budget", "failback_s"])
def test_promises_are_judged_in_their_profile(key: str, profile: Profile, tmp_path: Path) -> None:
    body = document()
    body["objectives"][profile.value][key] = 1
    before, after = loaded(document(), tmp_path), loaded(body, tmp_path)
    for one in Profile:
        differs = before.objectives_of(one) != after.objectives_of(one)
        assert differs is (one is profile)


def test_what_route_53_fixes_may_be_written_down(tmp_path: Path) -> None:
    body = document()
    body["edge"]["ttl_s"] = 60
    body["health_checks"] = {"connect_timeout_s": 4, "status_timeout_s": 2.0}
    assert loaded(body, tmp_path).edge.ttl_s == 60


def test_all_that_route_53_does_not_follow_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "environment: mine\nplaces: [{name: a, role: primary}, {name: b, role: standby}]\nedge:\n  ttl_s: 5\n"
        "health_checks:\n  status_timeout_s: 1\n  connect_timeout_s: 3\n"
        "objectives: {fast: {rto_s: 20}, production: {rto_s: 150}}\n"
    )
    with pytest.raises(InputError) as refused:
        load_environment(path)
    lines = [p.line for p in refused.value.problems if isinstance(p, Problem)]
    assert sorted(line or 0 for line in lines) == [4, 6, 7]


@pytest.mark.parametrize("role", ["7", "7.5", "true", "[primary]", "-x", "''"])
def test_a_role_that_is_no_word_is_refused_with_the_known_ones(role: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        f"environment: mine\nplaces:\n  - {{name: a, role: primary}}\n  - {{name: b, role: standby}}\n"
        f"  - {{name: c, role: {role}}}\nobjectives: {{fast: {{rto_s: 20}}, production: {{rto_s: 150}}}}\n"
    )
    with pytest.raises(InputError) as refused:
        load_environment(path)
    (problem,) = refused.value.problems
    assert isinstance(problem, Problem)
    assert problem.line == 5
    assert "places.2.role: no role; one of: primary, standby, or a word" in problem.text


def test_places_under_both_names_are_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "environment: mine\nplaces:\n  - {name: a, role: primary}\nregions:\n  - {name: b, role: standby}\n"
        "objectives: {fast: {rto_s: 20}, production: {rto_s: 150}}\n"
    )
    with pytest.raises(InputError) as refused:
        load_environment(path)
    text = "regions: another name of `places`, which the file has too: list all of them under `places`"
    assert refused.value.problems == (Problem(str(path), 4, text),)


def test_a_subject_that_is_not_there_is_told_where_the_environment_says_it(tmp_path: Path) -> None:
    loaded(document(), tmp_path)
    path = tmp_path / "mine.yaml"
    line = path.read_text().splitlines().index("subject: subject.yaml") + 1
    with pytest.raises(InputError) as refused:
        options.resolve({"environment": str(path)}, {}, tmp_path, 0)
    assert str(refused.value) == (
        f"{path}:{line}: subject: no such file: {tmp_path / 'subject.yaml'}; name one there, or give --subject FILE"
    )
