"""Killed at random points, from its start through faults to its end, a harness leaves nothing behind.

No proxy and no toxic on a Toxiproxy that goes on, no table on databases that go on, no process, frozen or not, no
folder, no entry in the journal. Most of it goes at once, by fork servers and watchdogs; what those cannot see goes with
the next run or `drill heal`.

    DRILL_KILLS=200 pytest tests/live/test_killed_anywhere.py -s      # make kill-test
    DRILL_KILLS=25 DRILL_KILLS_FROM=50 ...                            # the third batch of 25

Each point is drawn from its number alone, so that one which fails can be had again.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from toxiproxy_rig import running_server

from harness.engines.aws.clients import RegionClients, table_names
from harness.kit.address import Address, join_address
from harness.live.leftovers import journal, undoing
from harness.live.standing import world_file
from harness.parts.links.toxiproxy.client import Proxy, Toxic, ToxiproxyClient
from harness.parts.regions.dynoxide.part import program as dynoxide
from harness.parts.regions.ministack.install import RECIPE as MINISTACK
from harness.processes.forkserver import ForkServer
from harness.pytest_plugin import turns
from harness.world.installed import installed

pytestmark = [pytest.mark.live, pytest.mark.beside, pytest.mark.slow]

KILLS = int(os.environ.get("DRILL_KILLS", "4"))
FROM = int(os.environ.get("DRILL_KILLS_FROM", "0" if "DRILL_KILLS" in os.environ else "4"))
"""By default a few steps, and the first of the user's commands (number 7)."""
HERE = Path(__file__).parent / "killing"
MOTO = "harness.engines.moto.server"
REGIONS = ("us-east-1", "us-west-2")
MARK = "DRILL_KILL_TEST"
THEIRS = "clients->us-east-1:http"
SILENCE = Toxic("timeout", attributes={"timeout": 0}, name="silence")
WITHIN_S = 40.0
ENVIRONMENT = """environment: killed
regions:
  - {{name: us-east-1, role: primary}}
  - {{name: us-west-2, role: standby}}
region_servers: {servers}
objectives:
  fast: {{rto_s: 20}}
  production: {{rto_s: 150}}
"""
FEATURE = """Feature: mine
  Scenario: Broken at once
    Given the application runs in two regions
    When the primary region is lost, refused
    And 900 seconds pass
"""
STEPS = {"begin": 0.3, "warm": 0.1, "world": 2.0, "subject": 0.6, "fault": 0.2, "heal": 1.5, "down": 0.5}
"""Of the harness that does everything once: so long after it has told a step, at most, it is killed."""
COMMANDS = {
    "drill run": (["-m", "harness.cli.main", "run", "mine.feature", "-e", "mine.yaml"], 12.0),
    "pytest -n": (["-m", "pytest", "mine.feature", "-p", "no:cacheprovider", "-n", "1"], 12.0),
    "drill env up": (["-m", "harness.cli.main", "env", "up", "-e", "mine.yaml"], 5.0),
}
"""Commands of the user's, and how long after their start they are killed at most."""


@dataclass(frozen=True)
class Point:
    """Where and how the harness number `number` is killed. what: a command of the user's, or a step."""

    number: int
    servers: str
    what: str
    after_s: float
    step: int
    signal: signal.Signals

    def __str__(self) -> str:
        return f"{self.number}: {self.servers}, {self.what} + {self.after_s:.3f} s, {self.signal.name}"


