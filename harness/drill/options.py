"""Where a run's options come from: the command line, over DRILL_* variables, over [tool.drill] in pyproject.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from pydantic import ValidationError

from harness.drill.option_sources import DEFAULTS, Said, said
from harness.drill.settings import Settings, parse_settings
from harness.errors import InputError
from harness.kit.config import refusal
from harness.topology import kinds
from harness.topology.environment import Environment, Section
from harness.topology.load import load_environment, load_subject
from harness.topology.shipped import find_environment
from harness.topology.subject import Subject
from harness.topology.timing import Profile, Timing
from harness.world.assembly import refuse_files

TRIALS_MAX = 1000
RERUNS_MAX = 10
WORLDS = ("one", "per-worker")
SEED_MAX = 2**53 - 1
"""The largest whole number that every reader of the evidence, which is JSON, takes as it is."""


@dataclass(frozen=True)
class RunOptions:
    """What a run was asked to do, resolved and checked. typed: see harness.drill.evidence.RunResult.

    strict: a warning that remains makes the run fail, as a miss does. rerun_invalid: how often a drill that ended
    INVALID runs again. yes: what drills do to a stack that is not ours has been agreed to. worlds: where pytest is
    spread over processes, whether drills take turns (`one`), or each process has a world (`per-worker`); sharing: how
    many worlds this machine then has to carry.
    """

    environment: Environment
    subject: Subject
    subject_file: Path
    timing: Timing
    seed: int
    trials: int
    settings: Settings
    reports: Path
    keep: bool
    typed: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    rerun_invalid: int = 0
    yes: bool = False
    worlds: str = "one"
    sharing: int = 1


def resolve(given: Mapping[str, Any], variables: Mapping[str, str], folder: Path, seed: int) -> RunOptions:
    """Options from all sources; `given` (what is not None) wins. seed: used when no source names one.

    Raises InputError that names the option, variable or file and line to change.
    """
    found = said(given, variables, folder)
    off = Said(False, "")
    environment = load_environment(find_environment(found["environment"].text()))
    subject_file = _subject_file(found.get("subject"), environment)
    settings = parse_settings(found["set"].pairs())
    environment = _with_parts(_at_rate(environment, settings), settings)
    subject = load_subject(subject_file, environment)
    refuse_files(environment, subject)
    return RunOptions(
        environment=environment,
        subject=subject,
        subject_file=subject_file,
        timing=Timing(_profile(found["profile"]) if "profile" in found else environment.profile),
        seed=found["seed"].whole(0, SEED_MAX) if "seed" in found else seed,
        trials=found["trials"].whole(1, TRIALS_MAX),
        settings=settings,
        reports=for_writing(Path(found["reports"].text())),
        keep=found.get("keep", off).switched_on(),
        typed=_typed({key: one.value for key, one in found.items()}),
        strict=found.get("strict", off).switched_on(),
        rerun_invalid=found["rerun_invalid"].whole(0, RERUNS_MAX),
        yes=found.get("yes", off).switched_on(),
        worlds=_worlds(found["worlds"]),
    )


def _typed(values: Mapping[str, Any]) -> dict[str, str]:
    """What says which drill it was: without it, another environment, or another subject, would run."""
    found = {key: str(values[key]) for key in ("environment", "subject", "trials") if values.get(key) is not None}
    if found["trials"] == str(DEFAULTS["trials"]):
        del found["trials"]
    return found


def reports_folder(given: str | None, variables: Mapping[str, str], folder: Path) -> Path:
    """Only the folder of the runs, for whoever reads there and needs no environment. Raises InputError."""
    return Path(said({"reports": given}, variables, folder)["reports"].text())


def _at_rate(environment: Environment, settings: Settings) -> Environment:
    """`--set workload.rate_per_s` over the environment's rate."""
    if settings.rate_per_s is None:
        return environment
    workload = environment.workload.model_copy(update={"rate_per_s": settings.rate_per_s})
    return environment.model_copy(update={"workload": workload})


def _with_parts(environment: Environment, settings: Settings) -> Environment:
    """`--set SECTION.KEY` over what the environment says of a part. Raises InputError where it takes no such thing."""
    for key, name, value in settings.sections:
        section, given = kinds.section_named(key), environment.section(key)
        said = f"--set {key}.{name}={value:g}"
        if section.default is None and given.kind is None:
            raise InputError(f"{said}: environment {environment.environment} has no section `{key}`")
        settled = int(value) if value.is_integer() else value
        changed = Section(kind=given.kind, **{**given.settings, name: settled})
        try:
            kinds.checked(section, changed)
        except ValidationError as error:
            raise InputError(f"{said}: {refusal(error, key, kinds.spec_of(section, given.kind))}") from None
        environment = environment.model_copy(update={key: changed})
    return environment


def _subject_file(given: Said | None, environment: Environment) -> Path:
    if given is not None:
        path = Path(given.text())
        path = path / "subject.yaml" if path.is_dir() else path
        if not path.is_file():
            raise given.refused("no such file")
        return path
    if environment.subject is None:
        raise InputError(f"environment {environment.environment} names no subject: give --subject FILE")
    path = environment.folder / environment.subject
    if not path.is_file():
        raise InputError(
            f"{environment.subject_at}: subject: no such file: {path}; name one there, or give --subject FILE"
        )
    return path


def for_writing(path: Path) -> Path:
    """A folder for evidence; it is made when there is some. Raises InputError when that cannot be.

    Something is written beside where it will be: only that tells (`/proc` looks as if it could be written to, and to
    root every folder does). It has no name, so that nothing is left of it when this process is killed.
    """
    try:
        nearest = next(p for p in (path, *path.absolute().parents) if p.exists())
    except OSError as error:  # too long a name, for instance
        raise InputError(f"--reports {path}: {error.strerror}") from error
    try:
        with TemporaryFile(prefix=".drill-", dir=nearest) as tried:
            tried.write(b"tried")
    except OSError as error:
        raise InputError(
            f"--reports {path}: cannot be written to (nothing can be made in {nearest}: {error.strerror})"
        ) from error
    return path


def _worlds(given: Said) -> str:
    if given.value not in WORLDS:
        raise given.refused(f"one of {', '.join(WORLDS)}")
    return str(given.value)


def _profile(given: Said) -> Profile:
    try:
        return Profile(str(given.value))
    except ValueError:
        raise given.refused(f"one of {', '.join(Profile)}") from None
