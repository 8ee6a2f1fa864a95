"""A stack that runs already and that the harness did not start: watched, broken by its owner, left as it was.

The stack is a world of `drill env up`, broken through its own Toxiproxy by a script that stands for its owner's.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.message
import dns.rrset
import psutil
import pytest

from harness.engines.addresses import choose_port
from harness.engines.aws.clients import RegionClients, scan_values
from harness.kit.address import split_address

pytestmark = [pytest.mark.live, pytest.mark.timeout(420)]

ROOT = Path(__file__).resolve().parents[2]
DRILL = [sys.executable, "-m", "harness.cli.main"]
NAME = "region-lost-black-holed"
PLACES = {"us-east-1": "127.0.1.10", "us-west-2": "127.0.2.10"}

STACK = """\
environment: stack
places: [{{name: us-east-1, role: primary}}, {{name: us-west-2, role: standby}}]
edge: {{record: app.example.com, port: {port}, dns_port: {dns}}}
objectives: {{fast: {{rto_s: 20}}, production: {{rto_s: 150}}}}
subject: {root}/reference/subject.yaml
"""

VISIT = """\
environment: staging
profile: fast
places: [{{name: us-east-1, role: primary}}, {{name: us-west-2, role: standby}}]
edge: {{record: app.example.com, ttl_s: 60, port: {port}}}
platform:
  kind: external
  hosts: [127.0.1.10, 127.0.2.10]
  rate_max_per_s: 150
  lease_s: {lease}
  faults:
    - {{fault: region-outage, target: us-east-1, inject: {inject}, heal: {heal}, timeout_s: 20}}
stop: {{errors: {{share: 0.95, window_s: 600, requests: 200}}}}
load_balancer: {{kind: external, addresses: {{us-east-1: 127.0.1.10, us-west-2: 127.0.2.10}}}}
steering: {{kind: external, dns: "127.0.0.1:{dns}", detect_s: 40, accept_s: 40}}
links: {{kind: none}}
gateway: {{kind: none}}
region_servers: {{kind: external}}
workload: {{rate_per_s: 16, other_period_s: 1}}
objectives: {{fast: {{rto_s: 25, rpo_s: 60}}, production: {{rto_s: 150, rpo_s: 60}}}}
subject: {root}/reference/subject.yaml
"""

SHORT = """\
Feature: Short
  Scenario: Lost
    Given the application runs in two regions
    And steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then nothing that was acknowledged stays lost
