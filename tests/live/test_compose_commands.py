"""Every command of docker-compose.yml, run outside a container: servers, health checks, and the harness that uses them.

The servers are those that `drill install` installed, with the variables that the file gives to the containers.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from compose_file import REGIONS, ROOT, environment, health_command, services

from harness.engines.addresses import choose_port
from harness.engines.aws.clients import NewTable, RegionClients, create_tables, table_names
from harness.parts.links.toxiproxy.real_server import program as toxiproxy_program
from harness.parts.regions.localstack.install import RECIPE
from harness.parts.regions.localstack.spec import Localstack
from harness.parts.regions.localstack.started import StartedLocalstack, database_program
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.world.installed import installed
from harness.world.part import Blueprint

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(600)]

_READY_S = 90.0


@dataclass
class Up:
    """Servers that run. shell: the variables that Compose and the harness were given."""

    shell: Mapping[str, str]
    processes: Mapping[str, subprocess.Popen[bytes]]
    ports: Mapping[str, int]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    if installed(RECIPE) is None or database_program() is None:
        pytest.skip("LocalStack is not installed (`drill install localstack`)")
    if toxiproxy_program() is None:
        pytest.skip("Toxiproxy is not installed (`drill install toxiproxy`)")
    names = (*REGIONS.values(), "toxiproxy")
    ports = {name: choose_port(["127.0.0.1"], 0, "") for name in names}
    shell = {
        f"LOCALSTACK_PORT_{region.upper().replace('-', '_')}": str(ports[name]) for region, name in REGIONS.items()
    } | {"TOXIPROXY_PORT": str(ports["toxiproxy"])}
    with ExitStack() as stack:
        processes = {}
        for name, service in services(shell).items():
            if name in names:
                folder = tmp_path_factory.mktemp(name)
                processes[name] = stack.enter_context(running(name, service, folder, ports[name]))
        for name in names:
            wait_healthy(name, services(shell)[name], processes[name], ports[name])
        yield Up(shell, processes, ports)


@contextmanager
def running(name: str, service: Mapping[str, Any], folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server as its container would start it: its program, its arguments, its variables."""
    if name == "toxiproxy":
        argv, env = [str(toxiproxy_program()), *service["command"]], environment(service)
    else:
        argv, env = localstack_outside(folder, port)
        env |= environment(service)
    kept = {"PATH": os.environ["PATH"]}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(argv, env={**kept, **env}, cwd=folder, stdout=log, stderr=log)
    try:
        yield process
    finally:
        tree = [process, *psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
        process.terminate()
        with_patience(process)
        for one in tree[1:]:
            with suppress(psutil.NoSuchProcess):
                one.kill()


def localstack_outside(folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """The program of the image's entry point, and what the image brings along: a database, and where it listens."""
    environment_file = load_environment(ROOT / "environments" / "localstack.yaml")
    subject = load_subject(ROOT / "reference" / "subject.yaml", environment_file)
    region = StartedLocalstack(
        Blueprint(environment_file, subject, Timing(Profile.FAST)), Localstack(use="started"), "us-east-1"
    )
    region.folder = folder
    given = dict(region.variables(port))
    kept = ("GATEWAY_LISTEN", "GATEWAY_SERVER", "OVERRIDE_IN_DOCKER", "FILESYSTEM_ROOT", "HOME")
    return list(region.command(port)), {name: given[name] for name in kept}


def kill_whole(process: subprocess.Popen[bytes]) -> None:
    """At once, with its database. (Told to end, LocalStack answers nothing any more and still takes connections.)"""
    for one in (psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()


def with_patience(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_healthy(name: str, service: Mapping[str, Any], process: subprocess.Popen[bytes], port: int) -> None:
    """The health check's own command, with this machine's port for the container's."""
    argv = [word.replace(":4566/", f":{port}/") for word in health_command(service)]
    if name == "toxiproxy":
        found = shutil.which("toxiproxy-cli")
        if found is None:  # `drill install` builds the server alone
            return
        argv[0] = found
    until = time.monotonic() + _READY_S
    while True:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            return
        assert process.poll() is None, f"{name} ended"
        assert time.monotonic() < until, f"{name}: {done.stdout}{done.stderr}"
        time.sleep(0.5)


def harness(up: Up, argv: list[str], reports: Path) -> subprocess.CompletedProcess[str]:
    """The harness as its container would be started, with a folder of its own for the evidence."""
    assert argv[0] == "drill"
    return subprocess.run(
        [str(Path(sys.executable).parent / "drill"), *argv[1:], "--reports", str(reports)],
        cwd=ROOT, env=shell(up) | {"DRILL_RERUN_INVALID": "1"}, capture_output=True, text=True, timeout=500,
    )  # fmt: skip


def test_toxiproxys_health_check_asks_the_one_of_the_file(up: Up) -> None:
    if shutil.which("toxiproxy-cli") is None:
        pytest.skip("toxiproxy-cli is not on the PATH")
    argv = health_command(services(up.shell)["toxiproxy"])
    assert Path(argv[0]).name == "toxiproxy-cli"
    asked = ["toxiproxy-cli", *argv[1:]]
    assert subprocess.run(asked, capture_output=True, timeout=20).returncode == 0
    nowhere = [word.replace(str(up.ports["toxiproxy"]), "1") for word in asked]
    assert subprocess.run(nowhere, capture_output=True, timeout=20).returncode != 0


def test_a_health_check_of_a_region_fails_where_nobody_serves(up: Up) -> None:
    argv = health_command(services(up.shell)["localstack-us-east-1"])
    nowhere = [word.replace(":4566/", ":1/") for word in argv]
    assert subprocess.run(nowhere, capture_output=True, timeout=20).returncode != 0


def test_a_drill_uses_the_servers_that_run_and_leaves_them_as_they_were(up: Up, tmp_path: Path) -> None:
    theirs = [NewTable("somebody-elses", "id")]
    clients = [
        RegionClients(region, ("127.0.0.1", up.ports[name])).client("dynamodb") for region, name in REGIONS.items()
    ]
    for client in clients:
        create_tables(client, theirs)
    done = harness(up, ["drill", "run", "control-fault-never-applied", "--environment", "localstack"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    told = evidence(tmp_path)["versions"]
    for region in REGIONS:
        assert told[f"localstack {region}"].startswith("4.14.0, as a process, not started by the drill")
    for client in clients:
        assert table_names(client) == ["somebody-elses"]
    assert all(process.poll() is None for process in up.processes.values())


def test_the_command_of_the_harness_is_a_drill_that_is_met(up: Up, tmp_path: Path) -> None:
    done = harness(up, services(up.shell)["harness"]["command"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    told = evidence(tmp_path)["versions"]
    assert told["toxiproxy"] in ("2.12.0", "git")  # Go builds it without its release's number
    assert all(process.poll() is None for process in up.processes.values())


def test_a_server_that_dies_in_a_drill_ends_it_with_a_sentence(up: Up, tmp_path: Path) -> None:
    """The last test of this file: it takes a server away."""
    drill = [str(Path(sys.executable).parent / "drill"), "run", "region-lost-black-holed", "-e", "localstack"]
    with subprocess.Popen(
        [*drill, "--reports", str(tmp_path)], cwd=ROOT, env=shell(up), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        begun = list(itertools.takewhile(lambda line: "steady state" not in line, process.stdout))
        kill_whole(up.processes["localstack-us-west-2"])
        rest, _ = process.communicate(timeout=200)
    output = "".join((*begun, rest))
    assert process.returncode == 3, output
    assert "the server of us-west-2 at" in " ".join(output.split())


def evidence(reports: Path) -> Any:
    return json.loads((reports / "latest" / "run.json").read_text())


def shell(up: Up) -> dict[str, str]:
    """What the harness is given: this shell's, without what belongs to these tests, and what the file says."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return ours | environment(services(up.shell)["harness"])


def wait_until(true: Any, timeout_s: float) -> None:
    until = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)
