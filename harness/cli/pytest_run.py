"""Runs pytest as `drill run` does: the user's conftest and steps, none of the user's pytest settings, our view."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from harness.cli import job_summary, matrix_view
from harness.cli.agreement import agreed
from harness.cli.complaining import complain
from harness.cli.foreground import keep
from harness.drill.catalogue import KnownDrill
from harness.drill.evidence import RunResult
from harness.drill.matrix import WORSE, Change
from harness.drill.options import RunOptions
from harness.drill.runner import Run
from harness.errors import DrillError, InputError
from harness.live.backend import LiveWorld
from harness.live.standing import world_file
from harness.outcome import Verdict
from harness.processes.fork_servers import ForkServers
from harness.processes.interruption import EXIT_INTERRUPTED, STOPPED
from harness.pytest_plugin.host import Host
from harness.reporting import matrix_runs, terminal
from harness.reporting.live_view import LiveView
from harness.reporting.summary import show
from harness.reporting.wording import remaining

EXIT_MET, EXIT_MISSED, EXIT_UNKNOWN, EXIT_HARNESS = 0, 1, 2, 3
EXIT_OF = {
    Verdict.MET: EXIT_MET,
    Verdict.MISSED: EXIT_MISSED,
    Verdict.UNKNOWN: EXIT_UNKNOWN,
    Verdict.INVALID: EXIT_UNKNOWN,
    Verdict.ABORTED: EXIT_UNKNOWN,
}


NOT_THE_USERS = (
    "addopts=", "minversion=", "required_plugins=", "usefixtures=", "norecursedirs=", "console_output_style=classic",
    "strict=false", "strict_config=false", "strict_markers=false",
    "python_functions=test", "collect_imported_tests=true", "faulthandler_timeout=0",
    "filterwarnings=ignore::pytest.PytestUnknownMarkWarning",  # tags of a feature are no marks
)  # fmt: skip
"""Settings of the user's pytest that are meant for other sessions; what its modules need stays (`pythonpath`)."""
_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")