"""

OWNER = '''\
"""owner.py break|mend URL LOG: makes every link into us-east-1 silent, or lets it speak again."""
import json, sys, urllib.error, urllib.parse, urllib.request

what, api, log = sys.argv[1:4]
with open(log, "a") as told:
    told.write(what + "\\n")

def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(api + path, data, method=method), timeout=5) as answer:
        return json.loads(answer.read() or "null")

for link in call("GET", "/proxies"):
    if "us-east-1" not in link:
        continue
    at = f"/proxies/{urllib.parse.quote(link, safe='')}/toxics"
    try:
        if what == "break":
            call("POST", at, {"name": "owner", "type": "timeout", "attributes": {"timeout": 0}})
        else:
            call("DELETE", at + "/owner")
    except urllib.error.HTTPError as error:
        if what == "break" or error.code != 404:
            raise
'''


@dataclass(frozen=True)
class Stack:
    """A stack that runs. folder: where it was started; owner: its owner's script."""

    folder: Path
    port: int
    dns: int
    owner: Path

    @property
    def world(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / ".drill" / "world.json").read_text())
        return found

    @property
    def api(self) -> str:
        return str(self.world["links"]["url"])

    def broken(self) -> bool:
        """Whether its owner's script holds it broken."""
        with urllib.request.urlopen(f"{self.api}/proxies", timeout=5) as answer:
            proxies = json.loads(answer.read())
        return any(toxic["name"] == "owner" for proxy in proxies.values() for toxic in proxy["toxics"])

    def left(self) -> list[str]:
        """The keys of our items that its databases hold, without those that are deleted."""
        found = []
        for line in self.world["status"]:
            if line["what"].startswith("DynamoDB "):
                region = line["what"].removeprefix("DynamoDB ")
                client = RegionClients(region, split_address(line["where"])).client("dynamodb")
                values = scan_values(client, "items", "id", "value")
                client.close()
                found += [key for key, value in values.items() if value is not None]
        return found


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    port, dns_port = choose_port(list(PLACES.values()), 0, ""), choose_port(["127.0.0.1"], 0, "")
    (folder / "stack.yaml").write_text(STACK.format(port=port, dns=dns_port, root=ROOT))
    (folder / "owner.py").write_text(OWNER)
    run = subprocess.run(
        [*DRILL, "env", "up", "-e", "stack.yaml"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    try:
        yield Stack(folder, port, dns_port, folder / "owner.py")
    finally:
        subprocess.run([*DRILL, "env", "down"], cwd=folder, capture_output=True, timeout=60, check=False)


@dataclass
class Visit:
    """The harness, in a folder of its own. log: what the owner's script was told to do, in order."""

    folder: Path
    stack: Stack
    state: Path

    @property
    def log(self) -> list[str]:
        path = self.folder / "owner.log"
        return path.read_text().split() if path.exists() else []

    def owners(self, what: str) -> list[str]:
        return [sys.executable, str(self.stack.owner), what, self.stack.api, str(self.folder / "owner.log")]

    def describe(self, *, inject: list[str] | None = None, lease_s: int = 300, dns_port: int | None = None) -> None:
        text = VISIT.format(
            port=self.stack.port, dns=dns_port or self.stack.dns, root=ROOT, lease=lease_s,
            inject=json.dumps(inject or self.owners("break")), heal=json.dumps(self.owners("mend")),
        )  # fmt: skip
        (self.folder / "staging.yaml").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*DRILL, *arguments, "-e", "staging.yaml"], cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environ,
        )  # fmt: skip

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "DRILL_STATE": str(self.state), "COLUMNS": "200"}

    def run(self, *arguments: str) -> tuple[int, str]:
        with self.start(*arguments) as process:
            try:
                out, _ = process.communicate(timeout=300)
            finally:
                if process.poll() is None:
                    process.terminate()  # it heals, and leaves nothing
        return process.returncode, out

    @property
    def drill(self) -> dict[str, Any]:
        (found,) = json.loads((self.folder / "reports" / "latest" / "run.json").read_text())["drills"]
        return dict(found)

    def journal(self) -> list[Path]:
        return sorted(self.state.glob("*")) if self.state.exists() else []


@pytest.fixture
def visit(stack: Stack, tmp_path: Path) -> Iterator[Visit]:
    visit = Visit(tmp_path, stack, tmp_path / "state")
    visit.describe()
    yield visit
    subprocess.run(visit.owners("mend"), check=True, timeout=30)


def until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    limit = time.monotonic() + seconds
    while not true():
        if time.monotonic() > limit:
            return False
        time.sleep(0.1)
    return True


