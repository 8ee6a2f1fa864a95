"""`drill heal` undoes what somebody else did, says what that was, and never claims more than it did."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import eventually
from toxiproxy_rig import Upstream, exchange, make_link, running_server, upstream
from typer.testing import CliRunner

from harness.cli.main import app
from harness.errors import HealError, InputError
from harness.live import healing
from harness.live.standing import world_file
from harness.parts.links.toxiproxy import healing as links_healing
from harness.parts.links.toxiproxy.client import ToxiproxyClient
from harness.parts.links.toxiproxy.client_model import Toxic
from harness.processes import process_tree
from harness.processes.process_tree import Tree
from harness.topology.load import load_environment
from harness.topology.shipped import find_environment

pytestmark = [pytest.mark.live, pytest.mark.beside]

WAITS = [sys.executable, "-c", "import sys; sys.stdin.read()"]


@pytest.fixture
def target() -> Iterator[Upstream]:
    with upstream() as server:
        yield server


@pytest.fixture
def server() -> Iterator[ToxiproxyClient]:
    with running_server() as client:
        yield client


def heal(monkeypatch: pytest.MonkeyPatch, folder: Path, url: str) -> str:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TOXIPROXY_URL", url)
    done = CliRunner().invoke(app, ["heal"], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_everything_that_was_broken_is_named_and_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ToxiproxyClient, target: Upstream
) -> None:
    ours = ToxiproxyClient(server.url, prefix="drill-0000000a.")
    links = {name: make_link(ours, name, target.address) for name in ("silent", "off", "well")}
    ours.add_toxic("silent", Toxic("timeout", attributes={"timeout": 0}, name="mine"))
    ours.disable("off")
    output = heal(monkeypatch, tmp_path, server.url)
    assert output.splitlines() == [
        "drill-0000000a.off: enabled",
        "drill-0000000a.silent: toxic mine (timeout, downstream) removed",
        "healed",
    ]
    for address in links.values():
        with socket.create_connection(address, timeout=5) as sock:
            assert exchange(sock, b"hello") == b"hello"
    assert heal(monkeypatch, tmp_path, server.url) == "nothing was broken\n"


@pytest.mark.parametrize("standing", [True, False])
def test_only_the_proxies_of_the_world_are_healed_or_else_those_of_all_drills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ToxiproxyClient, target: Upstream, standing: bool
) -> None:
    prefixes = ("drill-0000000a.", "drill-0000000b.", "")  # the world's, another drill's, the user's own
    clients = [ToxiproxyClient(server.url, prefix=prefix) for prefix in prefixes]
    for client in clients:
        make_link(client, "off", target.address)
        client.disable("off")
    links = {"url": server.url, "prefix": prefixes[0]}
    environment = load_environment(find_environment("embedded"))
    world = SimpleNamespace(links=links, environment=environment, processes={})
    monkeypatch.setattr(world_file, "running", lambda path: world if standing else None)
    healed = ["off: enabled"] if standing else ["drill-0000000a.off: enabled", "drill-0000000b.off: enabled"]
    assert heal(monkeypatch, tmp_path, server.url).splitlines() == [*healed, "healed"]
    assert [client.proxies()["off"].enabled for client in clients] == [True, not standing, False]


def test_what_stays_broken_is_an_error_and_never_called_healed(
    monkeypatch: pytest.MonkeyPatch, server: ToxiproxyClient, target: Upstream
) -> None:
    make_link(server, "off", target.address)
    server.disable("off")
    monkeypatch.setattr(ToxiproxyClient, "reset", lambda _: None)  # a server whose reset does not reach this one
    with pytest.raises(HealError, match=r"still broken after a reset of .*: off"):
        links_healing.heal_links(server)


def test_without_a_world_and_without_a_server_there_is_nothing_to_heal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOXIPROXY_URL", raising=False)
    with pytest.raises(InputError, match="no world runs here"):
        CliRunner().invoke(app, ["heal"], catch_exceptions=False, standalone_mode=False)


def test_a_frozen_component_is_thawed_and_an_ended_one_is_only_told() -> None:
    with subprocess.Popen(WAITS, stdin=subprocess.PIPE) as component:
        try:
            row = process_tree.process(component.pid)
            assert row is not None
            tree = Tree(component.pid, row.started)
            process_tree.freeze(tree)
            eventually(lambda: healing.frozen(tree))  # the kernel stops it in its own time
            assert healing.thaw({"app": tree}) == ["app: thawed"]
            eventually(lambda: not healing.frozen(tree))
            assert healing.thaw({"app": tree}) == []
            assert list(healing.ended({"app": tree})) == []
        finally:
            component.kill()
    assert list(healing.ended({"app": tree})) == ["app"]
    assert healing.thaw({"app": tree}) == []