def point(number: int, servers: list[str]) -> Point:
    draw = random.Random(f"point {number}")
    number_of = draw.choices([signal.SIGKILL, signal.SIGTERM, signal.SIGINT], [8, 1, 1])[0]
    kind = servers[number % len(servers)]
    if number % 8 == 7:
        what = list(COMMANDS)[number // 8 % len(COMMANDS)]
        return Point(number, kind, what, draw.uniform(0, COMMANDS[what][1]), 0, number_of)
    what = draw.choices(list(STEPS), [1, 1, 4, 2, 5, 2, 2])[0]
    return Point(number, kind, what, draw.uniform(0, STEPS[what]), draw.randrange(6), number_of)


@dataclass
class World:
    """What goes on while harnesses are killed, and where they leave what they leave."""

    folder: Path
    toxiproxy: ToxiproxyClient
    databases: dict[str, Address]
    tree: set[tuple[int, float]] = field(default_factory=set)

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def variables(self) -> dict[str, str]:
        kept = {name: v for name, v in os.environ.items() if not name.startswith(("DRILL_", "PYTEST_"))}
        ours = {"TMPDIR": str(self.temporary), journal.VARIABLE: str(self.state), MARK: str(self.folder)}
        subject = {"DRILL_SUBJECT": "subject.yaml", "DRILL_ENVIRONMENT": "mine.yaml"}
        cache = {name: os.environ[name] for name in ("DRILL_CACHE",) if name in os.environ}
        # Plain pytest keeps folders of its last three runs by itself, whoever ends it and however: they are not ours.
        pytests_own = {"PYTEST_DEBUG_TEMPROOT": str(self.folder.parent)}
        return {**kept, **ours, **subject, **cache, **pytests_own, "TOXIPROXY_URL": self.toxiproxy.url}

    def start(self, point: Point) -> subprocess.Popen[str]:
        servers = f"{{kind: {point.servers}}}"
        if point.servers == "endpoint":
            at = ", ".join(f'{region}: "http://{join_address(a)}"' for region, a in self.databases.items())
            servers = f"{{kind: endpoint, endpoints: {{{at}}}, create_tables: true}}"
        (self.folder / "mine.yaml").write_text(ENVIRONMENT.format(servers=servers))
        command = COMMANDS[point.what][0] if point.what in COMMANDS else []
        if not command:
            command = [str(HERE / "harness_to_kill.py"), "mine.yaml", "subject.yaml"]
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=self.folder, env=self.variables(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def remember(self, pid: int) -> None:
        """Who descends from the harness now."""
        with suppress(psutil.Error):
            for one in psutil.Process(pid).children(recursive=True):
                with suppress(psutil.Error):
                    self.tree.add((one.pid, one.create_time()))

    def processes(self) -> list[str]:
        """Those of any harness of ours: by descent, by a variable, by where they are or what they were told."""
        found = []
        for one in self._alive():
            with suppress(psutil.Error):  # it may have ended between two looks
                found.append(f"process {one.pid} ({' '.join(one.cmdline())[:200]})")
        return found

    def _alive(self) -> Iterator[psutil.Process]:
        for one in psutil.process_iter():
            with suppress(psutil.Error):
                if one.pid != os.getpid() and one.status() != psutil.STATUS_ZOMBIE and self._is_ours(one):
                    yield one

    def _is_ours(self, one: psutil.Process) -> bool:
        if (one.pid, one.create_time()) in self.tree:
            return True
        with suppress(psutil.AccessDenied):
            environ = one.environ()
            told = " ".join(one.cmdline())
            return (
                environ.get(MARK) == str(self.folder)
                or environ.get("TMPDIR", "").startswith(str(self.folder))
                or str(self.folder) in told
                or one.cwd().startswith(str(self.folder))
            )
        return False

    def broken(self) -> list[str]:
        """What is on servers that go on."""
        left = [f"proxy {name}" for name in self.toxiproxy.proxies() if name != THEIRS]
        for region, address in self.databases.items():
            client = RegionClients(region, address).client("dynamodb")
            left += [f"table {name} in {region}" for name in table_names(client)]
            client.close()
        return left

    def files(self) -> list[str]:
        """Temporary files, entries of the journal, and what is half written."""
        found = [*self.temporary.iterdir(), *(self.state.iterdir() if self.state.exists() else ())]
        kept = {".gitignore", turns.GATE, turns.STARTING}  # a lock must be a file
        found += [path for path in (self.folder / "reports").rglob(".*") if path.name not in kept]
        found += [path for path in self.folder.glob(".*") if path.name != ".drill"]
        known = {".gitignore", "world.lock", "world.log"}
        drill = self.folder / ".drill"
        found += [path for path in (drill.iterdir() if drill.exists() else ()) if path.name not in known]
        return [f"file {path}" for path in found]


@pytest.fixture
def servers() -> list[str]:
    """The kinds of region servers whose programs are here."""
    there = {"dynoxide": dynoxide() is not None, "ministack": installed(MINISTACK) is not None}
    return ["moto", "endpoint", "moto", *(name for name, installed_here in there.items() if installed_here)]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with ExitStack() as stack:
        toxiproxy = stack.enter_context(running_server())
        forked = stack.enter_context(ForkServer([MOTO], tmp_path / "databases"))
        processes = {
            region: forked.spawn(region, MOTO, {"region": region, "listen": ["127.0.0.1", 0]}) for region in REGIONS
        }
        databases = {}
        for region, process in processes.items():
            host, port = process.ready(20)["listen"]
            databases[region] = (str(host), int(port))
        toxiproxy.populate([Proxy(THEIRS, ("127.0.0.1", 0), ("127.0.0.1", 9))])
        toxiproxy.add_toxic(THEIRS, SILENCE)
        folder = tmp_path / "killed"
        (folder / "tmp").mkdir(parents=True)
        for name in ("app.py", "subject.yaml"):
            shutil.copy(HERE / name, folder)
        (folder / "mine.feature").write_text(FEATURE)
        monkeypatch.setenv(journal.VARIABLE, str(folder / "state"))
        monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
        found = World(folder, toxiproxy, databases)
        try:
            yield found
        finally:
            for one in found._alive():
                one.kill()
        assert list(toxiproxy.proxies()) == [THEIRS]
        assert [toxic.name for toxic in toxiproxy.toxics(THEIRS)] == ["silence"]


def killed(world: World, at: Point) -> str:
    """Kill one at its point; what it said last."""
    said = ""
    with world.start(at) as harness:
        assert harness.stdout is not None
        try:
            if at.what in STEPS:
                said = _until(harness, at)
            time.sleep(at.after_s)
            world.remember(harness.pid)
            harness.send_signal(at.signal)
            if at.signal is not signal.SIGKILL:
                harness.wait(60)
            if at.what == "drill env up":
                _end_supervisors(world)
        finally:
            harness.kill()
    return said


def _until(harness: subprocess.Popen[str], at: Point) -> str:
    assert harness.stdout is not None
    seen = 0
    line = ""
    for line in harness.stdout:
        seen += line.strip() == at.what
        if line.strip() == at.what and (at.what != "fault" or seen > at.step):
            break
        if line.strip() == "gone" or (at.what == "fault" and line.strip() == "heal"):
            break
    return line


def _end_supervisors(world: World) -> None:
    """A world whose starter was killed after it had been handed over stands, as it should."""
    for one in list(world._alive()):
        with suppress(psutil.Error):
            if "harness.live.standing.supervisor" in one.cmdline():
                world.remember(one.pid)
                one.kill()


def left_after(world: World) -> tuple[list[str], list[str]]:
    """What is left at last, and what the next run had to take away."""
    until = time.monotonic() + WITHIN_S
    while (left := [*world.processes(), *world.broken()]) and time.monotonic() < until:
        time.sleep(0.25)  # each look reads the whole process table
    for path in world.temporary.iterdir():
        if path.is_dir() and not any(path.iterdir()):
            os.utime(path, (0, 0))  # the next run comes a minute later
    done, failed = undoing.undo_abandoned()
    path = world_file.path_in(world.folder)
    stale = path.exists()
    world_file.running(path)
    with world_file.claimed(path) as ours:
        left += [] if ours else [f"{path} is claimed still"]
    done += [f"{path} removed"] if stale and not path.exists() else []
    return [*left, *failed, *world.processes(), *world.broken(), *world.files()], done


@pytest.mark.timeout(60 + 40 * KILLS)
def test_killed_at_any_point_nothing_is_left(world: World, servers: list[str]) -> None:
    count: Counter[str] = Counter()
    problems = []
    for number in range(FROM, FROM + KILLS):
        at = point(number, servers)
        began_s = time.monotonic()
        said = killed(world, at)
        left, by_next_run = left_after(world)
        count.update([at.servers, at.what, at.signal.name])
        count["something was left to the next run"] += bool(by_next_run)
        for sentence in by_next_run:
            print(f"{at}: the next run: {sentence}")
        print(f"{at}: looked at after {time.monotonic() - began_s:.1f} s")
        if left:
            problems.append(f"{at} (it said {said!r}): {'; '.join(left)}")
            print(problems[-1])
            for one in world._alive():
                one.kill()
        world.tree.clear()
        if (reports := world.folder / "reports").exists():
            shutil.rmtree(reports)
    print(f"{KILLS} killed: {dict(count)}")
    assert problems == []
