"""Region servers that exist already: what of them is used, made, emptied and left alone, and what is refused before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulated_backend import EAST, ROOT, WEST

from harness.engines.aws import borrowed, clients
from harness.errors import InputError, WorldError
from harness.parts.regions.endpoint import part as endpoint
from harness.parts.regions.endpoint.spec import Endpoint as Spec
from harness.topology import kinds
from harness.topology.endpoints import address_of
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.world import borrowed_region
from harness.world.diagnosis import State
from harness.world.part import Blueprint

ENVIRONMENT = """\
environment: mine
places:
  - {{name: us-east-1, role: primary}}
  - {{name: us-west-2, role: standby}}
region_servers: {servers}
objectives:
  fast: {{rto_s: 20, rpo_s: 2, failback_s: 60, error_budget: 0.25}}
  production: {{rto_s: 150, rpo_s: 5, failback_s: 600, error_budget: 0.25}}
"""
BOTH = {EAST: "http://127.0.0.1:8000", WEST: "http://127.0.0.1:8001"}


class Database:
    """Tables by name, items by key, as the few calls that are made here see them."""

    def __init__(self, **tables: list[str]) -> None:
        self.tables = {name: list(items) for name, items in tables.items()}

    def names(self, client: Any) -> list[str]:
        return list(self.tables)

    def create(self, client: Any, tables: Any) -> None:
        for table in tables:
            assert table.name not in self.tables
            self.tables[table.name] = []

    def delete(self, client: Any, names: Any = None) -> None:
        assert names is not None, "everything would be deleted"
        for name in names:
            self.tables.pop(name, None)

    def empty(self, client: Any, table: str, key: Any) -> None:
        self.tables[table].clear()

    def holds(self, client: Any, table: str) -> bool:
        return bool(self.tables[table])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Database, endpoint.Endpoint, list[Any]]]:
    """A database with these tables, and the region that stands for it; what is to be done at the end."""

    def at(spec: dict[str, Any], **tables: list[str]) -> tuple[Database, endpoint.Endpoint, list[Any]]:
        database = Database(**tables)
        monkeypatch.setattr(borrowed_region, "not_dynamodb", lambda *_: None)
        monkeypatch.setattr(borrowed, "takes_connections", lambda _: True)
        for name, does in (
            ("table_names", database.names), ("create_tables", database.create), ("delete_tables", database.delete),
            ("delete_items", database.empty), ("holds_items", database.holds),
        ):  # fmt: skip
            monkeypatch.setattr(clients, name, does)
        monkeypatch.setattr(endpoint.Endpoint, "dynamodb", lambda self: None)
        return database, endpoint.Endpoint(blueprint(), Spec(endpoints=BOTH, **spec), EAST), []

    return at


def blueprint() -> Blueprint:
    environment = load_environment(ROOT / "environments" / "embedded.yaml")
    subject = load_subject(ROOT / "reference" / "subject.yaml", environment)
    return Blueprint(environment, subject, Timing(Profile.FAST))


def begun(region: endpoint.Endpoint, at_the_end: list[Any], told: list[Any] | None = None) -> None:
    kept: list[Any] = [] if told is None else told
    ground: Any = SimpleNamespace(on_close=at_the_end.append, outlives=lambda *given: kept.append(given))
    region.start(ground)


def test_what_was_made_goes_away_again_and_nothing_else_is_touched(server: Any) -> None:
    database, region, ends = server({"create_tables": True, "subject_tables": ["lease"]}, theirs=["a"])
    begun(region, ends)
    for _ in range(2):
        region.create(region._blueprint.subject.tables)
        database.tables["items"].append("k")
        database.tables["lease"] = ["monitor"]
        region.reset()
        assert database.tables == {"theirs": ["a"]}
    region.create(region._blueprint.subject.tables)
    for action in reversed(ends):
        action()
    assert database.tables == {"theirs": ["a"]}


def test_what_a_killed_harness_leaves_is_written_down_before_it_is_made(server: Any) -> None:
    database, region, ends = server({"create_tables": True, "subject_tables": ["lease"]}, theirs=["a"])
    told: list[Any] = []
    begun(region, ends, told)
    [(what, family, kind, handle)] = told
    assert (what, family, kind) == ("tables at 127.0.0.1:8000", "region_servers", "endpoint")
    assert kinds.load(kinds.section_named(family), kind, "healing").take_away is borrowed.take_away
    region.create(region._blueprint.subject.tables)
    database.tables["lease"] = ["monitor"]
    done = borrowed.tidy(None, json.loads(handle["tables"]), handle["address"])
    assert done == ["table items at 127.0.0.1:8000 deleted", "table lease at 127.0.0.1:8000 deleted"]
    assert database.tables == {"theirs": ["a"]}


@pytest.mark.parametrize("spec", [{"create_tables": True}, {}])
def test_what_may_be_somebody_elses_by_now_is_not_deleted(
    server: Any, monkeypatch: pytest.MonkeyPatch, spec: dict[str, Any]
) -> None:
    database, region, ends = server(spec, **({} if spec else {"items": []}))
    told: list[Any] = []
    begun(region, ends, told)
    [(_, _, _, handle)] = told
    region.create(region._blueprint.subject.tables)
    database.tables["items"].append("mine, of the day after")
    connection = SimpleNamespace(client=lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(clients, "RegionClients", lambda *_: connection)
    later = float(handle["at_s"]) + 86_400
    monkeypatch.setattr(borrowed.time, "time", lambda: later)
    with pytest.raises(WorldError, match=r"items at 127\.0\.0\.1:8000: a drill that began at .* may be yours"):
        borrowed.take_away(handle)
    assert database.tables["items"] == ["mine, of the day after"]
    database.tables["items"].clear()
    borrowed.take_away(handle)
    monkeypatch.setattr(borrowed.time, "time", lambda: float(handle["at_s"]) + 60)
    database.tables["items"] = ["of the drill"]
    assert borrowed.take_away(handle) != []


def test_a_table_that_is_there_is_used_and_emptied_again(server: Any) -> None:
    database, region, ends = server({}, items=[], theirs=["a"])
    begun(region, ends)
    region.create(region._blueprint.subject.tables)
    database.tables["items"].append("k")
    region.reset()
    assert database.tables == {"items": [], "theirs": ["a"]}


@pytest.mark.parametrize(
    ("spec", "tables", "told"),
    [
        ({}, {}, "there is no table items at 127.0.0.1:8000: make it, or say `create_tables: true`"),
        ({"create_tables": True}, {"items": ["k"]}, "the table items at 127.0.0.1:8000 holds items"),
        ({"create_tables": True, "subject_tables": ["lease"]}, {"lease": []}, "the table lease *is there already"),
    ],
)
def test_what_a_drill_would_mix_up_with_its_own_is_refused(
    server: Any, spec: dict[str, Any], tables: dict[str, list[str]], told: str
) -> None:
    database, region, ends = server(spec, **tables)
    with pytest.raises(InputError, match=told.replace("*", ".*")):
        begun(region, ends)
    assert ends == []
    assert database.tables == tables


def test_an_address_that_is_no_dynamodb_is_refused_and_diagnosed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (endpoint, borrowed_region):
        monkeypatch.setattr(
            module, "not_dynamodb", lambda *_: "127.0.0.1:8000 is no DynamoDB: it answers ListTables with 404"
        )
    region = endpoint.Endpoint(blueprint(), Spec(endpoints=BOTH), EAST)
    with pytest.raises(InputError, match=r"region_servers.endpoints.us-east-1: 127.0.0.1:8000 is no DynamoDB"):
        begun(region, [])
    found = list(endpoint.diagnose(blueprint(), Spec(endpoints=BOTH)))
    assert [one.state for one in found] == [State.FAIL, State.FAIL]


def test_another_host_is_named_by_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "not_dynamodb", lambda *_: None)
    spec = Spec(endpoints={EAST: "http://10.1.2.3:8000", WEST: "http://127.0.0.1:8001"})
    [other, here] = endpoint.diagnose(blueprint(), spec)
    assert (other.state, here.state) == (State.WARN, State.OK)
    assert "10.1.2.3:8000, which is not this machine" in other.text


@pytest.mark.parametrize(
    ("servers", "told"),
    [
        ("{kind: endpoint}", "endpoints"),
        ('{kind: endpoint, endpoints: {us-east-1: "http://127.0.0.1:1"}}', "no address for the database of us-west-2"),
        (
            '{kind: endpoint, endpoints: {us-east-1: "http://h:1", us-west-2: "http://h:2", eu-west-1: "http://h:3"}}',
            "no place uses the database of eu-west-1",
        ),
        ('{kind: endpoint, endpoints: {us-east-1: "http://h:1", us-west-2: "http://h:1/"}}', "have one address"),
        ('{kind: endpoint, endpoints: {us-east-1: "https://h:1", us-west-2: "http://h:2"}}', "only http"),
        ('{kind: endpoint, endpoints: {us-east-1: "h:1", us-west-2: "http://h:2"}}', "an address is http://HOST:PORT"),
    ],
)
def test_addresses_that_cannot_be_right_are_refused_by_their_line(tmp_path: Path, servers: str, told: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(ENVIRONMENT.format(servers=servers))
    with pytest.raises(InputError, match=rf"mine.yaml:\d+: .*{told}"):
        load_environment(file)


def test_a_url_leads_to_an_address() -> None:
    assert address_of("http://db.example.com") == ("db.example.com", 80)
    assert address_of("http://[::1]:8000/") == ("::1", 8000)
    for wrong in ("http://h:99999", "http://u:p@h", "http://h/path"):
        with pytest.raises(ValueError, match=r"Port out of range|an address is"):
            address_of(wrong)


def test_a_server_of_this_machine_that_has_ended_is_told_and_holds_nobody_up(
    server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    database, region, ends = server({"create_tables": True}, theirs=["a"])
    begun(region, ends)
    region.create(region._blueprint.subject.tables)
    monkeypatch.setattr(borrowed, "takes_connections", lambda _: False)
    for action in reversed(ends):
        action()
    assert "nothing takes connections at 127.0.0.1:8000 any more; if that server kept its data" in caplog.text
    assert "items" in database.tables
    (told,) = borrowed.take_away(region._handle)
    assert "tidy up items" in told
    elsewhere = dict(region._handle, address="192.0.2.1:8000")
    assert borrowed.has_ended(elsewhere) is None
