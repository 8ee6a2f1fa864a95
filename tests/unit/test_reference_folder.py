"""The subjects that ship: what they may know, and that their files fit together."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
SUBJECTS = [ROOT / "reference", *sorted(path.parent for path in (ROOT / "tests" / "subjects").glob("*/subject.yaml"))]
GIVEN = {
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "PRIMARY_REGION",
    "SECONDARY_REGION",
    "HEALTH_CHECK_TABLE",
    "HEALTH_CHECK_KEY",
    "HEALTH_CHECK_VALUE",
    "FAILOVER_THRESHOLD",
    "TIME_SCALE",
    "COMPONENT",
    "PORT",
}


@pytest.mark.parametrize("folder", SUBJECTS, ids=lambda folder: folder.name)
def test_a_subject_knows_nothing_of_the_harness(folder: Path) -> None:
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] == "harness"], path


@pytest.mark.parametrize("folder", SUBJECTS, ids=lambda folder: folder.name)
def test_a_subject_file_names_programs_that_are_there(folder: Path) -> None:
    subject = YAML(typ="safe").load((folder / "subject.yaml").read_text())
    assert subject["subject"] == folder.name
    names = {component["name"] for component in subject["components"]}
    assert set(subject.get("failover", {}).get("components", [])) <= names
    for component in subject["components"]:
        program, *arguments = component["command"]
        if folder.name != "missing_command":
            assert program == "python"
            assert (folder / arguments[0]).is_file()


def test_the_foreign_subject_reads_only_the_variables_of_the_contract() -> None:
    text = "".join(path.read_text() for path in (ROOT / "tests" / "subjects" / "foreign").glob("*.py"))
    assert set(re.findall(r'environ(?:\.get\(|\[)"(\w+)"', text)) <= GIVEN
