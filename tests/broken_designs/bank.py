"""The bank of broken designs: the reference with one decision replaced, and the drill that must catch each.

A design is one file in `designs/`, read by its names:

| name | says |
| --- | --- |
| docstring | what is wrong with it, in one sentence first |
| `ROWS` | numbers in the catalogue of broken designs that it stands for; it may stand for a kind that is in there |
| `CAUGHT_BY` | drill -> regular expressions that the drill's reasons must hold, each of them |
| `monitor()`, `storefront()`, `replicator()` | replaces the decision before that component is loaded |
| `subject(document)` | changes the subject file, which is otherwise the reference's |
| `NOT_YET` | why the drill cannot catch it yet, where that is so; it is left out of a rotation |
| `environment(document)` | changes the environment file, which is otherwise the embedded one |

Nobody lists them. `with_counters.py` is what those share that count. They know the reference, and nothing of what
drills them. Broken clients, containers, capacity, transactions, webhooks and secrets are not in here: clients are the
witness's own, and worlds have none of the others. Nor is a failover by editing records: the edge is the environment's.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DESIGNS = HERE / "designs"
START = HERE / "start.py"
COMPONENTS = ("monitor", "storefront", "replicator")
REFERENCE = "reference"
"""The design that is whole: it must be green wherever the others are red."""


@dataclass(frozen=True)
class Design:
    """One broken design. about: its first sentence. not_yet: why no drill can catch it yet, "" when one can."""

    name: str
    about: str
    rows: tuple[int, ...]
    caught_by: Mapping[str, tuple[str, ...]]
    module: ModuleType
    not_yet: str = ""

    @property
    def replaced(self) -> tuple[str, ...]:
        """The components in which a decision is replaced."""
        return tuple(component for component in COMPONENTS if hasattr(self.module, component))


@dataclass(frozen=True)
class Written:
    """The files that a drill of a design is run with. environment: None for the embedded one."""

    subject: Path
    environment: Path | None


def designs() -> dict[str, Design]:
    """All of them, by name."""
    return {path.stem: _design(path) for path in sorted(DESIGNS.glob("*.py"))}


def load(name: str) -> ModuleType:
    """The module of one design."""
    spec = importlib.util.spec_from_file_location(f"design_{name}", DESIGNS / f"{name}.py")
    if spec is None or spec.loader is None or not (DESIGNS / f"{name}.py").is_file():
        raise KeyError(f"no broken design is called {name}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _design(path: Path) -> Design:
    module = load(path.stem)
    about = " ".join((module.__doc__ or "").strip().split("\n\n")[0].split())
    return Design(path.stem, about, tuple(module.ROWS), dict(module.CAUGHT_BY), module, getattr(module, "NOT_YET", ""))


def rotating(known: Sequence[str], some: int, seed: int) -> list[str]:
    """`some` of the names, other ones for other seeds; over len(known) / some seeds in a row every one has its turn."""
    if not known or some >= len(known):
        return list(known)
    order = list(known)
    turns = -(-len(order) // some)
    random.Random(seed // turns).shuffle(order)
    first = seed % turns * some
    return sorted((order + order)[first : first + some])


def write(design: Design | None, folder: Path) -> Written:
    """The subject file of a design, and its environment file where it has one of its own, in a folder of its own.

    design: None for the reference as it is.
    """
    yaml = YAML()
    if design is None:
        return Written(ROOT / "reference" / "subject.yaml", None)
    folder.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = yaml.load((ROOT / "reference" / "subject.yaml").read_text(encoding="utf-8"))
    document["subject"] = design.name.replace("_", "-")
    for component in document["components"]:
        component["command"] = ["python", str(START), design.name, component["name"]]
    if hasattr(design.module, "subject"):
        design.module.subject(document)
    subject = folder / "subject.yaml"
    yaml.dump(document, subject)
    if not hasattr(design.module, "environment"):
        return Written(subject, None)
    document = yaml.load((ROOT / "environments" / "embedded.yaml").read_text(encoding="utf-8"))
    document["environment"] = design.name.replace("_", "-")
    document["subject"] = str(subject)
    design.module.environment(document)
    environment = folder / "environment.yaml"
    yaml.dump(document, environment)
    return Written(subject, environment)
