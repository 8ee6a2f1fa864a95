"""Drills in Allure: Gherkin steps, labels, measured values and evidence. The only module that imports allure.

allure-pytest alone shows none of pytest-bdd's steps, and allure-pytest-bdd cannot be installed beside it (both add
`--alluredir`, allure-python issue 486), so the hooks are ours. Without `--alluredir` only the tags are read.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import allure as untyped_allure
import allure_commons
import attrs
import pytest
from allure_commons.types import AttachmentType, ParameterMode

from harness.drill.evidence import DrillResult, RunResult
from harness.errors import InputError
from harness.outcome import Verdict
from harness.reporting import allure_metadata, objectives, run_json, run_json_reader, timeline, wording
from harness.reporting.sources import HistoryFile
from harness.storable_text import json_text, storable
from harness.units import to_s

HISTORY_PLAIN_BYTES = 512 * 1024
HISTORY_LARGEST_BYTES = 64 * 1024 * 1024
allure: Any = untyped_allure
_PLUGIN = "drill-allure"
_LABELS = frozenset({"severity", "epic", "feature", "story", "owner", "layer"})
_LINKS = frozenset({"issue", "tms", "link"})
_SYNTHETIC = ("pytestbdd_", "_pytest_bdd_")
_EXAMPLE = "_pytest_bdd_example"
_STEP = pytest.StashKey[Any]()


def register(config: pytest.Config) -> None:
    """Call from pytest_configure. Tags are always read; everything else only with `--alluredir`."""
    config.pluginmanager.register(TagLabels(), f"{_PLUGIN}-tags")
    directory = config.getoption("allure_report_dir", None)
    if not directory:
        return
    config.pluginmanager.register(GherkinSteps(), f"{_PLUGIN}-steps")
    tidy = Tidy(Path(directory).absolute())
    allure_commons.plugin_manager.register(tidy, _PLUGIN)
    config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(tidy))
    config.add_cleanup(allure_commons.plugin_manager.add_hookcall_monitoring(_mend_attachment, _nothing))


def is_label(tag: str) -> bool:
    """Whether a tag means a label or a link: `@owner:sre`, `@issue:DR-7`."""
    kind, _, value = tag.partition(":")
    return bool(value) and kind in _LABELS | _LINKS


def markers(tags: Iterable[str]) -> Iterator[pytest.MarkDecorator]:
    """The same, as marks for a single test: of tags that stand above one block of examples."""
    for tag in sorted(filter(is_label, tags)):
        kind, _, value = tag.partition(":")
        if kind in _LABELS:
            yield pytest.mark.allure_label(value, label_type=kind)
        else:
            yield pytest.mark.allure_link(value, link_type=kind, name=value)


class TagLabels:
    """`@severity:critical`, `@owner:sre`, `@issue:DR-7` become labels and links; other tags stay pytest marks."""

    def pytest_bdd_apply_tag(self, tag: str, function: Callable[..., object]) -> bool | None:
        """True when the tag was ours. pytest-bdd does not call it for tags of `Examples:` blocks."""
        kind, _, value = tag.partition(":")
        if value and kind in _LABELS:
            allure.label(kind, value)(function)
        elif value and kind in _LINKS:
            allure.link(value, link_type=kind, name=value)(function)
        else:
            return None
        return True


class GherkinSteps:
    """Shows a scenario as its author wrote it: names, description, outline row, steps with tables and doc strings."""

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """An outline's row becomes one parameter per column."""
        row = getattr(getattr(item, "callspec", None), "params", {}).get(_EXAMPLE)
        if row:
            allure.dynamic.parameter(_EXAMPLE, _Bare(""), excluded=True, mode=ParameterMode.HIDDEN)
            for name, value in row.items():
                allure.dynamic.parameter(name, _Bare(value))

    def pytest_bdd_before_scenario(self, request: pytest.FixtureRequest, feature: Any, scenario: Any) -> None:
        """Titles and the description."""
        request.node.stash[_STEP] = None
        allure.dynamic.title(scenario.name)
        if feature.name:
            allure.dynamic.feature(feature.name)
        allure.dynamic.story(scenario.rule.name if getattr(scenario, "rule", None) else scenario.name)
        texts = [text for text in (feature.description, scenario.description) if text]
        if texts:
            allure.dynamic.description("\n\n".join(texts))

    def pytest_bdd_before_step(self, request: pytest.FixtureRequest, step: Any) -> None:
        """Open the step; it is closed by whichever of the hooks below comes first."""
        context = allure.step(_step_title(step))
        context.__enter__()
        request.node.stash[_STEP] = context
        if step.datatable:
            table = io.StringIO()
            csv.writer(table).writerows(step.datatable.raw())
            allure.attach(table.getvalue(), "table", AttachmentType.CSV)
        if step.docstring is not None:
            allure.attach(step.docstring, "doc string", AttachmentType.TEXT)

    def pytest_bdd_after_step(self, request: pytest.FixtureRequest) -> None:
        """The step passed."""
        _close(request.node)

    def pytest_bdd_step_error(self, request: pytest.FixtureRequest, exception: Exception) -> None:
        """The step failed."""
        _close(request.node, exception)

    def pytest_bdd_after_scenario(self, request: pytest.FixtureRequest) -> None:
        """`pytest.skip()` and Ctrl-C inside a step reach neither of the hooks above."""
        _close(request.node, sys.exc_info()[1])

    def pytest_bdd_step_func_lookup_error(self, step: Any, exception: Exception) -> None:
        """A step that nobody defined is shown as a broken one."""
        with pytest.raises(type(exception)), allure.step(_step_title(step)):
            raise exception


