"""What a user gets for a mistake: one clear message that names what to change, exit code 3, nothing left running."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import psutil
import pytest
from command_line import drill, left_running, read_until, started

pytestmark = [pytest.mark.live, pytest.mark.beside]

ROOT = Path(__file__).parents[2]
SUBJECTS = ROOT / "tests" / "subjects"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "region-lost-refusd"], "did you mean region-lost-refused?"),
        (
            ["run", "region-lost-refused", "--environment", "mars"],
            "unknown environment mars; one of: akamai, audience, backups, cloudflare",
        ),
        (["run", "region-lost-refused", "--bogus"], "No such option: --bogus"),
        (["run", "region-lost-refused", "--set", "faul=none"], "did you mean fault?"),
        (["run", "region-lost-refused", "--set", "failover=on"], "only `off` is allowed"),
        (["run", "region-lost-refused", "--profile", "slow"], "--profile slow: one of fast, production"),
        (["run", "region-lost-refused", "--trials", "0"], "--trials 0: must be at least 1"),
        (["run", "absent.feature"], "absent.feature: no such file"),
        (["run", "region-lost-refused", "--subject", "absent.yaml"], "--subject absent.yaml: no such file"),
        (["watch", "--for", "soon"], "--for soon: must be a duration such as 90, 60s, 5m or 1h"),
        (["report", "absent"], "no run absent in reports: there are none yet"),
        (["env", "status"], ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistyped_command_line_is_one_clear_message(tmp_path: Path, arguments: list[str], told: str) -> None:
    code, output = drill(tmp_path, *arguments)
    assert code == (1 if arguments[0] == "env" else 3)
    assert told in " ".join(output.split())
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Feature: x\n  Scenario: a\n    When the moon falls\n",
            'no step is known for When "the moon falls"; the nearest is',
        ),
        ("Feature: x\n  Scenario: a\n    Wenn der Mond\n", "mine.feature:2: scenario 'a' has no steps"),
        ("no gherkin\n", "mine.feature"),
    ],
)
def test_a_broken_feature_names_the_file_and_what_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "mine.feature").write_text(text)
    code, output = drill(tmp_path, "run", "mine.feature")
    assert (code, "Traceback" in output) == (3, False)
    assert told in " ".join(output.split())
    assert left_running(tmp_path) == []


def test_an_unknown_region_in_a_step_names_those_that_exist(tmp_path: Path) -> None:
    text = "Feature: x\n  Scenario: a\n    Given steady state in region eu-west-1\n"
    (tmp_path / "mine.feature").write_text(text)
    code, output = drill(tmp_path, "run", "mine.feature")
    assert code == 3
    assert "unknown region eu-west-1; this environment has: us-east-1, us-west-2" in " ".join(output.split())
    assert left_running(tmp_path) == []


def test_every_mistake_of_an_environment_file_is_told_with_its_line(tmp_path: Path) -> None:
    wrong = "environment: mine\nregions:\n  - {name: a, role: primry}\nobjectives:\n  fast: {rto_s: -1}\n"
    (tmp_path / "mine.yaml").write_text(wrong)
    code, output = drill(tmp_path, "run", "region-lost-refused", "--environment", "mine.yaml")
    assert code == 3
    assert "mine.yaml:3: regions.0.role: did you mean primary?" in " ".join(output.split())
    assert "mine.yaml:5: fast.rto_s" in output or "mine.yaml:5: objectives.fast.rto_s" in output


def test_a_port_in_use_names_the_setting(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.1.10", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = (ROOT / "environments" / "embedded.yaml").read_text()
        text = text.replace("  port: 0 ", f"  port: {port} ", 1).replace("../reference", str(ROOT / "reference"))
        (tmp_path / "mine.yaml").write_text(text)
        code, output = drill(tmp_path, "run", "region-lost-refused", "--environment", "mine.yaml")
    assert code == 3
    assert f"port {port} on 127.0.1.10 is in use: choose another edge.port" in " ".join(output.split())
    assert left_running(tmp_path) == []


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("missing_command", "command not found: 'no-such-program-anywhere'"),
        ("dies_at_start", "exited with code 1 before it was ready no licence key found"),
    ],
)
def test_a_subject_that_cannot_start_is_the_users_mistake(tmp_path: Path, subject: str, told: str) -> None:
    file = str(SUBJECTS / subject / "subject.yaml")
    code, output = drill(tmp_path, "run", "region-lost-refused", "--subject", file)
    assert (code, "Traceback" in output) == (3, False)
    assert told in " ".join(output.split())
    assert left_running(tmp_path) == []


def test_a_subject_that_never_answers_ends_in_a_verdict(tmp_path: Path) -> None:
    file = str(SUBJECTS / "hangs" / "subject.yaml")
    code, output = drill(tmp_path, "run", "region-lost-refused", "--subject", file)
    assert code == 2
    assert "no HTTP answer from app.us-east-1, app.us-west-2" in " ".join(output.split())
    assert left_running(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_an_interrupted_drill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with started(tmp_path, "run", "region-lost-refused") as running:
        assert "steady state" in read_until(running, "steady state")  # a world, a subject and clients are up
        below = psutil.Process(running.pid).children(recursive=True)
        assert len(below) > 8
        running.send_signal(number)
        running.communicate(timeout=60)
    code = running.returncode
    assert code == (-9 if number is signal.SIGKILL else 130)
    _gone, alive = psutil.wait_procs(below, timeout=10)
    assert [process.cmdline() for process in alive] == []
    if number is not signal.SIGKILL:  # nobody is left then to take the folder along; `drill doctor` tells of it
        assert list(temporary.iterdir()) == []
