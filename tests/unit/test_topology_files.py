"""Files of users: every mistake at once, by file and line, and nothing that a hostile file could do with us."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InputError, Problem
from harness.names import SOURCES
from harness.topology.load import NODES_MAX, SIZE_MAX_BYTES, load_documents, load_environment, load_subject
from harness.topology.shipped import find_environment
from harness.topology.timing import Profile, Timing

ROOT = Path(__file__).parents[2]
EMBEDDED = ROOT / "environments" / "embedded.yaml"

GOOD = """\
environment: mine
regions:
  - {name: us-east-1, role: primary}
  - {name: us-west-2, role: standby}
objectives:
  fast: {rto_s: 20}
  production: {rto_s: 150}
"""

SUBJECT = """\
subject: mine
tables:
  - {name: items, key: id, value: value}
components:
  - name: monitor
    command: [python, monitor.py]
    region: outside
  - name: app
    command: [python, app.py]
    region: each
    port_env: PORT
failover:
  components: [monitor]
"""


def written(folder: Path, text: str | bytes, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems(error: pytest.ExceptionInfo[InputError]) -> list[tuple[int | None, str]]:
    found = [p for p in error.value.problems if isinstance(p, Problem)]
    assert len(found) == len(error.value.problems)
    return [(p.line, p.text) for p in found]


def refused(folder: Path, text: str | bytes) -> list[tuple[int | None, str]]:
    path = written(folder, text)
    with pytest.raises(InputError) as error:
        load_environment(path)
    assert all(str(p).startswith(str(path)) for p in error.value.problems)
    return problems(error)


def refused_subject(folder: Path, text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(InputError) as error:
        load_subject(written(folder, text, "subject.yaml"), load_environment(EMBEDDED))
    return problems(error)


# --- what ships -----------------------------------------------------------------------------------------------------


def test_the_shipped_environment_and_the_reference_subject_load() -> None:
    environment = load_environment(EMBEDDED)
    assert (environment.primary.name, environment.standby.name) == ("us-east-1", "us-west-2")
    subject = load_subject(ROOT / "reference" / "subject.yaml", environment)
    assert subject.application.name == "storefront"
    assert [instance.name for instance in subject.instances(environment)] == [
        "monitor.outside", "storefront.us-east-1", "storefront.us-west-2",
        "replicator.us-east-1", "replicator.us-west-2",
    ]  # fmt: skip
    assert subject.folder == ROOT / "reference"


def test_environments_and_the_reference_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_environment("embedded").read_text() == EMBEDDED.read_text()
    environment = load_environment(find_environment("embedded"))
    assert environment.subject is not None
    assert load_subject(environment.folder / environment.subject, environment).application.name == "storefront"


def test_the_users_own_environment_wins_over_the_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "environments").mkdir()
    own = written(tmp_path / "environments", GOOD, "embedded.yaml")
    monkeypatch.chdir(tmp_path)
    assert find_environment("embedded").resolve() == own


def test_an_unknown_environment_lists_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"unknown environment embeded; one of: .*embedded"):
        find_environment("embeded")
    with pytest.raises(InputError, match=r"nowhere\.yaml: no such file"):
        find_environment("nowhere.yaml")


# --- all mistakes at once -------------------------------------------------------------------------------------------


def test_every_mistake_of_a_file_is_reported_with_its_line(tmp_path: Path) -> None:
    text = GOOD.replace("environment: mine", "environment: Mine!") + (
        "edge:\n  ttl_s: 0\n  portt: 80\nhealth_checks:\n  checkers: many\n  request_interval_s: 20\n"
    )
    found = refused(tmp_path, text)
    assert [line for line, _ in found] == [1, 9, 10, 12, 13]
    texts = "\n".join(text for _, text in found)
    assert "edge.portt: unknown key; there are: port, dns_port, " in texts
    assert "(got 'many')" in texts
    assert "edge.ttl_s" in texts


def test_missing_keys_are_named(tmp_path: Path) -> None:
    found = refused(tmp_path, "environment: mine\nregions: []\n")
    assert [text for _, text in found] == ["objectives: is missing"]


def test_mistakes_that_no_single_field_shows_come_with_lines_too(tmp_path: Path) -> None:
    text = GOOD.replace("us-west-2, role: standby", "us-east-1, role: primary") + "edge: {record: app.example.org}\n"
    found = refused(tmp_path, text)
    assert (2, "regions: us-east-1 is named 2 times") in found
    assert (2, "regions: needs one primary and one standby, got: us-east-1 (primary), us-east-1 (primary)") in found
    assert (8, "edge.record: app.example.org is not in the hosted zone example.com") in found


@pytest.mark.parametrize("name", ["outside", "each"])
def test_a_region_may_not_take_a_name_that_has_a_meaning(tmp_path: Path, name: str) -> None:
    assert any(
        line == 4 and "has a meaning of its own" in text
        for line, text in refused(tmp_path, GOOD.replace("us-west-2", name))
    )


def test_two_listeners_on_one_port_are_refused(tmp_path: Path) -> None:
    found = refused(tmp_path, GOOD + "edge: {port: 8080, dns_port: 8080}\n")
    assert [text for _, text in found] == ["edge.dns_port: must differ from edge.port"]


def test_one_port_of_the_links_server_is_not_given_twice_differently(tmp_path: Path) -> None:
    found = refused(tmp_path, GOOD + "links: {port: 8475}\ntoxiproxy_port: 8474\n")
    assert found == [(9, "toxiproxy_port: 8474, but links.port is 8475; say one of them")]
    same = written(tmp_path, GOOD + "links: {port: 8474}\ntoxiproxy_port: 8474\n")
    assert load_environment(same).toxiproxy_port == 8474


# --- files that are no such thing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "- a\n- list\n", "just words\n", "42\n", "null\n"])
def test_a_file_that_is_no_mapping_says_what_is_wanted(tmp_path: Path, text: str) -> None:
    found = refused(tmp_path, text)
    assert found == [(1, "must be a mapping with at least: environment, places, objectives")]


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    ((line, text),) = refused(tmp_path, "environment: mine\nregions: [\n  {name: us-east-1\n")
    assert line is not None
    assert 2 <= line <= 4
    assert "not valid YAML" in text


def test_a_key_given_twice_is_a_mistake(tmp_path: Path) -> None:
    ((line, text),) = refused(tmp_path, GOOD + "environment: again\n")
    assert line == 8
    assert "duplicate key" in text


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    ((line, text),) = refused(tmp_path, GOOD.encode() + b"description: caf\xe9\n")
    assert line is None
    assert "is not UTF-8 text (byte" in text


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    with path.open("wb") as file:
        file.truncate(SIZE_MAX_BYTES + 1)
    with pytest.raises(InputError, match=f"larger than {SIZE_MAX_BYTES} bytes"):
        load_environment(path)


def test_an_alias_bomb_is_refused_without_going_off(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    ((_, text),) = refused(tmp_path, "\n".join(lines))
    assert f"expands to more than {NODES_MAX} nodes" in text


def test_a_node_inside_itself_is_refused(tmp_path: Path) -> None:
    """Told of itself: what the usual reader takes it for (nothing, or a list without an end) is no help."""
    for text in ("a: &a\n  b: *a\n", "a: &a [*a]\n", "a: &a [{b: *a}]\n", "a: {<<: &b {c: *b}}\n", "? &a [*a]\n: 1\n"):
        ((line, told),) = refused(tmp_path, text)
        assert line == 1
        assert told.startswith("not valid YAML: contains itself: an alias"), told


def test_an_alias_that_leads_to_what_stands_before_it_is_fine(tmp_path: Path) -> None:
    file = written(tmp_path, "a: {b: &c {d: e}, f: *c}\n---\ng: [&h [1], *h, *h]\n")
    assert load_documents(file) == [{"a": {"b": {"d": "e"}, "f": {"d": "e"}}}, {"g": [[1], [1], [1]]}]


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    for text in (
        "a: " + "[" * 5000,
        "a: " + "[" * 5000 + "]" * 5000,
        "- " * 5000 + "x",
        "a: " + "{b: " * 500 + "}" * 500,
    ):
        began_s = time.monotonic()
        ((line, told),) = refused(tmp_path, text)
        assert (line, told) == (1, "not valid YAML: more than 100 levels deep")
        assert time.monotonic() - began_s < 5.0  # what a reader takes for it grows with the square of the depth


@pytest.mark.timeout(10)
@pytest.mark.parametrize("load", [load_environment, load_documents])
def test_a_named_pipe_keeps_nobody_waiting(tmp_path: Path, load: Callable[[Path], object]) -> None:
    pipe = tmp_path / "mine.yaml"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="cannot be read: it is no regular file"):
        load(pipe)


def test_tags_make_no_objects(tmp_path: Path) -> None:
    marker = tmp_path / "pwned"
    refused(tmp_path, f"environment: !!python/object/apply:os.system ['touch {marker}']\n")
    assert not marker.exists()


@pytest.mark.parametrize("name", ["nowhere.yaml", ""])
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read: "):
        load_environment(tmp_path / name)


def test_where_a_file_lies_cannot_be_claimed(tmp_path: Path) -> None:
    assert refused(tmp_path, GOOD + "folder: /etc\n") == [(8, "folder: unknown key")]


# --- subjects -------------------------------------------------------------------------------------------------------


def test_a_subject_of_the_users_loads(tmp_path: Path) -> None:
    subject = load_subject(written(tmp_path, SUBJECT, "subject.yaml"), load_environment(EMBEDDED))
    assert subject.application.ready_path == subject.application.edge_health_path == "/health"
    assert subject.folder == tmp_path.resolve()


def test_a_component_in_a_region_that_is_not_here(tmp_path: Path) -> None:
    found = refused_subject(tmp_path, SUBJECT.replace("region: outside", "region: eu-west-1"))
    assert found == [
        (7, "components.0.region: eu-west-1 is unknown here; one of: each, outside, us-east-1, us-west-2")
    ]  # fmt: skip


def test_two_components_of_one_name_and_a_failover_of_nobody(tmp_path: Path) -> None:
    text = SUBJECT.replace("name: monitor", "name: app").replace("[monitor]", "[watcher]")
    found = refused_subject(tmp_path, text)
    assert (4, "components: app is named 2 times") in found
    assert (13, "failover.components.0: no component watcher; one of: app, app") in found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("    port_env: PORT\n", ""),
            "none is told a port, so that none is the application behind the load balancers (",
        ),
        (("region: each", "region: outside"), "app runs outside, where no load balancer is: the application needs "),
    ],
)
def test_a_subject_without_an_application(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    [(line, text)] = refused_subject(tmp_path, SUBJECT.replace(*change))
    assert line == 4
    assert text.startswith(f"components: {told}")
    assert "region: each" in text or "`{port}` stands for it in `command:`" in text


@pytest.mark.parametrize("way", ["port_env: PORT", "env: {LISTEN: ':{port}'}"])
def test_an_application_that_is_a_component_for_each_place_is_told_that_it_is_one(tmp_path: Path, way: str) -> None:
    app = "  - name: app-{0}\n    command: [python, app.py]\n    region: {1}\n    {2}\n"
    both = app.format("east", "us-east-1", way) + app.format("west", "us-west-2", way)
    text = SUBJECT[: SUBJECT.index("  - name: app")] + both + SUBJECT[SUBJECT.index("failover:") :]
    [(line, told)] = refused_subject(tmp_path, text)
    assert line == 4
    assert "one component that runs in every place, with `region: each`" in told
    assert "app-east (us-east-1), app-west (us-west-2)" in told
    assert "AWS_REGION" in told


def test_two_components_with_ports_in_every_place_are_named(tmp_path: Path) -> None:
    text = SUBJECT.replace("region: outside", "region: each\n    env: {P: '{port}'}")
    [(_, told)] = refused_subject(tmp_path, text)
    assert "only one, the application behind the load balancers, may be told a port" in told
    assert "monitor (each), app (each)" in told


ONLY_ONE = (
    SUBJECT[: SUBJECT.index("  - name: monitor")] + SUBJECT[SUBJECT.index("  - name: app") :].partition("failover")[0]
)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("port_env: PORT", "port_env: PORT\n    helth: /ok", ["components.0.helth: unknown key; there are: health, "]),
        (
            "port_env: PORT",
            "port_env: PORT\n    health_codes: 204-",
            ["components.0.health_codes: '204-' is no status"],
        ),
        ("port_env: PORT", "port_env: A-B", ["components.0.port_env: a variable's name has"]),
        ("name: app", "name: App", ["components.0.name: needs 1 to 41 characters"]),
        (
            "command: [python, app.py]",
            "comand: [python, app.py]",
            ["components.0.comand: unknown key; there are: command"],
        ),
        ("value: value", "valeu: value", ["tables.0.valeu: unknown key; there are: value, "]),
        ("    command: [python, app.py]\n", "", ["components.0.command: is missing"]),
        (ONLY_ONE[ONLY_ONE.index("components:") :], "components: []\n", ["components: must have at least 1 entry"]),
    ],
)
def test_one_mistake_in_the_only_component_is_told_once(tmp_path: Path, old: str, new: str, told: list[str]) -> None:
    found = [text for _, text in refused_subject(tmp_path, ONLY_ONE.replace(old, new))]
    assert len(found) == len(told), found
    assert all(text.startswith(start) for text, start in zip(found, told, strict=True)), found


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "name: items",
            "name: kv",
            "tables.0.name: DynamoDB wants 3 to 255 characters of a-z A-Z 0-9 _ . - (got 'kv')",
        ),
        ("name: app", "name: my_app", "components.1.name: needs 1 to 41 characters of a-z 0-9 -, a letter first"),
        ("subject: mine", "subject: -mine", "subject: needs 1 to 63 characters of a-z A-Z 0-9 _ . -"),
        ("port_env: PORT", "port_env: 1PORT", "components.1.port_env: a variable's name has letters, digits and _"),
        ("port_env: PORT", "port_env: PORT\n    env: {A-B: x}", "a variable's name has letters, digits and _"),
        ("failover:", "workload: {headers: {'X Key': a}}\nfailover:", "a header's name has letters, digits and !"),
        ("failover:", "workload: {get: {method: get, path: '/{id}'}}\nfailover:", "written in capital letters, as PUT"),
        ("name: monitor", "name: ../monitor", "components.0.name: needs 1 to 41 characters of a-z 0-9 -"),
        ("name: items", "name: ../../etc", "tables.0.name: DynamoDB wants 3 to 255 characters"),
        ("command: [python, monitor.py]", "command: []", "components.0.command: "),
        ("command: [python, monitor.py]", "command: python monitor.py", "components.0.command: "),
        ("port_env: PORT", "port_env: A-B", "components.1.port_env: a variable's name has letters, digits and _"),
        ("port_env: PORT", "port_env: PORT\n    health: health", "components.1.health: "),
    ],
)
def test_the_form_of_a_name_or_value_is_told_in_words(tmp_path: Path, old: str, new: str, told: str) -> None:
    [(line, text)] = refused_subject(tmp_path, SUBJECT.replace(old, new, 1))
    assert line is not None
    assert told in text
    assert "^" not in text.replace("* + - . ^", "")


@pytest.mark.parametrize("name", ["Mine", "-mine", "m" * 64])
def test_the_form_of_a_places_name_is_told_in_words(tmp_path: Path, name: str) -> None:
    told = [text for _, text in refused(tmp_path, GOOD.replace("name: us-east-1", f"name: {name}"))]
    assert any("needs 1 to 63 characters of a-z 0-9 . -, a letter or a digit first" in text for text in told)


def test_a_subject_with_two_tables_of_one_name(tmp_path: Path) -> None:
    double = SUBJECT.replace("components:\n", "  - {name: items, key: id, value: v}\ncomponents:\n", 1)
    assert refused_subject(tmp_path, double) == [(2, "tables: items is named 2 times")]


def test_the_table_that_clients_write_is_the_first_one_or_the_one_that_is_named(tmp_path: Path) -> None:
    both = SUBJECT.replace("components:\n", "  - {name: orders, key: id, value: v}\ncomponents:\n", 1)
    for text, table in ((both, "items"), (both + "workload: {table: orders}\n", "orders")):
        subject = load_subject(written(tmp_path, text, "subject.yaml"), load_environment(EMBEDDED))
        assert subject.written_table == table
    [(_, told)] = refused_subject(tmp_path, both + "workload: {table: outbox}\n")
    assert told == "workload.table: no table outbox; one of: items, orders"


def test_numbers_in_a_components_environment_become_texts(tmp_path: Path) -> None:
    text = SUBJECT.replace("    region: outside\n", "    region: outside\n    env: {RETRIES: 3}\n")
    subject = load_subject(written(tmp_path, text, "subject.yaml"), load_environment(EMBEDDED))
    assert subject.components[0].env == {"RETRIES": "3"}


# --- time profiles --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "interval_s", "timeout_s", "short_timeout_s"),
    [(Profile.FAST, 3.0, 1.0, 0.5), (Profile.PRODUCTION, 30.0, 4.0, 0.5)],
)
def test_the_fast_profile_divides_intervals_and_leaves_time_outs_a_second(
    profile: Profile, interval_s: float, timeout_s: float, short_timeout_s: float
) -> None:
    timing = Timing(profile)
    assert timing.interval_s(30) == pytest.approx(interval_s)
    assert timing.timeout_s(4) == timeout_s
    assert timing.timeout_s(0.5) == short_timeout_s


@pytest.mark.parametrize(
    ("line", "profile", "start_s", "serving_s"),
    [
        ("", Profile.FAST, 20, 29),
        ("", Profile.PRODUCTION, 20, 110),
        ("start_timeout_s: 90\n", Profile.FAST, 90, 99),
        ("start_timeout_s: 90\n", Profile.PRODUCTION, 90, 180),
    ],
)
def test_a_subject_gets_the_time_to_start_that_it_asks_for_and_the_health_checks_of_the_profile(
    tmp_path: Path, line: str, profile: Profile, start_s: float, serving_s: float
) -> None:
    subject = load_subject(written(tmp_path, SUBJECT + line, "subject.yaml"), load_environment(EMBEDDED))
    assert subject.start_timeout_s == start_s
    assert subject.serving_timeout_s(Timing(profile)) == serving_s


# --- places and databases -------------------------------------------------------------------------------------------

PLACES = """\
environment: apart
places:
  - {name: nyc3, role: primary, database: us-east-1}
  - {name: sfo3, role: standby, database: us-west-2}
  - {name: fra1, role: reserve, database: us-east-1}
