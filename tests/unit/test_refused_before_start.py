"""Whatever is wrong with files that an environment names is told before anything is started, whoever asks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import run, standing_world, trial, watched_world
from harness.cli.main import app
from harness.drill.options import resolve
from harness.errors import InputError
from harness.live import ground
from tests.unit.kubernetes_manifests import GOOD

ENVIRONMENT = """\
environment: mine
places:
  - {name: nyc3, role: primary, database: us-east-1}
  - {name: sfo3, role: standby, database: us-east-1}
platform:
  kind: kubernetes
  manifests: [k8s/app.yaml]
objectives:
  fast: {rto_s: 20}
  production: {rto_s: 150}
subject: subject.yaml
"""
SUBJECT = """\
subject: mine
tables:
  - {name: items, key: id, value: value}
components:
  - {name: app, command: [python, app.py], region: each, port_env: PORT, health: /ready}
images:
  registry.example.com/app: {command: [python, app.py]}
"""
COMMANDS = {
    "run": ["run", "region-lost-black-holed", "-e", "environment.yaml"],
    "up": ["env", "up", "-e", "environment.yaml"],
    "doctor": ["doctor", "-e", "environment.yaml"],
    "trial": ["doctor", "-e", "environment.yaml", "-s", "subject.yaml"],
    "watch": ["watch", "-e", "environment.yaml", "--for", "1s"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("environment.yaml", ENVIRONMENT), ("subject.yaml", SUBJECT), ("k8s/app.yaml", GOOD)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("something was started")

    monkeypatch.setattr(ground, "start_fork_servers", started)
    monkeypatch.setattr(standing_world, "start", started)
    for module, name in ((run, "warm"), (trial, "warm"), (watched_world, "warm")):
        monkeypatch.setattr(module, name, started)


def refusal_of(command: str) -> list[str]:
    """What it says, each mistake as `file:line`, or as `file` where a line says nothing."""
    done = CliRunner().invoke(app, COMMANDS[command])
    assert isinstance(done.exception, InputError), done.exception
    return [re.split(r": ", str(problem))[0] for problem in done.exception.problems]


def broken(folder: Path) -> None:
    text = GOOD.replace("replicas: 2", "replicsa: 2").replace("image: registry.example.com/app:1", "image: other:1")
    text = text.replace("port: 8080}", "port: 9090}").replace(
        "selector: {app: app}\n  ports", "selector: {app: nobody}\n  ports"
    )
    (folder / "k8s" / "app.yaml").write_text(text + "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\n")


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_mistake_of_a_manifest_is_told_at_once_and_before_anything_starts(folder: Path, command: str) -> None:
    broken(folder)
    assert refusal_of(command) == [f"k8s/app.yaml:{line}" for line in (17, 27, 44, 52, 58)]


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_manifest_that_is_not_there_or_no_file_is_told_likewise(folder: Path, command: str) -> None:
    (folder / "k8s").rename(folder / "elsewhere")
    assert refusal_of(command) == ["k8s/app.yaml"]
    (folder / "k8s").mkdir()
    os.mkfifo(folder / "k8s" / "app.yaml")
    assert refusal_of(command) == ["k8s/app.yaml"]


def test_the_file_that_is_not_there_says_where_it_was_looked_for(folder: Path) -> None:
    (folder / "k8s" / "app.yaml").unlink()
    with pytest.raises(InputError, match="named relative to the environment file"):
        resolve({"environment": "environment.yaml"}, {}, folder, 7)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("  selector: {app: app}\n  ports", "  selector: {app: nobody}\n  ports"),
        lambda text: text.replace("targetPort: http", "targetPort: 81"),
        lambda text: text.replace("targetPort: http", "targetPort: [http]"),
        lambda text: text.replace("  selector: {app: app}\n  ports", "  selector: {app: no}\n  ports"),
        lambda text: text[: text.rindex("---")],
        lambda text: text.replace("replicas: 2", "replicas: 0"),
        lambda text: text.replace("name: app\nspec:\n  replicas", "name: other\nspec:\n  replicas"),
        lambda _: "- a\n",
        lambda _: "just words\n",
        lambda _: "a: &a\n  b: *a\n",
    ],
    ids=["selects nothing", "no such port", "port of a wrong type", "no is false", "no Service", "no pods",
         "no workload", "list", "words", "within itself"],
)  # fmt: skip
def test_one_mistake_is_told_once(folder: Path, change: Callable[[str], str]) -> None:
    (folder / "k8s" / "app.yaml").write_text(change(GOOD))
    with pytest.raises(InputError) as error:
        resolve({"environment": "environment.yaml"}, {}, folder, 7)
    assert len(error.value.problems) == 1, error.value


def test_a_manifest_may_lie_anywhere(folder: Path) -> None:
    """As documented: a base that several environments share, for instance."""
    (folder / "k8s").rename(folder.parent / f"{folder.name}-base")
    text = ENVIRONMENT.replace("k8s/app.yaml", f"../{folder.name}-base/app.yaml")
    (folder / "environment.yaml").write_text(text)
    assert resolve({"environment": "environment.yaml"}, {}, folder, 7).environment.environment == "mine"