class Tidy:
    """Registered with allure itself. directory: where the results go."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @allure_commons.hookimpl(tryfirst=True)
    def report_container(self, container: Any) -> None:
        """Leave pytest-bdd's synthetic fixtures out of set-up and tear-down."""
        for fixtures in (container.befores, container.afters):
            fixtures[:] = [fixture for fixture in fixtures if not str(fixture.name).startswith(_SYNTHETIC)]
        _mend(container)

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: Any) -> None:
        """A missed objective is a failure, in the test and in its steps; messages are plain, traces the user's own.

        Allure calls every exception that is not an assertion "broken", but where an objective was missed nothing broke.
        Half characters would stop Allure's writer.
        """
        _mend(result)
        details = result.statusDetails
        if details is not None:
            message, trace = details.message or "", details.trace or ""
            if result.status == "broken" and allure_metadata.reached(message) is Verdict.MISSED:
                result.status = "failed"
            details.message, details.trace = allure_metadata.plain(message), allure_metadata.without_internals(trace)
        for step in result.steps:
            self.report_result(step)


class _Bare:
    """A parameter's value that Allure prints without quotation marks: it shows repr()."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _mend(item: Any) -> Any:
    """Make every text in what Allure is about to write storable, since its writer is not ours."""
    if isinstance(item, str):
        return storable(item)
    if isinstance(item, list):
        item[:] = [_mend(one) for one in item]
    elif attrs.has(type(item)):
        for field in attrs.fields(type(item)):
            setattr(item, field.name, _mend(getattr(item, field.name)))
    return item


def _mend_attachment(hook: str, _: object, arguments: Mapping[str, Any]) -> None:
    """Before Allure calls a hook: whoever attaches a text, its writer gets one that it can write."""
    if hook == "report_attached_data" and isinstance(arguments, dict):
        arguments["body"] = _mend(arguments["body"])


def _nothing(*_: object) -> None:
    """After it there is nothing to do."""


def _step_title(step: Any) -> str:
    return f"{step.keyword} {step.name}"


def _close(node: Any, error: BaseException | None = None) -> None:
    context = node.stash.get(_STEP, None)
    node.stash[_STEP] = None
    if context is not None:
        context.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)


def attach_drill(result: DrillResult, folder: Path, what: Mapping[str, str], recorded: HistoryFile) -> None:
    """Attach a drill's evidence to the running test: picture, evidence, history, measured values.

    folder: the run's. what: was drilled where; a drill has a history of its own for each of them. recorded: its events.
    Does nothing, and draws nothing, when Allure is not at work.
    """
    if _tidy() is None:
        return
    for name, value in what.items():
        allure.dynamic.parameter(name, _Bare(value))
    for name, value in _measured(result).items():
        # Excluded from the history id, which must not change from run to run.
        allure.dynamic.parameter(name, _Bare(value), excluded=True)
    evidence = json_text(run_json.drill_dict(result), indent=2)
    allure.attach(evidence, "evidence", AttachmentType.JSON)
    if recorded.events:
        allure.attach(timeline.png(recorded.events, result), "timeline", AttachmentType.PNG)
        drawn = (folder / result.history).parent / "timeline.svg"
        svg = drawn.read_text(encoding="utf-8") if drawn.exists() else timeline.svg(recorded.events, result)
        allure.attach(svg, "timeline (SVG)", AttachmentType.SVG)
    if recorded.problem:
        allure.attach(recorded.problem, "history: problem", AttachmentType.TEXT)
    _attach_history(result, folder)


def _measured(result: DrillResult) -> dict[str, str]:
    values = {
        "verdict": wording.headline(result),
        "RTO": wording.of(wording.bracket(result.rto), wording.recovery_episode(result)),
        "RTO promised": objectives.promised_recovery(result),
        "RPO": wording.of(wording.loss(result), wording.loss_episode(result)),
        "RPO promised": objectives.promised_point(result),
        "predicted": wording.predicted(result),
        "predicted for production": wording.predicted_for_production(result),
        "why": wording.why(result),
        "attempts": wording.attempts(result),
    }
    if result.rto is not None and result.rto.point_ns is not None:
        values["RTO point"] = wording.seconds(to_s(result.rto.point_ns))
    if result.planned_interruption is not None:
        values["interrupted by moves"] = wording.interruption(result.planned_interruption)
        values["interruption promised"] = objectives.promised_interruption(result)
    return {name: value for name, value in values.items() if value}


def _attach_history(result: DrillResult, folder: Path) -> None:
    try:
        path = run_json_reader.inside(folder, result.history)
        size = path.stat().st_size
    except (InputError, OSError):
        return  # read_history has already said what is wrong with it
    if size <= HISTORY_PLAIN_BYTES:
        allure.attach.file(str(path), "history", "application/x-ndjson", "jsonl")
    elif size <= HISTORY_LARGEST_BYTES:
        packed = gzip.compress(path.read_bytes(), compresslevel=6, mtime=0)
        allure.attach(packed, "history (gzip)", "application/gzip", "jsonl.gz")
    else:
        allure.attach(f"{size} bytes, too large to attach: {path}", "history: left out", AttachmentType.TEXT)


def write_metadata(run: RunResult) -> None:
    """Write what stands beside the results; nothing when Allure is not at work."""
    tidy = _tidy()
    if tidy is not None:
        allure_metadata.write(run, tidy.directory)


def _tidy() -> Tidy | None:
    plugin = allure_commons.plugin_manager.get_plugin(_PLUGIN)
    return plugin if isinstance(plugin, Tidy) else None
