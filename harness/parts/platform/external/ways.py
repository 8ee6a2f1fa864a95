"""The ways in which a stack's owner breaks and mends it: two commands, or an experiment of AWS Fault Injection Service.

What mending needs is plain text (`handle`), which the journal keeps before anything is broken, so that whoever comes
after a harness that was killed can mend just as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness.errors import DrillError, HealError, WorldError
from harness.parts.platform.external import commands, experiments
from harness.parts.platform.external.experiments import Meanwhile, nothing
from harness.parts.platform.external.spec import Breaking, Experiment
from harness.processes.forkserver import ForkServer


def _never_ending(meanwhile: Meanwhile) -> Meanwhile:
    def looked() -> None:
        with suppress(DrillError):  # it has been noted, and is told when all is healed
            meanwhile()

    return looked


def named(argv: Sequence[str], about: Mapping[str, str]) -> list[str]:
    """A command with `{fault}`, `{target}` and `{mode}` filled in: one way may serve several faults."""
    words = list(argv)
    for name, value in about.items():
        words = [word.replace(f"{{{name}}}", value) for word in words]
    return words


def handle_of(way: Breaking, about: Mapping[str, str], folder: Path, token: str) -> dict[str, str]:
    """What mends it. about: fault, target and mode. folder: where commands run; token: finds an experiment again."""
    told: dict[str, str] = {"is": "fault", "timeout_s": f"{way.timeout_s:g}", "folder": str(folder.absolute())}
    if way.experiment is not None:
        return told | {"experiment": way.experiment.model_dump_json(), "token": token}
    return told | {
        "inject": json.dumps(named(way.inject or (), about)),
        "heal": json.dumps(named(way.heal or (), about)),
    }


def bring_about(
    way: Breaking, handle: Mapping[str, str], launcher: ForkServer, name: str, meanwhile: Meanwhile = nothing
) -> str | None:
    """Break it; why that did not work, if so. meanwhile: see `commands.run_here`. Raises WorldError."""
    if way.experiment is not None:
        return experiments.start(way.experiment, handle["token"], way.timeout_s, meanwhile)
    argv = json.loads(handle["inject"])
    failed = commands.run_here(launcher, name, argv, Path(handle["folder"]), way.timeout_s, meanwhile).failed
    return None if failed is None else f"the command that injects it, {commands.program(argv)}, {failed}"


def mend(
    handle: Mapping[str, str],
    launcher: ForkServer | None = None,
    name: str = "heal",
    meanwhile: Meanwhile = nothing,
) -> str:
    """Mend it; a sentence on what was done. launcher: of the world, where one runs. Raises HealError.

    meanwhile: called some times a second; nothing that it raises ends a heal.
    """
    try:
        if "experiment" in handle:
            wanted = Experiment.model_validate_json(handle["experiment"])
            timeout_s = float(handle["timeout_s"])
            return experiments.stop(wanted, handle["token"], timeout_s, _never_ending(meanwhile))
        argv, folder, timeout_s = json.loads(handle["heal"]), Path(handle["folder"]), float(handle["timeout_s"])
        if launcher is not None:
            ran = commands.run_here(launcher, name, argv, folder, timeout_s, _never_ending(meanwhile))
        else:
            ran = commands.run_alone(argv, folder, timeout_s)
    except HealError:
        raise
    except WorldError as error:
        raise HealError(str(error)) from error
    if ran.failed is not None:
        raise HealError(f"the command that heals it, {commands.program(argv)}, {ran.failed}")
    return f"healed by {commands.program(argv)}"
