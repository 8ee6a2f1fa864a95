"""Which scenarios run, in which order, how often, and how long they may take."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.catalogue import SEPARATOR, SUFFIX, NameClash, drills_in, refuse_clashes
from harness.drill.options import RunOptions
from harness.errors import InputError
from harness.pytest_plugin import example_tags, feature_file, workers
from harness.pytest_plugin.rehearsal import rehearsed
from harness.pytest_plugin.resolving import resolve
from harness.pytest_plugin.scenarios import drill_of, example_of, is_drill, scenario_of, template_of
from harness.pytest_plugin.session import SHOWN, DrillSession, session_of
from harness.topology.timing import Profile

_TIMEOUT_S = {Profile.FAST: 300.0, Profile.PRODUCTION: 3600.0}
_OBJECTIVES_WAITED = 8
"""A drill waits for a few recoveries and failbacks; each may take a multiple of the promised recovery time."""


def _timeout_s(options: RunOptions) -> float:
    """After this a drill hangs, and is ended: far beyond all of its own waits."""
    promised = options.settings.rto_s or options.environment.objectives_of(options.timing.profile).rto_s
    often = 1 + options.rerun_invalid
    start_s = options.subject.start_timeout_s + options.subject.serving_timeout_s(options.timing)
    return often * (_TIMEOUT_S[options.timing.profile] + _OBJECTIVES_WAITED * promised + start_s)


def repeat(metafunc: pytest.Metafunc) -> None:
    """Run each scenario `--trials` times."""
    template = template_of(metafunc.function)
    if template is None or not is_drill(template):
        return
    session = session_of(metafunc.config)
    try:
        trials = session.options.trials
    except pytest.UsageError:
        return  # `prepare` meets it again, where pytest takes it for what it is
    if trials > 1:
        metafunc.fixturenames.append("drill_trial")
        metafunc.parametrize("drill_trial", range(1, trials + 1), ids=lambda number: f"trial{number}")


def prepare(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the wanted scenarios, in the wanted order; give drills the time that they need. Raises pytest.UsageError."""
    try:
        _prepare(config, items)
    except pytest.UsageError as error:
        if not workers.is_worker(config):
            raise
        workers.refuse(config, str(error), items)


def _prepare(config: pytest.Config, items: list[pytest.Item]) -> None:
    session = session_of(config)
    scenarios = [item for item in items if template_of(getattr(item, "obj", None)) is not None]
    drills = checked = scenarios
    if session.host is None:
        drills = [item for item in scenarios if is_drill(scenario_of(item)[1])]
        checked = [item for item in scenarios if item in drills or feature_file.holds(item)]
        _refuse_clashes(drills)
    else:
        order = {(path.resolve(), title): place for place, (path, title) in enumerate(session.host.wanted)}

        def place(item: pytest.Item) -> int:
            return order.get(drill_of(item).place, -1)

        kept = sorted((item for item in drills if place(item) >= 0), key=place)
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = drills = checked = kept
    problems = _mistakes(checked, session)
    if problems and session.host is None:
        raise pytest.UsageError(problems)
    if problems:
        session.run.errors.append(problems)
        items.clear()  # the host tells why
    elif drills:
        _agree(session, drills, items)
    session.planned = len(items) if session.host is not None else len(drills)
    for item in drills:
        item.add_marker(pytest.mark.timeout(_timeout_s(session.options)))
    for item in scenarios:
        example_tags.mark(item)


def refuse_named_clashes(config: pytest.Config) -> None:
    """Two drills of one name in a feature file that was named are a usage error, before anything is collected."""
    if session_of(config).host is not None:
        return  # whoever asked for them has looked already
    for argument in config.args:
        path = config.invocation_params.dir / argument.partition(SEPARATOR)[0]
        if path.suffix == SUFFIX and path.is_file():
            try:
                drills_in(path)
            except NameClash as error:
                raise pytest.UsageError(str(error)) from error
            except InputError:
                continue  # its collector tells


def _agree(session: DrillSession, drills: list[pytest.Item], items: list[pytest.Item]) -> None:
    """What the drills would do to a stack that is not ours is shown, and agreed to, before anything starts."""
    faults = [fault for item in drills for fault in item.stash[SHOWN].faults]
    try:
        session.agree(faults)
    except InputError as error:
        if session.host is None:
            raise pytest.UsageError(str(error)) from error
        session.run.errors.append(str(error))
        items.clear()  # the host tells why


def _mistakes(drills: list[pytest.Item], session: DrillSession) -> str:
    """What is wrong with the steps of these scenarios; a line each."""
    problems: list[str] = []
    for item in drills:
        feature, template = scenario_of(item)
        file, scenario = Path(feature.filename), template.render(example_of(item))
        steps, wrong = resolve(file, scenario, item)
        problems.extend(map(str, wrong))
        try:
            item.stash[SHOWN] = rehearsed(file, steps, session.options)
        except InputError as error:
            problems.extend(map(str, error.problems))
    return "\n".join(dict.fromkeys(problems))


def _refuse_clashes(drills: list[pytest.Item]) -> None:
    """As `drill run` does; a file is read again, for pytest-bdd has forgotten the first of two equal titles in it."""
    found = {drill.place: drill for drill in map(drill_of, drills)}
    try:
        for file in dict.fromkeys(drill.file for drill in found.values()):
            drills_in(file)
        refuse_clashes(found.values())
    except InputError as error:
        raise pytest.UsageError(str(error)) from error
