"""The files for CI servers that come with this project, and the commands in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "drills.yml"
TEMPLATE = ROOT / "templates" / "gitlab" / "drills.gitlab-ci.yml"
_DEFAULT = re.compile(r"\$\{\{ inputs\.\w+ \|\| '([^']*)' \}\}")


def read(path: Path) -> Any:
    """YAML 1.2, so that `on` is a key and no truth."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def variables(body: Any) -> dict[str, str]:
    """What the file sets, as a server would without any input."""
    told = body.get("env") or body["variables"]
    return {name: _DEFAULT.sub(r"\1", value) for name, value in told.items()}


def steps() -> list[Any]:
    """Of the workflow's one job."""
    (job,) = read(WORKFLOW)["jobs"].values()
    return list(job["steps"])


def script() -> list[str]:
    """Of the template's one job."""
    return list(read(TEMPLATE)["drills"]["script"])
