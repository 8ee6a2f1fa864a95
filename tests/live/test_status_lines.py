"""`drill env status`: what it says of a world is so, and every line that it gives to paste works as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import drill, environment, eventually, left_running

pytestmark = [pytest.mark.live, pytest.mark.beside, pytest.mark.slow, pytest.mark.timeout(600)]

LONG = "drill watch"
"""A line that takes a minute; it has tests of its own."""
_TIMEOUT_S = 60


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are as wide as they want to be."""
    monkeypatch.setenv("COLUMNS", "200")


@contextmanager
def standing(folder: Path, name: str) -> Iterator[None]:
    """A world of a shipped environment."""
    code, output = drill(folder, "env", "up", "-e", name, "--seed", "5")
    try:
        assert code == 0, output
        yield
    finally:
        drill(folder, "env", "down")
    eventually(lambda: left_running(folder) == [])


def told(folder: Path) -> tuple[str, list[tuple[str, str]]]:
    """The tables, on one line each row, and what there is to paste: title and line."""
    code, output = drill(folder, "env", "status")
    assert code == 0, output
    tables, *pasted = re.split(r"\n\n(?=[^\n]+:\n  \S)", output)
    return tables, [(title, line.strip()) for title, _, line in (block.partition("\n") for block in pasted)]


def told_when(folder: Path, *patterns: str) -> tuple[str, list[tuple[str, str]]]:
    """What is told once each of these is somewhere in the tables: a world has just begun."""
    seen = ("", [])

    def shown() -> bool:
        nonlocal seen
        seen = told(folder)
        return all(re.search(pattern, seen[0]) for pattern in patterns)

    eventually(shown, 90)
    return seen


def pasted(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A line, as a shell in that folder takes it; `python` and `drill` are those of these tests."""
    given = environment()
    given["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{given['PATH']}"
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=given, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )


def all_work(folder: Path, lines: list[tuple[str, str]]) -> dict[str, str]:
    """Paste them in their order; what each printed, by its title."""
    printed = {}
    for title, line in lines:
        program = next(word for word in line.split() if "=" not in word)
        found = shutil.which(program, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if line.startswith(LONG) or found is None:  # dig and aws are not everywhere
            continue
        done = pasted(folder, line)
        assert done.returncode == 0, (title, line, done.stdout, done.stderr)
        printed[title] = done.stdout
    return printed


def test_digitalocean(tmp_path: Path) -> None:
    with standing(tmp_path, "digitalocean"):
        _, lines = told_when(
            tmp_path,
            r"record A app\.example\.com +127\.0\.1\.10 +leads to nyc3, TTL 60 s, id \d+",
            r"load balancer lb-sfo3 .*in sfo3, asks /",
            r"target nyc3 +127\.0\.0\.1:\d+ +storefront\.nyc3, in rotation",
            r"target sfo3 +127\.0\.0\.1:\d+ +storefront\.sfo3, in rotation",
        )
        printed = all_work(tmp_path, lines)
    assert '"domain_records"' in printed["The records, through the API:"]
    moved = [text for title, text in printed.items() if "with pydo" in title]
    assert ["127.0.2.10" in text for text in moved] == [True]
    assert "127.0.1.10" in printed["And back to nyc3:"]


def test_akamai(tmp_path: Path) -> None:
    with standing(tmp_path, "akamai"):
        _, lines = told_when(
            tmp_path,
            r"domain example\.akadns\.net .*complete",
            r"property app\.example\.akadns\.net +127\.0\.1\.10 +failover, hands out us-east-1",
            r"server us-east-1 +127\.0\.1\.10 +up, score 0\.\d+, 7 agents",
            r"server us-west-2 +127\.0\.2\.10 +down, score 75\.00, 7 agents",
        )
        printed = all_work(tmp_path, lines)
        told_when(tmp_path, r"domain example\.akadns\.net .*pending: name servers answer by what was before")
    shown, moved = (next(text for title, text in printed.items() if words in title) for words in ("status", "Leave"))
    assert "'propagationStatus': 'COMPLETE'" in shown
    assert "'propagationStatus': 'PENDING'" in moved


def test_pods(tmp_path: Path) -> None:
    with standing(tmp_path, "kubernetes"):
        rotating = r"target {} +127\.0\.0\.1:\d+ +storefront-\S+, in rotation"
        tables, lines = told_when(tmp_path, rotating.format("nyc3"), rotating.format("sfo3"))
        pods = re.findall(r"pod (\S+) +127\.0\.0\.1:\d+ +\S+, ready, 0 restarts", tables)
        assert {pod.rpartition(".")[2] for pod in pods} == {"nyc3", "sfo3"}
        for place in ("nyc3", "sfo3"):
            assert re.search(rf"endpoints {place} +storefront-\S+, storefront-", tables), tables
        printed = all_work(tmp_path, lines)
        assert '"restarts"' in printed["Every pod with its processes, as JSON:"]
        (killed,) = [pod for pod in pods if pod.startswith("storefront")][:1]
        pid = re.search(rf"{re.escape(killed)} +(\d+) ", tables)
        assert pid is not None
        assert pasted(tmp_path, f"kill -9 {pid[1]}").returncode == 0
        eventually(lambda: re.search(rf"pod {re.escape(killed)} .*, ready, 1 restart$", told(tmp_path)[0], re.M), 120)
        tables, lines = told(tmp_path)
        now = re.search(rf"{re.escape(killed)} +(\d+) +running", tables)
        assert now is not None, tables
        assert now[1] != pid[1], "the pod is another process now"
        assert [line for line in tables.splitlines() if line.endswith(" ")] == []
        assert pasted(tmp_path, f"pkill -STOP -s {now[1]}").returncode == 0
        assert re.search(rf"{re.escape(killed)} +{now[1]} +frozen", told(tmp_path)[0])
        code, output = drill(tmp_path, "heal")
        assert code == 0
        assert f"{killed}: thawed" in output
