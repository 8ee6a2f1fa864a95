"""A harness that is killed, or stands still, leaves nothing broken on a Toxiproxy server that goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from toxiproxy_rig import running_server

from harness.live.leftovers import journal, undoing
from harness.live.leftovers.guard import Guard
from harness.live.leftovers.journal import Leftover
from harness.parts.links.toxiproxy.client import Proxy, Toxic, ToxiproxyClient
from harness.parts.links.toxiproxy.prefix import new_prefix
from harness.processes import process_tree

pytestmark = [pytest.mark.live, pytest.mark.beside]

LINK = "clients->us-east-1:http"
PROXY = Proxy(LINK, ("127.0.0.1", 0), ("127.0.0.1", 9))
SILENCE = Toxic("timeout", attributes={"timeout": 0}, name="silence")
LEASE_S = 1.5
"""That is renewed: a busy machine does nothing at all for some of that."""
KILLS = int(os.environ.get("DRILL_KILLS", "10"))

HARNESS = """
import sys, time
from harness.live.leftovers.guard import Guard
from harness.live.leftovers.journal import Leftover
from harness.parts.links.toxiproxy.client import Proxy, Toxic, ToxiproxyClient
url, prefix, lease_s = sys.argv[1], sys.argv[2], float(sys.argv[3])
client = ToxiproxyClient(url, prefix=prefix)
handle = {"url": url, "prefix": prefix}
with Guard(Leftover.ours("proxies", "links", "toxiproxy", handle), lease_s):
    print("guarded", flush=True)
    client.populate([Proxy(f"link-{n}", ("127.0.0.1", 0), ("127.0.0.1", 9)) for n in range(3)])
    for n in range(3):
        client.add_toxic(f"link-{n}", Toxic("timeout", attributes={"timeout": 0}, name="silence"))
    print("broken", flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def server() -> Iterator[ToxiproxyClient]:
    """A server that goes on, with a proxy of the user's own that is broken, as they want it."""
    with running_server() as client:
        client.populate([PROXY])
        client.add_toxic(LINK, SILENCE)
        yield client
        assert list(client.proxies()) == [LINK]
        assert [toxic.name for toxic in client.toxics(LINK)] == ["silence"]


def harness(server: ToxiproxyClient, lease_s: float = 30.0, prefix: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HARNESS, server.url, prefix or new_prefix(), str(lease_s)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def until(done: Callable[[], bool], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def told(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == f"{word}\n"


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def watchdogs(state: Path) -> list[int]:
    """Those of this test: each names its file of the journal."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        line = process.info["cmdline"] or []
        if "harness.live.leftovers.watchdog" in line and any(str(state) in word for word in line):
            found.append(process.info["pid"])
    return found


def clean(server: ToxiproxyClient, state: Path) -> bool:
    return list(server.proxies()) == [LINK] and not list(state.iterdir()) and not watchdogs(state)


@pytest.mark.slow
@pytest.mark.timeout(60 + 10 * KILLS)
def test_killed_at_any_point_nothing_is_left(server: ToxiproxyClient, state: Path) -> None:
    """DRILL_KILLS=200 tries that often."""
    draw = random.Random(8)
    for _ in range(KILLS):
        process = harness(server)
        try:
            told(process, "guarded")
            time.sleep(draw.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        finally:
            ended(process)
        until(lambda: clean(server, state))


def test_what_it_asked_for_last_is_undone_too_when_it_comes_after_its_end(server: ToxiproxyClient, state: Path) -> None:
    """A server may still be at work on the request of a client that is gone."""
    prefix = new_prefix()
    process = harness(server, prefix=prefix)
    try:
        told(process, "guarded")
        told(process, "broken")
    finally:
        ended(process)
    until(lambda: list(server.proxies()) == [LINK])
    late = ToxiproxyClient(server.url, prefix=prefix)
    late.populate([Proxy("link-3", ("127.0.0.1", 0), ("127.0.0.1", 9))])
    assert len(server.proxies()) == 2
    until(lambda: clean(server, state))


def test_a_draft_of_an_entry_goes_when_its_harness_is_gone(state: Path) -> None:
    """Killed while it wrote: nothing had been made yet."""
    state.mkdir()
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as writer:
        row = process_tree.process(writer.pid)
        assert row is not None
        draft = state / f"00ff.{writer.pid}-{row.started}.draft"
        draft.write_text("[1, 2")
        assert undoing.undo_abandoned() == ([], [])
        assert draft.exists()
        writer.communicate()
    assert undoing.undo_abandoned() == ([], [])
    assert not list(state.iterdir())


def test_one_that_stands_still_loses_its_lease(server: ToxiproxyClient, state: Path) -> None:
    process = harness(server, lease_s=4.0)
    try:
        told(process, "guarded")
        told(process, "broken")
        assert len(server.proxies()) == 4
        process.send_signal(signal.SIGSTOP)
        until(lambda: clean(server, state))
    finally:
        ended(process)


def test_a_lease_is_renewed_while_the_harness_lives(server: ToxiproxyClient, state: Path) -> None:
    with Guard(Leftover.ours("proxies", "links", "toxiproxy", {"url": server.url, "prefix": "drill-0."}), LEASE_S):
        (watchdog,) = watchdogs(state)
        start = time.monotonic()
        until(lambda: time.monotonic() - start > 2.5 * LEASE_S)
        assert watchdogs(state) == [watchdog]
    assert clean(server, state)


def test_signals_that_end_the_harness_do_not_end_its_watchdog(server: ToxiproxyClient, state: Path) -> None:
    process = harness(server)
    try:
        told(process, "guarded")
        told(process, "broken")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(*watchdogs(state), number)
        assert len(watchdogs(state)) == 1
    finally:
        ended(process)
    until(lambda: clean(server, state))


def test_with_its_watchdog_killed_as_well_the_next_run_undoes_it(server: ToxiproxyClient, state: Path) -> None:
    process = harness(server)
    try:
        told(process, "guarded")
        told(process, "broken")
        os.kill(*watchdogs(state), signal.SIGKILL)
        until(lambda: not watchdogs(state))
        assert undoing.undo_abandoned() == ([], [])  # it lives, and so do its proxies
        assert len(server.proxies()) == 4
    finally:
        ended(process)
    done, failed = undoing.undo_abandoned()
    assert failed == []
    assert len(done) == 3
    assert all("link-" in sentence and "deleted" in sentence for sentence in done)
    assert clean(server, state)


def test_drill_heal_undoes_it_by_hand(server: ToxiproxyClient, state: Path, tmp_path: Path) -> None:
    process = harness(server)
    try:
        told(process, "guarded")
        told(process, "broken")
        os.kill(*watchdogs(state), signal.SIGKILL)
    finally:
        ended(process)
    command = [sys.executable, "-m", "harness.cli.main", "heal"]
    env = {name: value for name, value in os.environ.items() if name != "TOXIPROXY_URL"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "healed" in done.stdout
    assert clean(server, state)


def test_a_server_that_is_gone_has_nothing_left(state: Path) -> None:
    process = None
    with running_server() as server:
        process = harness(server)
        told(process, "guarded")
        told(process, "broken")
        os.kill(*watchdogs(state), signal.SIGKILL)
        ended(process)
    done, failed = undoing.undo_abandoned()
    assert failed == []
    assert "nothing listens" in done[0]
    assert not list(state.iterdir())


def test_what_is_no_entry_is_told_and_left(state: Path) -> None:
    state.mkdir()
    (state / "0.journal").write_text("[1, 2")
    done, (failed,) = undoing.undo_abandoned()
    assert done == []
    assert "0.journal is no entry of the journal" in failed
    assert (state / "0.journal").exists()
