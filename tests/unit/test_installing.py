"""Programs of other people: installed whole or not at all, told before anything is fetched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import InputError, WorldError
from harness.live import installing
from harness.world import installed
from harness.world.recipe import File, Recipe, Step, Tool, python

PY = sys.executable
MAKE = (
    "import pathlib, os; p = pathlib.Path('bin'); p.mkdir(); f = p / 'thing'; f.write_text('#!/bin/sh'); f.chmod(0o755)"
)


def recipe(*code: str, **others: object) -> Recipe:
    """One whose steps run Python in its folder."""
    return replace(
        Recipe(
            name="thing",
            version="1.2",
            about="a thing",
            licence="MIT",
            downloads="nothing",
            size_mb=1,
            program="bin/thing",
            steps=lambda folder, tools: [Step(f"step {n}", (PY, "-c", line)) for n, line in enumerate(code)],
        ),
        **others,  # type: ignore[arg-type]
    )


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(installed.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def install(wanted: Recipe, *others: Recipe, told: Callable[[str], None] = lambda _: None) -> Path:
    return installing.install(wanted, {r.name: r for r in (wanted, *others)}, told)


def test_what_is_installed_is_found_and_installed_once(cache: Path) -> None:
    lines: list[str] = []
    program = install(recipe(MAKE), told=lines.append)
    assert program == cache / "thing-1.2" / "bin" / "thing"
    assert installed.installed(recipe(MAKE)) == program
    assert lines == ["1/1 step 0"]
    install(recipe("raise SystemExit('not again')"), told=lines.append)
    assert "is installed" in lines[-1]


def test_another_version_is_another_program() -> None:
    install(recipe(MAKE))
    assert installed.installed(recipe(MAKE, version="1.3")) is None


def test_files_are_written_beside_what_is_fetched(cache: Path) -> None:
    program = install(recipe("", files=lambda _: [File("bin/thing", "#!/bin/sh\n", executable=True)]))
    assert os.access(program, os.X_OK)


def test_a_step_that_fails_says_why_and_leaves_nothing(cache: Path) -> None:
    with pytest.raises(WorldError, match=r"thing: step 1: exit code 3\n.*no such wheel"):
        install(recipe(MAKE, "import sys; print('no such wheel'); sys.exit(3)"))
    assert not (cache / "thing-1.2").exists()


def test_a_command_that_is_missing_leaves_nothing(cache: Path) -> None:
    steps = [Step("fetch it", ("no-such-command-here",))]
    with pytest.raises(WorldError, match="command not found"):
        install(recipe(steps=lambda folder, tools: steps))
    assert not (cache / "thing-1.2").exists()


def test_steps_that_do_not_make_the_program_are_told(cache: Path) -> None:
    with pytest.raises(WorldError, match="its program is missing"):
        install(recipe("pass"))
    assert not (cache / "thing-1.2").exists()


def test_a_folder_without_its_mark_is_not_used_and_is_made_anew(cache: Path) -> None:
    install(recipe(MAKE))
    (cache / "thing-1.2" / installed.MARK).unlink()
    with pytest.raises(InputError, match="installed only half: `drill install thing`"):
        installed.needed(recipe(MAKE), "the environment")
    assert install(recipe(MAKE)).exists()


def test_a_tool_that_is_missing_is_told_before_anything_is_done(cache: Path) -> None:
    tool = Tool("go", "Go", lambda: None, "https://go.dev/dl")
    with pytest.raises(InputError, match=r"Go is not on this machine \(https://go.dev/dl\)"):
        install(recipe(MAKE, tools=(tool,)))
    assert not cache.exists()


def test_what_it_needs_is_installed_first() -> None:
    lines: list[str] = []
    other = recipe(MAKE, name="other", version="2")
    install(recipe(MAKE, needs=("other",)), other, told=lines.append)
    assert installed.installed(other) is not None


def test_removing_removes_what_is_half_there_too(cache: Path) -> None:
    (cache / "thing-1.2" / "bin").mkdir(parents=True)
    assert installing.remove(recipe(MAKE))
    assert not installing.remove(recipe(MAKE))
    assert not (cache / "thing-1.2").exists()


def test_an_unknown_program_names_the_known() -> None:
    with pytest.raises(InputError, match="'thong' can be installed; there are: thing"):
        installing.named("thong", {"thing": recipe()})


def test_what_is_missing_says_how_to_get_it_and_how_large_it_is() -> None:
    with pytest.raises(InputError, match=r"`drill install thing` \(downloads nothing; about 1 MB"):
        installed.needed(recipe(MAKE), "the environment")


def test_a_cache_that_cannot_be_written_names_the_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(installed.VARIABLE, str(tmp_path / "file" / "below"))
    with pytest.raises(InputError, match="set DRILL_CACHE"):
        install(recipe(MAKE))


def test_an_interpreter_is_asked_for_its_version() -> None:
    here = "{}.{}".format(*sys.version_info[:2])
    found = python(here)()
    assert found is None or subprocess.run([found, "-c", "pass"], check=False).returncode == 0
    assert python("2.999")() is None


INTERRUPTED = """
import sys
from harness.live import installing
from harness.processes.interruption import guarded
sys.path.insert(0, {tests!r})
from test_installing import recipe
thing = recipe("import pathlib, time; pathlib.Path('began').touch(); time.sleep(600)")
with guarded(10):
    installing.install(thing, {{}}, print)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_installation_leaves_neither_folder_nor_process(cache: Path, how: signal.Signals) -> None:
    code = INTERRUPTED.format(tests=str(Path(__file__).parent))
    process = subprocess.Popen([PY, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not (cache / "thing-1.2" / "began").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(how)
        process.wait(20)
    finally:
        process.kill()
        process.wait()
    assert not (cache / "thing-1.2").exists()
