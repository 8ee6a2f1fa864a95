"""The schemas and the reference page of subject and environment files say what the harness really takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from test_topology_files import ROOT

from harness.topology.reference import page
from harness.topology.schema import SCHEMAS, environment_schema, subject_schema, told
from harness.topology.subject import Component
from harness.workload import Request

SUBJECTS = sorted([*ROOT.glob("tests/subjects/*/subject.yaml"), ROOT / "reference" / "subject.yaml"])
ENVIRONMENTS = sorted(ROOT.glob("environments/*.yaml"))


def mistakes(schema: dict[str, Any], document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(document)]


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text())


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name]())


@pytest.mark.parametrize("path", SUBJECTS, ids=lambda path: path.parent.name)
def test_every_subject_file_here_passes(path: Path) -> None:
    assert mistakes(subject_schema(), read(path)) == []


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_every_environment_file_here_passes(path: Path) -> None:
    assert mistakes(environment_schema(), read(path)) == []


@pytest.mark.parametrize(
    "workload",
    [
        {"headers": {"X-Key": {"env": "KEY"}, "X-Version": 3}},
        {"delete": None},
        {"get": {"method": "GET", "path": "/{id}", "ok": 200, "absent": 404}},
        {"get": {"method": "GET", "path": "/{id}", "ok": [200, "2xx"], "absent": [{"at": "/found", "equals": False}]}},
        {"put": {"method": "POST", "path": "/", "body": {"v": "{value}"}, "id": "/id"}},
        {"put": {"method": "POST", "path": "/", "body": "{value}", "id": {"header": "Location"}}},
    ],
)
def test_every_way_to_write_a_workload_passes(workload: dict[str, Any]) -> None:
    document = read(ROOT / "tests" / "subjects" / "unreplicated" / "subject.yaml") | {"workload": workload}
    assert mistakes(subject_schema(), document) == []


@pytest.mark.parametrize(
    "change",
    [{"workloads": {}}, {"workload": {"get": {"path": "/x"}}}, {"components": []}, {"replication": "perhaps"}],
)
def test_what_is_refused_does_not_pass(change: dict[str, Any]) -> None:
    document = read(ROOT / "tests" / "subjects" / "unreplicated" / "subject.yaml") | change
    assert mistakes(subject_schema(), document) != []


def test_a_section_takes_what_its_part_takes() -> None:
    document = read(ENVIRONMENTS[0])
    assert mistakes(environment_schema(), document | {"load_balancer": {"interval_s": 5}}) == []
    assert mistakes(environment_schema(), document | {"load_balancer": {"intervall_s": 5}}) != []


def test_what_the_models_say_of_their_fields_is_found() -> None:
    about, fields = told(Component)
    assert about == "One program of the subject."
    assert fields["env"] == "May take variables of the environment: `${env:NAME}`."
    assert {"ok", "absent", "id", "pattern", "body"} <= told(Request)[1].keys()


def test_the_reference_page_is_current() -> None:
    """`drill schema reference > docs/REFERENCE.md` brings it up to date."""
    assert (ROOT / "docs" / "REFERENCE.md").read_text() == page()


def test_every_reference_leads_somewhere() -> None:
    for made in (schema() for schema in SCHEMAS.values()):
        wanted = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(made)))
        assert wanted <= set(made["$defs"])
    assert {"Breaking", "RoutingControls"} <= set(SCHEMAS["environment"]()["$defs"])
