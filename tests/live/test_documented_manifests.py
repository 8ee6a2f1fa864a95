"""The example of docs/KUBERNETES.md, to the letter: its files, its commands, and what it says comes of them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from command_line import drill

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(600)]

TEXT = (Path(__file__).parents[2] / "docs" / "KUBERNETES.md").read_text(encoding="utf-8")
FILES = {"app.py", "k8s/app.yaml", "k8s/sfo3.yaml", "subject.yaml", "environment.yaml"}
_BLOCK = re.compile(r"^```(?:python|yaml)\n# ([\w./-]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_TIMEOUT_S = 300


def written(folder: Path) -> set[str]:
    """The files of the document, each as its block has it."""
    found = dict(_BLOCK.findall(TEXT))
    for name, body in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    return set(found)


def commands() -> list[list[str]]:
    """What the document says to do in that folder."""
    (block,) = re.findall(r"^Then, in that folder:\n\n```\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    return [shlex.split(line, comments=True) for line in block.splitlines()]


def test_manifests_of_ones_own_are_examined_and_drilled_as_the_document_says(tmp_path: Path) -> None:
    assert written(tmp_path) == FILES
    doctor, run = commands()
    assert [doctor[:2], run[:2]] == [["drill", "doctor"], ["drill", "run"]]
    code, output = drill(tmp_path, *doctor[1:], timeout_s=_TIMEOUT_S)
    assert code == 0, output
    assert re.search(r"ok +manifests ", output), output
    for place in ("nyc3", "sfo3"):
        assert re.search(rf"ok +stored at {place} ", output), output
    code, output = drill(tmp_path, *run[1:], "--rerun-invalid", "1", timeout_s=_TIMEOUT_S)
    assert code == 0, output
    (evidence,) = json.loads((tmp_path / "reports" / "latest" / "run.json").read_text())["drills"]
    assert (evidence["name"], evidence["verdict"]) == ("pods-of-a-place-killed", "MET")


def test_a_mistake_in_them_is_told_by_file_and_line_before_anything_starts(tmp_path: Path) -> None:
    written(tmp_path)
    manifest = tmp_path / "k8s" / "app.yaml"
    manifest.write_text(manifest.read_text().replace("{path: /live, port: http}", "{path: /live, port: web}"))
    code, output = drill(tmp_path, *commands()[1][1:], timeout_s=_TIMEOUT_S)
    line = next(n for n, text in enumerate(manifest.read_text().splitlines(), 1) if "port: web" in text)
    assert code == 3
    assert f"k8s/app.yaml:{line}" in output
    assert "web" in output