@contextmanager
def lying_dns(address: str) -> Iterator[int]:
    """A name server that leads everybody to one address; its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while (received := server.recvfrom(4096))[0]:
                answer = dns.message.make_response(dns.message.from_wire(received[0]))
                answer.answer.append(dns.rrset.from_text("app.example.com.", 5, "IN", "A", address))
                server.sendto(answer.to_wire(), received[1])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
                waker.sendto(b"", server.getsockname())  # an empty question ends it
            thread.join()


def test_a_watch_needs_no_fault_and_leaves_nothing_behind(visit: Visit) -> None:
    code, out = visit.run("watch", "--for", "6s")
    assert code == 0, out
    drill = visit.drill
    assert drill["verdict"] == "MET"
    history = visit.folder / "reports" / "latest" / drill["history"]
    events = [json.loads(line) for line in history.read_text().splitlines()]
    keys = {event["k"] for event in events if event.get("f") == "put" and event["t"] == "invoke"}
    assert keys
    assert all(key.startswith("drill-") for key in keys)
    assert visit.stack.left() == []
    assert visit.journal() == []
    assert visit.log == []


def test_a_lost_place_is_recovered_from_and_measured(visit: Visit) -> None:
    (visit.folder / "short.feature").write_text(SHORT)
    code, out = visit.run("run", "short.feature", "--yes", "--rerun-invalid", "1")
    drill = visit.drill
    assert (code, drill["verdict"]) == (0, "MET"), out
    assert drill["rto"]["low_s"] > 0
    assert drill["rto"]["high_s"] <= 25
    assert "inject:" in out
    assert visit.log in (["break", "mend"], ["break", "mend"] * 2)
    assert not visit.stack.broken()
    assert visit.stack.left() == []
    assert visit.journal() == []


def test_nothing_is_broken_without_a_yes(visit: Visit) -> None:
    code, out = visit.run("run", NAME)
    assert code == 3, out
    assert "--yes" in out
    assert visit.log == []
    assert visit.journal() == []


def test_without_a_fault_the_drill_proves_nothing(visit: Visit) -> None:
    code, out = visit.run("run", NAME, "--set", "fault=none", "--yes")
    assert (code, visit.drill["verdict"]) == (2, "INVALID"), out
    assert visit.log == []


def test_a_command_that_does_nothing_is_no_fault(visit: Visit) -> None:
    visit.describe(inject=[sys.executable, "-c", ""])
    code, out = visit.run("run", NAME, "--yes")
    assert (code, visit.drill["verdict"]) == (2, "INVALID"), out
    assert any("canary->us-east-1:http" in reason or "not" in reason for reason in visit.drill["reasons"])
    assert visit.log == ["mend"]


def test_a_command_that_fails_is_healed_at_once_and_told(visit: Visit) -> None:
    visit.describe(inject=[sys.executable, "-c", "print('no such region'); raise SystemExit(9)"])
    code, out = visit.run("run", NAME, "--yes")
    assert (code, visit.drill["verdict"]) == (2, "INVALID"), out
    told = " ".join(visit.drill["reasons"])
    assert "exit code 9" in told
    assert "no such region" in told
    assert visit.log == ["mend"]
    assert visit.journal() == []


def test_a_fault_that_holds_for_too_long_is_healed_and_the_drill_aborted(visit: Visit) -> None:
    visit.describe(lease_s=3)
    code, out = visit.run("run", NAME, "--yes")
    assert (code, visit.drill["verdict"]) == (2, "ABORTED"), out
    assert any("lease of 3 s has run out" in reason for reason in visit.drill["reasons"])
    assert visit.log[:2] == ["break", "mend"]
    assert not visit.stack.broken()
    assert visit.journal() == []


def test_a_killed_harness_leaves_nothing_broken_and_no_item(visit: Visit) -> None:
    process = visit.start("run", NAME, "--yes")
    try:
        assert until(visit.stack.broken), "the fault never came"
        children = psutil.Process(process.pid).children(recursive=True)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert until(lambda: not visit.stack.broken())
    assert until(lambda: visit.journal() == [], 120), visit.journal()
    assert visit.stack.left() == []
    assert until(lambda: not any(child.is_running() for child in children))
    assert visit.log[0] == "break"
    assert set(visit.log[1:]) == {"mend"}  # the watchdog makes sure a second later: a request may have been under way


def test_an_answer_beyond_the_named_hosts_is_not_dialled(visit: Visit) -> None:
    with lying_dns("203.0.113.9") as port:
        visit.describe(dns_port=port)
        code, out = visit.run("run", NAME, "--yes")
    assert (code, visit.drill["verdict"]) == (2, "INVALID"), out
    assert any("203.0.113.9" in reason and "not dialled" in reason for reason in visit.drill["reasons"])
    assert visit.log == []
