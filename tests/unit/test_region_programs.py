"""Region servers that are programs of other people: how they are started, and what is said where they are missing."""

from __future__ import annotations

import importlib
import stat
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, ROOT, WEST

from harness.errors import InputError
from harness.faults.actions import PutPoison, RefuseOperations, SwitchOffDatabase
from harness.faults.needs import POISON_RECORDS, POWER_CYCLE, REFUSED_OPERATIONS
from harness.topology import kinds
from harness.topology.environment import Section
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.world.diagnosis import State
from harness.world.installed import MARK, folder_of
from harness.world.part import Blueprint

PROGRAMS = ("dynoxide", "ministack", "localstack")
SECTION = kinds.section_named("region_servers")
PORT = 18_000


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("LOCALSTACK_HOST", "127.0.0.1:9")  # a LocalStack that runs on this machine would be used
    return tmp_path


def blueprint(kind: str) -> Blueprint:
    environment = load_environment(ROOT / "environments" / f"{kind}.yaml")
    return Blueprint(environment, load_subject(ROOT / "reference" / "subject.yaml", environment), Timing(Profile.FAST))


def region(kind: str, folder: Path, **settings: Any) -> Any:
    spec = kinds.checked(SECTION, Section(kind=kind, **settings))
    first, second = kinds.load(SECTION, kind, "part").build(blueprint(kind), spec)
    assert (first.region, second.region) == (EAST, WEST)
    first.folder = folder / "world with 'quotes'"
    return first


def install(*kinds_of: str) -> None:
    """As `drill install` leaves them."""
    for kind in kinds_of:
        recipe = importlib.import_module(f"harness.parts.regions.{kind}.install").RECIPE
        program = folder_of(recipe) / recipe.program
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        (folder_of(recipe) / MARK).write_text("{}")


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_that_is_missing_is_told_with_how_to_get_it(kind: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"`drill install {kind}` \(downloads .* MB"):
        region(kind, tmp_path).command(PORT)
    [found] = kinds.load(SECTION, kind, "part").diagnose(blueprint(kind), kinds.checked(SECTION, Section(kind=kind)))
    assert found.state is State.FAIL
    assert f"`drill install {kind}`" in found.hint


def test_localstack_wants_its_database_too(tmp_path: Path) -> None:
    install("localstack")
    with pytest.raises(InputError, match="`drill install dynoxide`"):
        region("localstack", tmp_path).command(PORT)
    [found] = kinds.load(SECTION, "localstack", "part").diagnose(
        blueprint("localstack"), kinds.checked(SECTION, Section(kind="localstack"))
    )
    assert found.state is State.FAIL


def test_dynoxide_listens_on_loopback_and_keeps_its_file(tmp_path: Path) -> None:
    install("dynoxide")
    kept = region("dynoxide", tmp_path)
    argv = kept.command(PORT)
    assert argv[argv.index("--host") + 1 : argv.index("--host") + 4] == ("127.0.0.1", "--port", str(PORT))
    assert Path(argv[argv.index("--db-path") + 1]).parent == kept.folder
    assert "--db-path" not in region("dynoxide", tmp_path, data="memory").command(PORT)


def test_ministack_is_told_to_listen_on_loopback(tmp_path: Path) -> None:
    install("ministack")
    told = region("ministack", tmp_path, services=("sqs", "dynamodb"))
    assert told.command(PORT)[0].endswith("ministack")
    variables = told.variables(PORT)
    assert (variables["BIND_HOST"], variables["GATEWAY_PORT"]) == ("127.0.0.1", str(PORT))
    assert variables["SERVICES"] == "dynamodb,dynamodbstreams,sqs"


def test_localstack_finds_a_database_and_listens_on_loopback(tmp_path: Path) -> None:
    install("dynoxide", "localstack")
    told = region("localstack", tmp_path)
    told.folder.mkdir()
    assert [Path(word).name for word in told.command(PORT)] == ["python", "start.py"]
    java = told.folder / "var/lib/localstack/lib/java/21/bin/java"
    assert java.stat().st_mode & stat.S_IXUSR
    assert "dynoxide --host 127.0.0.1 --port" in java.read_text()
    assert (told.folder / "var/lib/localstack/lib/dynamodb-local/2/DynamoDBLocal.jar").is_file()
    variables = told.variables(PORT)
    assert (variables["GATEWAY_LISTEN"], variables["GATEWAY_SERVER"]) == (f"127.0.0.1:{PORT}", "hypercorn")


@pytest.mark.parametrize(
    ("kind", "settings", "cycles"),
    [
        ("dynoxide", {}, True), ("dynoxide", {"data": "memory"}, False), ("ministack", {}, False),
        ("localstack", {}, False), ("moto", {}, False),
    ],
)  # fmt: skip
def test_what_a_server_says_it_can_it_has_a_hand_for(
    kind: str, settings: dict[str, Any], cycles: bool, tmp_path: Path
) -> None:
    spec = kinds.checked(SECTION, Section(kind=kind, **settings))
    here = blueprint("embedded" if kind == "moto" else kind)
    server = kinds.load(SECTION, kind, "part").build(here, spec)[0]
    can = server.capabilities()
    by_need = {
        REFUSED_OPERATIONS: RefuseOperations(EAST, "x", ("PutItem",), "InternalServerError"),
        POISON_RECORDS: PutPoison(EAST, ("p",)),
        POWER_CYCLE: SwitchOffDatabase(EAST),
    }
    for need, action in by_need.items():
        assert any(hand.takes(action) for hand in server.hands()) is (can[need] is True), need
        assert can[need] is True or str(can[need]).startswith("not measurable here: "), need
    assert (can[POWER_CYCLE] is True) is cycles
    assert (can[REFUSED_OPERATIONS] is True) is (kind == "moto")