objectives:
  fast: {rto_s: 20}
  production: {rto_s: 150}
"""


def test_places_may_use_databases_of_other_names_and_there_may_be_any_number_of_them(tmp_path: Path) -> None:
    environment = load_environment(written(tmp_path, PLACES))
    assert environment.databases == ("us-east-1", "us-west-2")
    assert environment.locations == ("nyc3", "sfo3", "fra1", "us-east-1", "us-west-2")
    assert environment.database_of("sfo3") == "us-west-2"
    reserve = environment.place_with_role("reserve")
    assert reserve is not None
    assert (reserve.name, reserve.database_name) == ("fra1", "us-east-1")


def test_a_region_of_todays_file_is_a_place_with_a_database_of_its_own(tmp_path: Path) -> None:
    environment = load_environment(written(tmp_path, GOOD))
    assert environment.databases == environment.locations == ("us-east-1", "us-west-2")


@pytest.mark.parametrize(
    "name", ["route53", "toxiproxy", "witness", "gateway", "platform", "clients", "lb.one", "primary", "outside"]
)
@pytest.mark.parametrize("field", ["name", "database"])
def test_a_place_or_database_with_a_name_that_means_something_else_is_refused(
    tmp_path: Path, name: str, field: str
) -> None:
    line = f"name: {name}, role: primary" if field == "name" else f"name: nyc3, role: primary, database: {name}"
    text = PLACES.replace("name: nyc3, role: primary, database: us-east-1", line)
    assert refused(tmp_path, text) == [(3, f"places.0.{field}: `{name}` has a meaning of its own")]


def test_a_role_that_two_places_have_or_that_is_a_place_is_refused(tmp_path: Path) -> None:
    twice = PLACES.replace("role: reserve", "role: standby")
    assert refused(tmp_path, twice)[0][1].startswith("places: needs one primary and one standby")
    assert refused(tmp_path, PLACES.replace("role: reserve", "role: nyc3")) == [
        (5, "places.2.role: nyc3 is another place's name")
    ]


def test_a_role_that_is_the_region_of_a_database_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, PLACES.replace("role: reserve", "role: us-west-2")) == [
        (5, "places.2.role: us-west-2 is the region of a database")
    ]


def test_places_may_not_be_each_others_database(tmp_path: Path) -> None:
    text = PLACES.replace("us-east-1", "sfo3").replace("us-west-2", "nyc3")
    assert refused(tmp_path, text)[:2] == [
        (3, "places.0.database: sfo3 is a place whose own database is in nyc3: name the region otherwise"),
        (4, "places.1.database: nyc3 is a place whose own database is in sfo3: name the region otherwise"),
    ]


def test_a_place_may_use_the_database_of_another_one(tmp_path: Path) -> None:
    text = PLACES.replace("sfo3, role: standby, database: us-west-2", "us-east-1, role: standby")
    assert load_environment(written(tmp_path, text)).databases == ("us-east-1",)


@pytest.mark.parametrize("name", ["canary", "lb", "clients", "checkers"])
def test_a_component_may_not_be_called_as_those_who_dial_links(tmp_path: Path, name: str) -> None:
    text = SUBJECT.replace("name: monitor", f"name: {name}").replace("[monitor]\n", f"[{name}]\n")
    (told,) = refused_subject(tmp_path, text)
    others = ", ".join(sorted(SOURCES - {name}))
    assert told == (5, f"components.0.name: `{name}` has a meaning of its own, as have {others}")


@pytest.mark.parametrize("place", ["outside", "us-east-1"])
def test_a_port_is_only_for_a_component_that_runs_in_each_region(tmp_path: Path, place: str) -> None:
    text = SUBJECT.replace("region: outside", f"region: {place}\n    port_env: PORT")
    (problem,) = refused_subject(tmp_path, text)
    assert problem == (
        8,
        f"components.0.port_env: only a component with `region: each` gets a port, and monitor runs in {place}",
    )


def test_a_file_of_the_other_kind_is_one_mistake(tmp_path: Path) -> None:
    assert refused(tmp_path, SUBJECT) == [
        (4, "this is a subject file, since it has `components`: name it with --subject, or in the environment file")
    ]
    assert refused_subject(tmp_path, PLACES) == [
        (1, "this is an environment file, since it has `environment`: name it with --environment")
    ]
