"""A LocalStack that runs already: found, waited for, told apart from others, and left as it was found."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from free_ports import free_port
from localstack_stand_in import AMAZONS, RUNNING, StandIn, serving
from simulated_backend import EAST, ROOT, WEST

from harness.engines.aws import clients
from harness.errors import InputError, WorldError
from harness.parts.regions.localstack import health, part, running
from harness.parts.regions.localstack.addresses import addresses
from harness.parts.regions.localstack.running import RunningLocalstack
from harness.parts.regions.localstack.spec import Localstack as Spec
from harness.parts.regions.localstack.started import StartedLocalstack
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.world.diagnosis import State
from harness.world.part import Blueprint

VARIABLES = ("LOCALSTACK_HOST", "LOCALSTACK_HOST_US_EAST_1", "LOCALSTACK_HOST_US_WEST_2")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "AWS_ENDPOINT_URL", "USE_SSL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The tables of every server, by the few calls that are made."""
    there: dict[str, list[str]] = {}

    def create(_: Any, new: Any) -> None:
        there.update({table.name: [] for table in new})

    def delete(_: Any, names: Any = None) -> None:
        assert names is not None, "everything would be deleted"
        for name in names:
            there.pop(name, None)

    monkeypatch.setattr(clients, "table_names", lambda _: list(there))
    monkeypatch.setattr(clients, "create_tables", create)
    monkeypatch.setattr(clients, "delete_tables", delete)
    monkeypatch.setattr(clients, "delete_items", lambda _, name, key: there[name].clear())
    monkeypatch.setattr(clients, "holds_items", lambda _, name: bool(there[name]))
    return there


def blueprint() -> Blueprint:
    environment = load_environment(ROOT / "environments" / "localstack.yaml")
    subject = load_subject(ROOT / "reference" / "subject.yaml", environment)
    return Blueprint(environment, subject, Timing(Profile.FAST))


def region(port: int, **spec: Any) -> RunningLocalstack:
    return RunningLocalstack(blueprint(), Spec(**spec), EAST, ("127.0.0.1", port))


def begun(one: RunningLocalstack) -> list[Any]:
    ends: list[Any] = []
    ground: Any = SimpleNamespace(on_close=ends.append, outlives=lambda *_: None)
    one.start(ground)
    return ends


def test_one_that_answers_before_it_is_ready_is_waited_for(tables: dict[str, list[str]]) -> None:
    starting = {"dynamodb": "starting", "dynamodbstreams": "available"}
    stand_in = StandIn([None, 503, starting, RUNNING])
    with serving(stand_in) as port:
        begun(region(port))
        assert stand_in.asked.count("/_localstack/health") == 4
        assert "ListTables" in stand_in.asked


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (None, "takes connections, and does not answer"),
        (503, "answers 503"),
        ({"dynamodb": "starting", "dynamodbstreams": "running"}, "LocalStack 4.14.0 whose dynamodb is starting"),
    ],
)
def test_one_that_does_not_become_ready_is_told_with_what_it_said(
    state: Any, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "READY_TIMEOUT_S", 0.1)
    with (
        serving(StandIn([state])) as port,
        pytest.raises(WorldError, match=rf":{port} \(us-east-1\) is not ready") as e,
    ):
        begun(region(port))
    assert told in str(e.value)
    assert "`use: started`" in str(e.value)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (404, "is no LocalStack: it answers its health page with 404"),
        ([], "is no LocalStack: it answers its health page with something else than its services"),
        ({"s3": "running"}, "dynamodb is disabled and dynamodbstreams is disabled: start it with SERVICES=dynamodb,"),
        ({"dynamodb": "error", "dynamodbstreams": "running"}, "whose dynamodb is error: its log says why"),
    ],
)
def test_one_that_will_never_do_is_refused_at_once(state: Any, told: str) -> None:
    with serving(StandIn([state])) as port, pytest.raises(InputError, match=rf"127.0.0.1:{port} \(us-east-1\) is") as e:
        begun(region(port))
    assert told in str(e.value)


def test_only_tables_of_the_subject_are_made_and_they_go_away_again(tables: dict[str, list[str]]) -> None:
    tables["theirs"] = ["a"]
    with serving(StandIn()) as port:
        one = region(port, subject_tables=("lease",))
        ends = begun(one)
        for _ in range(2):
            one.create(one._blueprint.subject.tables)
            assert {"items", "theirs"} <= tables.keys()
            tables["lease"] = ["monitor"]
            one.reset()
            assert tables == {"theirs": ["a"]}
        one.create(one._blueprint.subject.tables)
        for action in reversed(ends):
            action()
        assert tables == {"theirs": ["a"]}
        assert one.gone() is None  # it goes on without us
    assert "takes no connections any more" in str(one.gone())


def test_a_table_that_nobody_named_is_told_before_the_next_drill(tables: dict[str, list[str]]) -> None:
    with serving(StandIn()) as port:
        one = region(port)
        begun(one)
        tables["lease"] = ["monitor"]
        with pytest.raises(InputError, match=r"lease at 127.0.0.1:\d+ came while a drill ran.*`subject_tables`"):
            one.reset()
        assert tables == {"lease": ["monitor"]}


