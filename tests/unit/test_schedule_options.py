"""What `drill schedule add` refuses, by the name of the option, and that nothing is left then."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer.main

from harness.cli.main import app
from harness.errors import InputError
from harness.scheduling.schedule import Schedule
from harness.scheduling.store import Store

COMMAND = typer.main.get_command(app)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DRILL_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DRILL_CRONTAB", str(tmp_path / "no-crontab"))
    return folder


def drill(*arguments: str) -> None:
    COMMAND(list(arguments), standalone_mode=False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--at", "61 3 * * *"], "minute 61: must be from 0 to 59, not 61"),
        (["--at", "@daily", "--on", "windows"], "--on windows: one of cron, systemd, kubernetes, github"),
        (["--at", "@daily", "--window", "25h"], "--window 25h: must be more than 0 and at most 24h"),
        (["--at", "@daily", "--limit", "0"], "--limit 0: must be more than 0 and at most 24h"),
        (["--at", "@daily", "--keep-runs", "0"], "--keep-runs 0: must be from 1 to 10000"),
        (["--at", "@daily", "--keep-days", "1_0"], "--keep-days 1_0: must be a whole number, in the digits 0 to 9"),
        (["--at", "@daily", "--environment", "nowhere"], "unknown environment nowhere; one of:"),
        (["--at", "@daily", "--set", "x"], "--set x"),
        (["--at", "@daily", "--seed", "-1"], "-1: must be at least 0"),
        (["--at", "@daily", "--image", "i"], "--image is for --on kubernetes, not cron"),
        (["--at", "@daily", "--slack", "env:HOOK"], "HOOK: cron gives a job none of your variables: name a file by"),
        (["--at", "@daily", "--slack", "http://a b/s3cret"], "--slack: is no address"),
        (["--at", "@daily", "--slack", "file:here"], "--slack file:here: must be file: and an absolute path"),
        (["--at", "@daily", "--mail-to", "a@example.com"], "--mail-to needs --mail-from and --mail-server as well"),
        (["--at", "@daily", "--mail-from", "a@example.com"], "mail needs --mail-to"),
        (["--at", "@daily", "--on", "kubernetes"], "a CronJob needs an image that has `drill`: name it by --image"),
        (["--at", "@daily", "--on", "github", "--slack", "https://example.com/s3cret"], "say env:NAME"),
        (["--at", "@daily", "--on", "github", "--timezone", "Europe/Berlin"], "github goes by UTC here"),
        (["--at", "@daily", "--timezone", "Mars/Base"], "'Mars/Base' is no time zone that this machine knows"),
        (["--at", "@daily", "--notify", "never"], "--notify: must be one of: 'changes' or 'always' (got 'never')"),
        (["--at", "@daily", "--env-file", "nowhere"], "nowhere: cannot be read: No such file or directory"),
        (["--at", "@daily", "no-such-drill"], "no-such-drill"),
        (["--at", "@daily"], "there is no program"),
    ],
)
def test_a_mistake_is_told_by_its_option_and_nothing_is_left(
    arguments: list[str], told: str, tmp_path: Path, project: Path
) -> None:
    with pytest.raises(InputError) as refused:
        drill("schedule", "add", "nightly", *arguments, "--yes")
    assert told in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert [path for path in tmp_path.iterdir() if path != project] == []
    assert list(project.iterdir()) == []


MAIL = ("--mail-to", "a@example.com", "--mail-from", "b@example.com", "--mail-server")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["mail.example.com"], "--mail-server mail.example.com: must be HOST:PORT"),
        (["mail.example.com:0"], "--mail-server: must be at least 1"),
        (["h:25", "--mail-user", "u"], "--mail-user and --mail-password: give both or none"),
        (["h:25", "--mail-user", "u", "--mail-password", "s3cret"], "must say where the password is"),
        (["h:25", "--mail-security", "none", "--mail-user", "u", "--mail-password", "file:/p"], "only after STARTTLS"),
        (["h:25", "--mail-to", "a@example.com\nBcc: x"], "--mail-to: must be an address such as"),
    ],
)
def test_mail_that_cannot_be_sent_is_refused(arguments: list[str], told: str) -> None:
    with pytest.raises(InputError) as refused:
        drill("schedule", "add", "nightly", "--at", "@daily", *MAIL, *arguments, "--yes")
    assert told in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("name", ["Nightly", "../up", "a b", "-x", "x" * 41, "."])
def test_a_name_is_a_word(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="NAME: needs 1 to 40 characters"):
        drill("schedule", "add", "--at", "@daily", "--yes", "--", name)
    for command in ("show", "run", "remove"):
        with pytest.raises(InputError, match="no schedule"):
            drill("schedule", command, "--", name)
    assert not (tmp_path / "state").exists()


def test_a_schedule_that_cannot_be_kept_is_installed_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep, table = Store.write, tmp_path / "table"

    def full(store: Store, schedule: Schedule) -> None:
        if schedule.installed.line is not None:
            raise InputError("no space left on device")
        keep(store, schedule)

    monkeypatch.setattr(Store, "write", full)
    with pytest.raises(InputError, match="no space left"):
        drill("schedule", "add", "nightly", "--at", "@daily", "--crontab", str(table), "--yes")
    assert not table.exists()
    assert not (tmp_path / "state").exists()


def test_what_is_told_and_installed_is_shown_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILL_PROFILE", "fast")
    monkeypatch.setenv("DRILL_TOKEN_OF_MINE", "s3cret-token")
    table = tmp_path / "table"
    (tmp_path / "env").write_text("PASSWORD=s3cret-password\n")
    (tmp_path / "env").chmod(0o600)
    drill("schedule", "add", "nightly", "--at", "0 3 13 * fri", "--crontab", str(table), "--yes",
          "--slack", "https://user:pass@hooks.example.com/services/s3cret-key", *MAIL, "mail.example.com:587",
          "--mail-user", "drill", "--mail-password", "env:PASSWORD", "--env-file", str(tmp_path / "env"))  # fmt: skip
    drill("schedule", "list")
    drill("schedule", "show", "nightly")
    drill("schedule", "remove", "nightly", "--yes")
    printed = capsys.readouterr().out
    assert "slack https://hooks.example.com/***" in printed
    assert "mail to a@example.com from b@example.com by mail.example.com:587 (starttls) as drill" in printed
    assert "variable: DRILL_PROFILE=fast" in printed
    assert f"added to {table}:" in printed
    assert "s3cret" not in printed
    assert "pass@" not in printed
    assert not table.exists()
    assert not (tmp_path / "state").exists()


def test_a_stack_that_is_not_ours_needs_an_agreement_that_was_given_beforehand(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRILL_YES", raising=False)
    table = project / "table"
    words = ("schedule", "add", "nightly", "region-lost-refused", "-e", "external", "--at", "@daily",
             "--crontab", str(table), "--yes")  # fmt: skip
    with pytest.raises(
        InputError, match=r"external is no world of ours.*drill run --environment=external.*DRILL_YES=1"
    ):
        drill(*words)
    assert list(project.iterdir()) == []
    (project / "env").write_text("DRILL_YES=1\n")
    (project / "env").chmod(0o600)
    drill(*words, "--env-file", "env")
    assert "schedule run nightly" in table.read_text()
