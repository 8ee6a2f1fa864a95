"""The bank of broken designs: the reference with one decision replaced, and the drill that must catch each.

A design is one file in `designs/`, read by its names:

| name | says |
| --- | --- |
| docstring | what is wrong with it, in one sentence first |
| `ROWS` | numbers in the catalogue of broken designs that it stands for; it may stand for a kind that is in there |
| `CAUGHT_BY` | drill -> regular expressions that the drill's reasons must hold, each of them |
| a component: `monitor()`, `storefront()`, ... (`COMPONENTS`) | replaces it before it is loaded |
| `subject(document)` | changes the subject file, which is otherwise the reference's |
| `NOT_YET` | why the drill cannot catch it yet, where that is so; it is left out of a rotation |
| `ENVIRONMENT` | the environment that it is drilled in; left out: the embedded one |
| `environment(document)` | changes the environment file |
| `manifest(document)` | changes a document of the manifests, where the environment runs pods |

Nobody lists them. `with_counters.py` is what those share that count, `with_groups.py` what those do that write two
items at once, `without_fencing.py` what those do whose failback fences nobody; of the Shopify application,
`without_asking.py` what those do that rely on webhooks alone, `by_the_time_of_asking.py` those that note when they
asked the shop, and not up to where it answered. They know the reference, and nothing of what drills them. Broken
clients, containers and capacity are not in here: clients are the witness's own, and worlds have none of the others.
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
from start import PACKAGES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DESIGNS = HERE / "designs"
START = HERE / "start.py"
COMPONENTS = ("monitor", "storefront", "replicator", "intermediary", "keeper", "shopify_app")
EMBEDDED = "embedded"
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
    def environment(self) -> str:
        """The name of the shipped environment that it is drilled in."""
        return str(getattr(self.module, "ENVIRONMENT", EMBEDDED))

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


def shipped(environment: str) -> Path:
    """An environment file of this repository."""
    return ROOT / "environments" / f"{environment}.yaml"


def whole_in(environment: str) -> Written:
    """The reference as it is, in one of the shipped environments."""
    found = shipped(environment)
    return Written(_subject_of(YAML().load(found.read_text(encoding="utf-8"))), found)


def _subject_of(environment: Mapping[str, Any]) -> Path:
    return (ROOT / "environments" / environment["subject"]).resolve()


def _component(package: str) -> str:
    """What a design calls the component that a package of the reference is."""
    return next((component for component, of in PACKAGES.items() if of == package), package)


def write(design: Design, folder: Path) -> Written:
    """The subject file of a design, and its environment file unless that is the embedded one."""
    yaml = YAML()
    folder.mkdir(parents=True, exist_ok=True)
    surroundings: dict[str, Any] = yaml.load(shipped(design.environment).read_text(encoding="utf-8"))
    document: dict[str, Any] = yaml.load(_subject_of(surroundings).read_text(encoding="utf-8"))
    document["subject"] = design.name.replace("_", "-")
    for component in document["components"]:
        component["command"] = ["python", str(START), design.name, _component(component["command"][-1])]
    for image in document.get("images", {}).values():
        image["command"] = ["python", str(START), design.name, image["command"][-1]]
    if hasattr(design.module, "subject"):
        design.module.subject(document)
    subject = folder / "subject.yaml"
    yaml.dump(document, subject)
    if not hasattr(design.module, "environment") and not hasattr(design.module, "manifest"):
        return Written(subject, None if design.environment == EMBEDDED else shipped(design.environment))
    surroundings["environment"] = design.name.replace("_", "-")
    surroundings["subject"] = str(subject)
    _write_manifests(design, surroundings.get("platform", {}), folder)
    if hasattr(design.module, "environment"):
        design.module.environment(surroundings)
    environment = folder / "environment.yaml"
    yaml.dump(surroundings, environment)
    return Written(subject, environment)


def _write_manifests(design: Design, platform: dict[str, Any], folder: Path) -> None:
    """The manifests of an environment beside it, as the design has them."""
    pods = platform.get("kind") == "kubernetes"
    for files in (platform["manifests"], *platform["places"].values()) if pods else ():
        for number, file in enumerate(files):
            documents = list(YAML().load_all((ROOT / "environments" / file).read_text(encoding="utf-8")))
            if hasattr(design.module, "manifest"):
                for one in documents:
                    design.module.manifest(one)
            with (folder / Path(file).name).open("w", encoding="utf-8") as out:
                YAML().dump_all(documents, out)
            files[number] = Path(file).name