@pytest.mark.parametrize(
    ("missing", "in_docker", "told", "commits"),
    [
        (AMAZONS, True, "in a container, not started by the drill, its DynamoDB is Amazon's DynamoDB Local", "streams"),
        ("no", False, "as a process, not started by the drill, its DynamoDB is no DynamoDB Local of Amazon's", "scans"),
    ],
)
def test_the_report_says_which_was_used_and_what_is_behind_it(
    tables: dict[str, list[str]], missing: str, in_docker: bool, told: str, commits: str
) -> None:
    with serving(StandIn(missing=missing, in_docker=in_docker)) as port:
        one = region(port, commits=commits)
        begun(one)
        [(name, version)] = one.versions().items()
        assert name == "localstack us-east-1"
        assert version.startswith(f"4.14.0, {told}")
        assert (one.commits() is not None) is (commits == "streams")
        one._unfollow()


def test_what_runs_is_used_and_else_processes_are_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALSTACK_HOST", f"127.0.0.1:{free_port()}")
    assert all(isinstance(one, StartedLocalstack) for one in part.build(blueprint(), Spec()))
    assert all(isinstance(one, RunningLocalstack) for one in part.build(blueprint(), Spec(use="running")))
    with serving(StandIn()) as port:
        monkeypatch.setenv("LOCALSTACK_HOST_US_EAST_1", f"127.0.0.1:{port}")
        assert all(isinstance(one, RunningLocalstack) for one in part.build(blueprint(), Spec()))
        assert all(isinstance(one, StartedLocalstack) for one in part.build(blueprint(), Spec(use="started")))


def test_one_region_without_its_server_is_told(monkeypatch: pytest.MonkeyPatch, tables: dict[str, list[str]]) -> None:
    monkeypatch.setenv("LOCALSTACK_HOST_US_WEST_2", f"127.0.0.1:{free_port()}")
    with serving(StandIn()) as port:
        monkeypatch.setenv("LOCALSTACK_HOST_US_EAST_1", f"127.0.0.1:{port}")
        east, west = part.build(blueprint(), Spec())
        assert isinstance(east, RunningLocalstack)
        assert isinstance(west, RunningLocalstack)
        begun(east)
        with pytest.raises(InputError, match=r"nothing answers at .* of us-west-2 should run: start it"):
            begun(west)
        found = {one.what: one.state for one in part.diagnose(blueprint(), Spec())}
    assert found == {f"LocalStack {EAST}": State.OK, f"LocalStack {WEST}": State.FAIL}


def test_addresses_come_from_the_variables_then_the_file_then_the_ports_of_compose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = (EAST, WEST)
    assert addresses(Spec(), both) == {EAST: ("127.0.0.1", 4566), WEST: ("127.0.0.1", 4567)}
    monkeypatch.setenv("LOCALSTACK_HOST", "127.0.0.2:5000")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # the subject's
    assert addresses(Spec(), both) == {EAST: ("127.0.0.2", 5000), WEST: ("127.0.0.2", 5001)}
    spec = Spec(endpoints={EAST: "http://127.0.0.1:7000", WEST: "http://127.0.0.1:7001"})
    assert addresses(spec, both) == {EAST: ("127.0.0.1", 7000), WEST: ("127.0.0.1", 7001)}
    monkeypatch.setenv("LOCALSTACK_HOST_US_WEST_2", "localhost")
    assert addresses(spec, both) == {EAST: ("127.0.0.1", 7000), WEST: ("localhost", 4566)}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"LOCALSTACK_HOST": "127.0.0.1:many"}, "LOCALSTACK_HOST=127.0.0.1:many: an address is HOST or HOST:PORT"),
        ({"LOCALSTACK_HOST": "127.0.0.1:99999"}, "an address is HOST or HOST:PORT"),
        ({"LOCALSTACK_HOST": "127.0.0.1:65535"}, "LOCALSTACK_HOST: there is no port 65536"),
        ({"LOCALSTACK_HOST_US_WEST_2": "127.0.0.1:4566"}, "us-east-1 and us-west-2 have one address, 127.0.0.1:4566"),
    ],
)
def test_an_address_that_cannot_be_right_is_told_with_its_variable(
    given: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as error:
        part.build(blueprint(), Spec())
    assert told in str(error.value)
    [found] = part.diagnose(blueprint(), Spec())
    assert (found.state, told in found.text) == (State.FAIL, True)


def test_a_port_that_says_nothing_of_http_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "READY_TIMEOUT_S", 0.1)
    monkeypatch.setattr(running, "_ASK_S", 0.1)
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        with pytest.raises(WorldError, match="takes connections, and does not answer"):
            begun(region(silent.getsockname()[1]))


def test_a_health_page_that_is_no_health_page_is_no_localstack() -> None:
    for body in (b"", b"null", b'"x"', b"{", b'{"services": 1}', b'{"services": {}}', b"[" * 100_000):
        assert health.seen(200, body).verdict is health.Verdict.NEVER
