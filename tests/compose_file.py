"""docker-compose.yml and Dockerfile as tests read them: variables filled in, services and commands by name."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
REGIONS = {"us-east-1": "localstack-us-east-1", "us-west-2": "localstack-us-west-2"}
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def services(given: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """The services with what Compose would fill in from these variables."""
    text = _VARIABLE.sub(lambda found: (given or {}).get(found[1]) or found[2], COMPOSE.read_text())
    assert "${" not in text, "a variable without a default"
    found: Mapping[str, Any] = yaml.safe_load(text)["services"]
    return found


def environment(service: Mapping[str, Any], shell: Mapping[str, str] | None = None) -> dict[str, str]:
    """Of a container; what has no value is taken from the shell where it is set there."""
    given = service.get("environment", {})
    handed_on = {name: (shell or {}).get(name) for name, value in given.items() if value is None}
    return {name: str(v) for name, v in {**given, **handed_on}.items() if v is not None}


def health_command(service: Mapping[str, Any]) -> list[str]:
    """What Compose runs to ask after a service's health."""
    kind, *argv = service["healthcheck"]["test"]
    assert kind == "CMD"
    return [str(word) for word in argv]


def instructions() -> Iterator[tuple[str, list[str]]]:
    """Of the Dockerfile: (RUN, the words of one command), (COPY, its words)...; `&&` makes two of one."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        name, _, rest = line.partition(" ")
        if not name:
            continue
        if rest.startswith("["):
            yield name, json.loads(rest)
            continue
        for one in rest.split(" && ") if name == "RUN" else [rest]:
            yield name, shlex.split(one)