class QuietOutput:
    """Takes the place of pytest's own terminal output, and keeps what matters: why something did not run."""

    def __init__(self) -> None:
        self.output = io.StringIO()
        self.problems: list[str] = []
        self.skipped: list[str] = []
        self.interrupted = False

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter._tw._file = self.output

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.problems.append(str(report.longreprtext).strip())

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        # pytest stops itself by the same way, after a collection that failed for example; nobody pressed anything then
        if isinstance(excinfo.value, pytest.exit.Exception):
            self.problems.append(f"a hook or a step of yours ended pytest: {excinfo.value.msg}")
        else:
            self.interrupted = not isinstance(excinfo.value, pytest.Session.Interrupted)

    def pytest_internalerror(self, excrepr: object) -> None:
        where = getattr(excrepr, "reprcrash", None) or str(excrepr).strip().rpartition("\n")[2]
        self.problems.append(f"a hook failed, and pytest with it: {where}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.skipped.append(f"{report.head_line}: {why}")
        if report.failed and report.when != "call":
            self.problems.append(_reason(report.longreprtext))
        elif report.failed:
            text = _reason(report.longreprtext)
            crash = getattr(report.longrepr, "reprcrash", None)  # of the last one in a chain, whatever it came from
            if not getattr(crash, "message", text).startswith("harness.errors.Drill"):
                self.problems.append(text)


def run_drills(drills: Sequence[KnownDrill], options: RunOptions, servers: ForkServers) -> int:
    """Run the drills; show them, and return the exit code of the contract. servers: warming up for the first world."""
    console = terminal.console(sys.__stdout__)
    view, quiet = LiveView(console), QuietOutput()
    run = Run(options)
    host = Host(
        run,
        [(drill.file, drill.scenario) for drill in drills],
        view.update,
        servers,
        lambda lines, breaks: _asked(view, console, options, lines, breaks),
    )
    files = list(dict.fromkeys(str(drill.file) for drill in drills))
    arguments = [
        *files,
        "--capture=no",
        *(f"--override-ini={setting}" for setting in NOT_THE_USERS),
        "-p", "no:cacheprovider",
        "-p", "no:logging",
        f"--alluredir={run.folder / 'allure-results'}",
        *(["--exitfirst"] if options.keep else []),
    ]  # fmt: skip
    with closing(host):
        view.start()
        try:
            with _own_variables():
                code = pytest.main(arguments, plugins=[_Named(host), quiet])
        except pytest.exit.Exception as error:  # while a conftest is imported, pytest does not take it in
            raise InputError(f"your conftest ended pytest: {error.msg}") from error
        finally:
            view.stop()
            for left in (run.folder / "allure-results").glob("*.tmp"):  # of a result that could not be written
                left.unlink(missing_ok=True)
            run.leave_nothing_empty()
        exit_code = _report(code, host, run, quiet, console)
        if host.kept is not None and not quiet.interrupted:
            _keep(host.kept, options, servers, console)
    return exit_code


def _asked(view: LiveView, console: Console, options: RunOptions, lines: Sequence[str], breaks: bool) -> bool:
    """Show what would be done to a stack that is not ours, and have it agreed to; without a fault nothing is asked."""
    view.stop()
    try:
        return agreed(options.environment.environment, lines, breaks=breaks, yes=options.yes, console=console)
    finally:
        view.start()


@contextmanager
def _own_variables() -> Iterator[None]:
    """Without variables that are meant for the user's other sessions."""
    theirs = {name: os.environ.pop(name) for name in _VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(theirs)


def _keep(kept: tuple[LiveWorld, ExitStack], options: RunOptions, servers: ForkServers, console: Console) -> None:
    """Hold a failed drill's world in this terminal until Ctrl-C. Whatever ends that, the drill's verdict stands."""
    world, stack = kept
    try:
        with stack, suppress(KeyboardInterrupt):
            keep(world, servers, options, world_file.path_in(Path.cwd()), console)
    except DrillError as error:
        console.print(Text(f"the world is kept no longer: {error}"), soft_wrap=True)


class _Named:
    """Registers the host under the name by which the plugin looks for it, before the plugin is configured."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        if not config.pluginmanager.has_plugin("drill-host"):
            config.pluginmanager.register(self._host, "drill-host")


def _report(code: Any, host: Host, run: Run, quiet: QuietOutput, console: Console) -> int:
    changed: list[Change] = []
    if host.result is not None:
        show(host.result, run.folder / "report.html", console)
        changed, compared_with = matrix_runs.told(host.result, run.folder.parent)
        if changed:
            matrix_view.show_changes(changed, compared_with, console)
        _summarise(host.result, run.folder, console)
    if quiet.interrupted:
        host.close()
        Console(stderr=True).print(STOPPED)
        return EXIT_INTERRUPTED
    told = {left.reason for left in run.not_measured}  # stands in the summary
    for sentence in quiet.skipped:
        if sentence.partition(": ")[2].removeprefix("Skipped: ") in told:
            continue
        console.print(Text(f"skipped: {sentence}"), soft_wrap=True)
    problems = list(dict.fromkeys(run.errors)) or quiet.problems or _unexplained(code, host, run, quiet)
    for problem in problems:
        complain(problem)
    if problems or host.result is None:
        return EXIT_HARNESS
    if run.options.strict and host.result.warnings:
        console.print(Text(f"strict: {remaining(host.result)}"), soft_wrap=True)
        return EXIT_MISSED
    if run.options.strict and (worse := [change for change in changed if change.kind == WORSE]):
        console.print(Text(f"strict: {len(worse)} cells of the resiliency matrix are worse"), soft_wrap=True)
        return EXIT_MISSED
    return EXIT_OF[host.result.verdict]


def _summarise(result: RunResult, folder: Path, console: Console) -> None:
    """On the page of a GitHub job. What becomes of it changes no verdict."""
    file = os.environ.get(job_summary.VARIABLE)
    if file:
        try:
            job_summary.add(result, folder, Path(file), os.environ)
        except InputError as error:
            console.print(Text(f"no summary of the job: {error}"), soft_wrap=True)


def _unexplained(code: Any, host: Host, run: Run, quiet: QuietOutput) -> list[str]:
    """A run in which nothing went wrong and yet not everything was run must not pass for one that did."""
    planned = len(host.wanted) * run.options.trials
    if host.result is None:
        said = quiet.output.getvalue()[-2000:].strip()
        return [f"no drill was run; pytest ended with {code!r}" + (f":\n{said}" if said and not quiet.skipped else "")]
    if host.result.verdict is Verdict.MET and len(run.drills) + len(quiet.skipped) < planned:
        return [f"only {len(run.drills)} of {planned} drills were run: a hook of yours left the others out"]
    return []


def _reason(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("E ")]
    return "\n".join(line.removeprefix("E").strip() for line in lines) or text.strip()
