"""Every process of the world can be run by hand: one line when it is ready, 0 after a signal, 3 with a reason."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.live, pytest.mark.beside]

HERE = ["127.0.0.1", 0]
PROGRAMS: dict[str, tuple[dict[str, Any], str]] = {  # configuration, and the key of an address that it listens on
    "harness.parts.edge.gateway": ({"listeners": []}, "admin"),
    "harness.parts.edge.load_balancer": ({"region": "us-east-1", "listen": HERE}, "listen"),
    "harness.parts.edge.browser_proxy": (
        {"dns": ["127.0.0.1", 9], "zone": "example.com", "port": 80, "address_book": {}},
        "listen",
    ),
    "harness.parts.links.toxiproxy": ({"api": HERE}, "api"),
    "harness.engines.moto": ({"region": "us-east-1", "listen": HERE}, "listen"),
    "harness.parts.steering.route53": ({"control_plane": ["127.0.0.1", 9]}, "dns"),
    "harness.witness": ({"history": "history.jsonl", "dns": ["127.0.0.1", 9], "record": "a", "port": 80}, "admin"),
}


def started(program: str, config: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", program, "--config", config]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_says_that_it_is_ready_and_ends_with_a_signal(program: str, tmp_path: Path) -> None:
    config, key = PROGRAMS[program]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with started(program, "config.json", tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with socket.create_server(("127.0.0.1", 0)) as probe:
            assert ready[key][1] not in (0, probe.getsockname()[1])
        process.send_signal(signal.SIGTERM)
        rest, log = process.communicate(timeout=20)
        assert (process.returncode, rest) == (0, ""), log


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_taken_address_ends_it_with_code_3_and_the_address(program: str, tmp_path: Path) -> None:
    config, key = PROGRAMS[program]
    kind = socket.SOCK_DGRAM if key == "dns" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        with started(program, json.dumps({**config, key: ["127.0.0.1", port]}), tmp_path) as process:
            out, log = process.communicate(timeout=20)
    assert (process.returncode, out) == (3, ""), log
    assert f"cannot listen on 127.0.0.1:{port}" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_wrong_configuration_ends_it_with_code_3_and_the_key(program: str, tmp_path: Path) -> None:
    config, key = PROGRAMS[program]
    with started(program, json.dumps({**config, key: ["0.0.0.0", 0], "colour": "red"}), tmp_path) as process:
        out, log = process.communicate(timeout=20)
    assert (process.returncode, out) == (3, ""), log
    assert "colour: unknown key; allowed: " in log
    assert f"{key}: " in log
    assert "loopback" in log
