"""docker-compose.yml and the Dockerfile: what they say is right, pinned, and reachable from this machine alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from compose_file import COMPOSE, REGIONS, ROOT, environment, instructions, services

from harness.parts.links.toxiproxy.install import RECIPE as TOXIPROXY
from harness.parts.regions.localstack import health
from harness.parts.regions.localstack.addresses import addresses, variable_of
from harness.parts.regions.localstack.install import RECIPE as LOCALSTACK
from harness.parts.regions.localstack.spec import Localstack

PINNED = re.compile(r"[a-z0-9./-]+:\d+\.\d+\.\d+[a-z0-9.-]*$")
SCHEMA = ROOT / "tests" / "data" / "compose-spec" / "compose-spec.json"


def test_the_file_is_one_by_the_compose_specification() -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(COMPOSE.read_text()))


def test_images_are_pinned_to_the_versions_that_are_installed_without_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    found = services()
    images = {name: service["image"] for name, service in found.items() if "build" not in service}
    assert images == {
        **dict.fromkeys(REGIONS.values(), f"localstack/localstack:{LOCALSTACK.version}"),
        "toxiproxy": f"ghcr.io/shopify/toxiproxy:{TOXIPROXY.version}",
    }
    assert all(PINNED.match(image) for image in images.values())
    newer = services({"LOCALSTACK_IMAGE": "localstack/localstack:2026.3.0"})
    assert {newer[name]["image"] for name in REGIONS.values()} == {"localstack/localstack:2026.3.0"}


def test_ports_are_published_on_loopback_alone_and_where_the_drill_looks() -> None:
    found = services()
    published = {name: service["ports"] for name, service in found.items() if "ports" in service}
    looked = addresses(Localstack(), list(REGIONS))
    assert published == {name: [f"127.0.0.1:{looked[region][1]}:4566"] for region, name in REGIONS.items()}
    on_the_host = {name for name, service in found.items() if service.get("network_mode") == "host"}
    assert on_the_host == {"toxiproxy", "harness"}
    assert found["toxiproxy"]["command"][:2] == ["-host", "127.0.0.1"]


def test_the_harness_is_told_where_everything_is_when_ports_are_others() -> None:
    found = services(
        {"LOCALSTACK_PORT_US_EAST_1": "5001", "LOCALSTACK_PORT_US_WEST_2": "5002", "TOXIPROXY_PORT": "5003"}
    )
    told = environment(found["harness"])
    assert [told[variable_of(region)] for region in REGIONS] == ["127.0.0.1:5001", "127.0.0.1:5002"]
    assert told["TOXIPROXY_URL"] == "http://127.0.0.1:5003"
    assert found["toxiproxy"]["command"] == ["-host", "127.0.0.1", "-port", "5003"]
    assert [found[name]["ports"] for name in REGIONS.values()] == [["127.0.0.1:5001:4566"], ["127.0.0.1:5002:4566"]]


def test_a_token_is_handed_on_when_it_is_set_and_stands_nowhere() -> None:
    for name in REGIONS.values():
        service = services()[name]
        assert "LOCALSTACK_AUTH_TOKEN" not in environment(service, {})
        assert environment(service, {"LOCALSTACK_AUTH_TOKEN": "t"})["LOCALSTACK_AUTH_TOKEN"] == "t"
        assert environment(service)["SERVICES"] == ",".join(health.NEEDED)
    assert not any("TOKEN" in name for name in environment(services()["harness"], {"LOCALSTACK_AUTH_TOKEN": "t"}))


def test_the_harness_waits_until_every_other_service_is_healthy() -> None:
    found = services()
    waits = {name: how["condition"] for name, how in found["harness"]["depends_on"].items()}
    assert waits == dict.fromkeys((name for name in found if name != "harness"), "service_healthy")
    assert all("test" in found[name]["healthcheck"] for name in waits)


# --- the image ---------------------------------------------------------------------------------------------------


def of(name: str) -> list[list[str]]:
    return [words for one, words in instructions() if one == name]


def test_the_image_is_pinned_and_ends_as_a_user_who_is_not_root() -> None:
    [[argument]] = of("ARG")
    assert PINNED.match(argument.partition("=")[2])
    assert of("FROM") == [["${PYTHON_IMAGE}"]]
    assert of("USER") == [["drill"]]
    names = [name for name, _ in instructions()]
    assert "USER" in names[names.index("CMD") - 1 :]


def test_the_image_takes_the_uv_of_the_makefile_and_a_python_that_the_project_runs_on() -> None:
    version = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert version is not None
    assert any(f"uv=={version[1]}" in words for words in of("RUN"))
    [[argument]] = of("ARG")
    python = argument.partition(":")[2].split("-")[0]
    lowest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert tuple(map(int, python.split(".")))[:2] >= tuple(map(int, lowest.split(".")))


def test_everything_that_is_copied_is_there_and_not_ignored() -> None:
    allowed = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copied = {word for words in of("COPY") for word in words[:-1]}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_the_lock_file_is_what_the_project_asks_for() -> None:
    """`uv sync --frozen` would take one that is out of date without a word."""
    uv = uv_program()
    done = subprocess.run([uv, "lock", "--check", "--offline"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    if "network" in done.stderr.lower() or "offline" in done.stderr.lower():
        pytest.skip("uv has not the metadata of all packages in its cache")
    assert done.returncode == 0, done.stderr


def uv_program() -> str:
    found = ROOT / ".venv" / "bin" / "uv"
    if not found.exists():
        pytest.skip("uv is not installed (`make setup`)")
    return str(found)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_steps_of_the_image_give_a_harness_that_runs(tmp_path: Path) -> None:
    """The very commands, in a folder that has only what is copied. What makes a user needs root, and is left out."""
    uv, folder = uv_program(), tmp_path / "harness"
    folder.mkdir()
    variables: dict[str, Any] = {
        **os.environ, "PATH": f"{tmp_path}/opt/bin:/usr/bin:/bin", "UV_PROJECT_ENVIRONMENT": f"{tmp_path}/opt",
        "UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON": sys.executable,
    }  # fmt: skip
    ran = []
    for name, words in instructions():
        if name == "COPY":
            for one in words[:-1]:
                subprocess.run(["cp", "--recursive", ROOT / one, folder / words[-1]], check=True)
        elif name == "RUN" and words[0] == "uv":
            done = subprocess.run([uv, *words[1:]], cwd=folder, env=variables, capture_output=True, text=True)
            if "error sending request" in done.stderr or "dns error" in done.stderr:
                pytest.skip("packages cannot be had here")
            assert done.returncode == 0, done.stderr
            ran.append(words)
        elif name == "CMD":
            listed = subprocess.run(
                [f"{tmp_path}/opt/bin/{words[0]}", "list"], cwd=folder, env=variables, capture_output=True, text=True
            )
            assert words[2] in listed.stdout, listed.stderr
    assert len(ran) == 2
