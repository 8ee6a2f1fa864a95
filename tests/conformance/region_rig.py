"""Region servers as their parts start them, without a world around them, and what each is known to do differently."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from harness.engines.addresses import choose_port
from harness.live import programs
from harness.processes.forkserver import ForkServer, stop_all
from harness.topology import kinds
from harness.topology.environment import Section
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.world.diagnosis import State
from harness.world.part import LOOPBACK, Blueprint
from harness.world.regions import RegionServer

ROOT = Path(__file__).parents[2]
EAST = "us-east-1"
SERVERS = ("moto", "dynoxide", "ministack", "localstack")

OURS: Mapping[str, Mapping[str, Any]] = {"localstack": {"use": "started"}}
"""What has a part start its server, where it would use one that runs already."""

AWS: Mapping[str, Any] = {
    "identical put": [],
    "upsert": ["INSERT"],
    "delete of nothing": [],
    "region of a record": EAST,
    "records of a transaction": ["INSERT", "INSERT"],
    "shard ids that boto3 takes": True,
    "shards of a small table": 1,
    "stream of a table that was deleted": "gone",
    "item of a failed condition": "told",
    "same token, other transaction": "IdempotentParameterMismatchException",
    "same token again": "no further effect",
    "a key twice in a batch": "ValidationException",
    "26 puts in a batch": "ValidationException",
    "an item over 400 KB": "ValidationException",
    "an empty key": "ValidationException",
    "a key of another type": "ValidationException",
    "a table that there is not": "ResourceNotFoundException",
    "a table that there is": "ResourceInUseException",
    "an operation that there is not": "400 UnknownOperationException",
    "two operations on an item in a transaction": "ValidationException",
}
"""What DynamoDB does, by what is looked at (API Reference and Developer Guide)."""

DIFFERENCES: Mapping[str, Mapping[str, Any]] = {
    "moto": {
        "same token again": "a second effect",
        "same token, other transaction": "none",
        "an operation that there is not": "500",
    },
    "dynoxide": {
        "identical put": ["MODIFY"],
        "region of a record": "dynoxide",
        "shard ids that boto3 takes": False,
        "stream of a table that was deleted": "told again",
    },
    "ministack": {},
    "localstack": {
        "identical put": ["MODIFY"],
        "shard ids that boto3 takes": False,
        "stream of a table that was deleted": "told again",
        "an operation that there is not": "500 InternalError",
    },
}
"""What a server does otherwise: a test that sees something else, also AWS's behaviour, fails, and the line goes."""


def expected(server: str, what: str) -> Any:
    """What a server is known to do."""
    return DIFFERENCES[server].get(what, AWS[what])


class Ground:
    """A ground without a world: processes of one fork server, gone with the stack."""

    def __init__(self, folder: Path, servers: ForkServer, stack: ExitStack) -> None:
        self.folder = folder
        self.edges: Mapping[str, Any] = {}
        self.processes: dict[str, Any] = {}
        self._servers = servers
        self._stack = stack
        stack.callback(lambda: stop_all([getattr(p, "process", p) for p in self.processes.values()], 0.3))

    def spawn(self, group: str, name: str, module: str, config: Mapping[str, Any]) -> Any:
        self.processes[name] = self._servers.spawn(name, module, config)
        return self.processes[name]

    def run(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path, answers: Callable[[], bool]
    ) -> Any:
        self.processes[name] = programs.run(self._servers, name, argv, env, cwd, answers)
        return self.processes[name]

    def switch_off(self, name: str) -> None:
        self.processes[name].process.kill()

    def free_port(self) -> int:
        return choose_port([LOOPBACK], 0, "")

    def on_close(self, action: Callable[[], object]) -> None:
        self._stack.callback(action)

    def launcher(self) -> ForkServer:
        return self._servers


def blueprint() -> Blueprint:
    """Of the embedded environment and the reference subject."""
    environment = load_environment(ROOT / "environments" / "embedded.yaml")
    return Blueprint(environment, load_subject(ROOT / "reference" / "subject.yaml", environment), Timing(Profile.FAST))


def missing(kind: str) -> str | None:
    """Why a server cannot be started on this machine; None: it can."""
    section = kinds.section_named("region_servers")
    part, spec = kinds.load(section, kind, "part"), kinds.checked(section, Section(kind=kind, **OURS.get(kind, {})))
    found = list(getattr(part, "diagnose", lambda *_: ())(blueprint(), spec))
    return next((f"{one.text}; {one.hint}" for one in found if one.state is State.FAIL), None)


@contextmanager
def running(kind: str, folder: Path, **settings: Any) -> Iterator[RegionServer]:
    """One region of that kind, which serves."""
    section = kinds.section_named("region_servers")
    spec = kinds.checked(section, Section(kind=kind, **OURS.get(kind, {}), **settings))
    modules = [module for _, module in kinds.load(section, kind, "spec").PRELOAD]
    with ExitStack() as stack:
        servers = stack.enter_context(ForkServer(modules, folder))
        region: RegionServer = kinds.load(section, kind, "part").build(blueprint(), spec)[0]
        region.start(Ground(folder, servers, stack))
        region.endpoints()
        yield region
