"""One run of a schedule with everything around it: a stand-in for `drill run`, real locks, files and servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from told_servers import hook, mailbox

from harness.cli import schedule_view
from harness.errors import InputError, WorldError
from harness.reporting import terminal
from harness.scheduling import filed, job, mailing, notifying, posting
from harness.scheduling.job import EXIT_OVERLAP, Job
from harness.scheduling.message import Message
from harness.scheduling.outcome import outcome_of
from harness.scheduling.record import Ended
from harness.scheduling.schedule import Mail, Schedule, told
from harness.scheduling.store import Store
from harness.scheduling.telling import Reason

STAND_IN = """
import json, os, pathlib, sys, time
said = json.loads(pathlib.Path(os.environ["STAND_IN"]).read_text())
print("arguments", sys.argv[1:])
if "sleep_s" in said:
    time.sleep(said["sleep_s"])
if "verdict" in said:
    reports = pathlib.Path(next(a for a in sys.argv if a.startswith("--reports=")).partition("=")[2])
    folder = reports / f"{said.get('stamp', '20261128-120000')}-{os.getpid()}"
    folder.mkdir(parents=True)
    drill = {"name": "region-lost", "verdict": said["verdict"], "reasons": ["RTO 31 s"]}
    (folder / "run.json").write_text(json.dumps({"verdict": said["verdict"], "drills": [drill]}))
    staging = reports / ".latest-new"
    staging.symlink_to(folder.name)
    staging.replace(reports / "latest")
else:
    print("drill: no such drill")
sys.exit(said["code"])
"""


class Rig:
    """A store, a schedule in it, a stand-in that does as it is told, and a clock that can be set."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.store = folder, Store(folder / "state")
        self.said: list[str] = []
        self.warned: list[str] = []
        self.now = datetime(2026, 11, 28, 3, 0, 2, tzinfo=UTC)
        script = folder / "stand_in.py"
        script.write_text(textwrap.dedent(STAND_IN))
        monkeypatch.setenv("STAND_IN", str(folder / "said.json"))
        monkeypatch.setattr(job, "program", lambda: [sys.executable, str(script)])
        monkeypatch.setattr(job, "wall_time", lambda: self.now)
        monkeypatch.setattr(schedule_view, "wall_time", lambda: self.now)
        self.keep()

    def keep(self, **said: Any) -> Schedule:
        given = {
            "name": "nightly", "id": "0123456789ab", "created": told(self.now - timedelta(hours=1)), "where": "cron",
            "times": "0 3 * * *", "zone": "UTC", "drills": ("region-lost",), "reports": str(self.folder / "reports"),
            "folder": str(self.folder),
        }  # fmt: skip
        self.schedule = Schedule.model_validate(given | said)
        self.store.write(self.schedule)
        return self.schedule

    def run(self, verdict: str | None, code: int = 0, **said: Any) -> int:
        (self.folder / "said.json").write_text(
            json.dumps({"verdict": verdict, "code": code, **said} if verdict else {"code": code, **said})
        )
        self.said, self.warned = [], []
        given = {"PATH": os.environ["PATH"], "STAND_IN": os.environ["STAND_IN"]}
        return Job(self.schedule, self.store, given, self.folder, self.said.append, self.warned.append).run()

    def last(self) -> Ended:
        last = self.store.history("nightly").last
        assert last is not None
        return last

    def listed(self, capsys: pytest.CaptureFixture[str]) -> str:
        capsys.readouterr()
        schedule_view.show_list(self.store, terminal.console())
        return capsys.readouterr().out


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(tmp_path, monkeypatch)


def test_a_run_is_drill_run_with_the_stored_options_and_its_verdict_is_kept(rig: Rig) -> None:
    rig.keep(options={"environment": "dynoxide", "set": ("objective.rto_s=30", "a=b c; rm -rf /"), "strict": True})
    assert rig.run("MISSED", 1) == 1
    assert rig.said == ["MISSED: RTO 31 s"]
    last = rig.last()
    assert (last.verdict, last.exit_code, last.why) == ("MISSED", 1, "RTO 31 s")
    printed = rig.store.output("nightly").read_text()
    wanted = ["run", "--environment=dynoxide", "--set=objective.rto_s=30", "--set=a=b c; rm -rf /", "--strict",
              f"--reports={rig.folder / 'reports'}", "--", "region-lost"]  # fmt: skip
    assert printed == f"arguments {wanted}\n"
    mark = json.loads((rig.folder / "reports" / str(last.run_id) / filed.MARK).read_text())
    assert mark["schedule"] == "nightly"
    assert mark["planned_at"] == "2026-11-28T03:00:00+00:00"


def test_a_verdict_that_nobody_here_knows_is_taken_as_it_is(rig: Rig) -> None:
    assert rig.run("ABORTED", 2) == 2
    assert rig.last().verdict == "ABORTED"


@pytest.mark.parametrize(("code", "verdict"), [(3, "ERROR"), (130, "INTERRUPTED"), (0, "ERROR")])
def test_a_run_without_evidence_is_no_verdict(rig: Rig, code: int, verdict: str) -> None:
    assert rig.run(None, code) == code
    assert rig.last().verdict == verdict
    if verdict == "ERROR":
        assert "drill: no such drill" in rig.last().why


def test_what_nobody_could_measure_is_told_as_that(tmp_path: Path) -> None:
    left = [{"name": "a", "reason": "moto keeps nothing"}]
    (tmp_path / "run.json").write_text(json.dumps({"verdict": "INVALID", "drills": [], "not_measured": left}))
    found = outcome_of(2, tmp_path, "")
    assert (found.verdict, found.exit_code, found.why) == ("NOT MEASURABLE", 2, "moto keeps nothing")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"verdict": 7}', '{"verdict": "\\u001b[31mMET", "drills": 3}'])
def test_evidence_that_is_none_is_an_error_and_nothing_is_obeyed(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    found = outcome_of(0, tmp_path, "said this")
    assert found.verdict in ("ERROR", "MET")
    assert "\x1b" not in found.verdict


def test_a_run_that_takes_too_long_is_stopped_and_told(rig: Rig) -> None:
    rig.keep(limit_s=1)
    assert rig.run("MET", sleep_s=60) == 3
    assert rig.last().why == "it was stopped: it took longer than 1 s"


def test_a_change_of_verdict_is_told_once(rig: Rig) -> None:
    with hook() as slack, hook() as other, mailbox() as mail:
        people = ("ops@example.com", "dr@example.com")
        letters = mail_to(mail.port, security="none", recipients=people).model_dump()
        rig.keep(
            channels=({"kind": "slack", "url": slack.url}, {"kind": "webhook", "url": other.url}, letters),
        )
        for verdict, code in (("MET", 0), ("MET", 0), ("MISSED", 1), ("MISSED", 1), ("MET", 0)):
            rig.run(verdict, code)
    assert [(body["reason"], body["previous"], body["verdict"]) for body in other.bodies] == [
        ("first", None, "MET"), ("changed", "MET", "MISSED"), ("changed", "MISSED", "MET"),
    ]  # fmt: skip
    assert other.bodies[1]["drills"] == [{"name": "region-lost", "verdict": "MISSED", "why": "RTO 31 s"}]
    assert other.bodies[1]["exit_code"] == 1
    assert other.bodies[1]["report"].endswith("/report.html")
    assert slack.paths == ["/services/T000/s3cret-key"] * 3
    assert slack.bodies[1]["text"].startswith(
        "*drill schedule nightly: MISSED (was MET)*\nMISSED region-lost: RTO 31 s\n"
    )
    assert [message["Subject"] for message in mail.messages] == [
        "drill schedule nightly: MET",
        "drill schedule nightly: MISSED (was MET)",
        "drill schedule nightly: MET (was MISSED)",
    ]
    assert mail.messages[0]["To"] == "ops@example.com, dr@example.com"
    assert "MISSED region-lost: RTO 31 s" in mail.messages[1].get_payload()


def test_every_run_is_told_where_that_is_wanted(rig: Rig) -> None:
    with hook() as other:
        rig.keep(notify="always", channels=({"kind": "webhook", "url": other.url},))
        rig.run("MET")
        rig.run("MET")
    assert [body["reason"] for body in other.bodies] == ["first", "always"]


def test_who_could_not_be_told_is_told_next_time_and_the_exit_code_stays(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    with hook() as other:
        rig.keep(channels=({"kind": "webhook", "url": other.url},))
        rig.run("MET")
        other.answers = [404]
        assert rig.run("MISSED", 1) == 1
        host = other.url.partition("/services")[0]
        assert rig.warned == [f"could not be told: webhook: {host}/***: answered 404 ok"]
        assert rig.last().unsent == (f"webhook: {host}/***: answered 404 ok",)
        assert "could not be told: webhook" in rig.listed(capsys)
        rig.run("MISSED", 1)
    assert [body["verdict"] for body in other.bodies] == ["MET", "MISSED"]
    everything = "".join(path.read_text() for path in rig.store.folder("nightly").glob("history*"))
    assert "s3cret-key" not in everything + rig.listed(capsys)


def test_planned_runs_that_were_not_are_told_by_the_list_and_by_the_next_run(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    with hook() as other:
        rig.keep(channels=({"kind": "webhook", "url": other.url},))
        rig.run("MET")
        rig.now += timedelta(days=1)
        assert "missed" not in rig.listed(capsys)  # it may begin any moment
        rig.now += timedelta(days=2, hours=5)
        days = ", ".join(f"{day}T03:00:00+00:00" for day in ("2026-11-29", "2026-11-30", "2026-12-01"))
        sentence = f"3 planned runs were missed: {days}"
        assert f"nightly: {sentence}" in rig.listed(capsys)
        rig.now = datetime(2026, 12, 2, 3, 0, 1, tzinfo=UTC)
        rig.run("MET")
        assert rig.warned == [sentence]
        assert f"nightly: {sentence}" in rig.listed(capsys)
        rig.now += timedelta(days=1)
        rig.run("MET")
    assert "missed" not in rig.listed(capsys)
    assert [(body["reason"], body["missed"]["count"]) for body in other.bodies] == [("first", 0), ("missed", 3)]


def test_a_run_by_hand_between_times_makes_up_for_nothing(rig: Rig) -> None:
    rig.now = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
    rig.keep(created="2026-11-28T00:00:00+00:00")
    rig.run("MET")
    assert rig.warned == ["1 planned run was missed: 2026-11-28T03:00:00+00:00"]
    mark = json.loads((rig.folder / "reports" / str(rig.last().run_id) / filed.MARK).read_text())
    assert mark["planned_at"] is None


def test_a_run_that_goes_on_is_not_joined_by_another(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    with hook() as other:
        rig.keep(channels=({"kind": "webhook", "url": other.url},))
        rig.run("MET")
        with rig.store.running("nightly"):
            for day in (1, 2):
                rig.now += timedelta(days=1)
                assert rig.run("MISSED", 1) == EXIT_OVERLAP, day
        assert rig.warned == ["overlap: a run of nightly still goes on; nothing was run"]
        assert "2 planned runs overlapped" in rig.listed(capsys)
        rig.now += timedelta(days=1)
        assert rig.run("MET") == 0
    assert rig.warned == []  # an overlap is no missed run
    assert [(body["reason"], body["verdict"]) for body in other.bodies] == [("first", "MET"), ("overlap", "OVERLAP")]


def test_another_schedules_run_is_waited_for_and_not_for_ever(rig: Rig) -> None:
    rig.keep(wait_s=0)
    with rig.store.on_this_machine(0):
        assert rig.run("MET") == EXIT_OVERLAP
    assert (rig.last().verdict, rig.last().run_id) == ("OVERLAP", None)
    assert rig.run("MET") == 0


def test_a_run_that_was_killed_is_said_to_be_cut_short(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    killed = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from harness.scheduling.job import Job
        from harness.scheduling.store import Store
        store = Store(Path(sys.argv[1]))
        die = lambda text: os.kill(os.getpid(), 9)
        Job(store.read("nightly"), store, dict(os.environ), Path.cwd(), die, print).run()
        """
    )
    rig.keep(window_s=60)
    done = subprocess.run([sys.executable, "-c", killed, str(rig.store.state)], check=False, timeout=60)
    assert done.returncode == -9
    assert "was cut short" in rig.listed(capsys)
    rig.keep()
    assert rig.run("MET") == 0
    assert "cut short" not in rig.listed(capsys)


def test_old_reports_go_and_nothing_else_does(rig: Rig) -> None:
    rig.keep(keep_runs=2)
    reports = rig.folder / "reports"
    others = [reports / "20200101-000000-1", reports / "notes", rig.folder / "elsewhere"]
    for folder in others:
        folder.mkdir(parents=True)
    (reports / "20200102-000000-1").symlink_to(rig.folder / "elsewhere")
    (rig.folder / "elsewhere" / filed.MARK).write_text(
        json.dumps({"format": "drill-scheduled/1", "id": rig.schedule.id})
    )
    (others[0] / filed.MARK).write_text(json.dumps({"format": "drill-scheduled/1", "id": "of somebody else"}))
    for day in range(20, 25):
        rig.run("MET", stamp=f"202611{day}-030000")
    left = sorted(path.name[:8] for path in reports.iterdir() if path.name[:6] == "202611")
    assert left == ["20261123", "20261124"]
    assert rig.last().removed == 1
    assert all(folder.exists() for folder in others)
    assert (reports / "20200102-000000-1").is_symlink()
    assert (reports / "latest" / "run.json").exists()
    assert not list(reports.glob(".*"))


def test_what_latest_leads_to_stays_whatever_its_age(rig: Rig) -> None:
    rig.run("MET", stamp="20261101-030000")
    rig.keep(keep_runs=1)
    rig.run("MET", stamp="20261001-030000")  # by a clock that went back
    assert len([path for path in (rig.folder / "reports").iterdir() if path.name[:4] == "2026"]) == 2


def test_a_folder_that_is_gone_is_told(rig: Rig) -> None:
    with hook() as other:
        rig.keep(folder=str(rig.folder / "gone"), channels=({"kind": "webhook", "url": other.url},))
        assert rig.run("MET") == 3
    assert rig.warned == [
        f"ERROR: {rig.folder / 'gone'}: there is no such folder any more, and drill run belongs there"
    ]
    assert other.bodies[0]["note"].endswith("drill run belongs there")


def test_the_environment_of_a_run_is_the_kept_one(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    (rig.folder / "drill.env").write_text("SECRET=s3cret\nPATH=/of/the/file\n")
    (rig.folder / "drill.env").chmod(0o600)
    rig.keep(variables={"DRILL_PROFILE": "fast", "PATH": "/kept"}, env_file=str(rig.folder / "drill.env"))
    seen: dict[str, str] = {}

    def run(command: Any, folder: Any, environment: Any, *_: Any) -> Any:
        seen.update(environment)
        raise InputError("no further")

    monkeypatch.setattr(job.child, "run", run)
    Job(
        rig.schedule, rig.store, {"HOME": "/h", "DRILL_SUBJECT": "by.hand", "PATH": "/cron"}, rig.folder, print, print
    ).run()
    assert seen == {"HOME": "/h", "DRILL_PROFILE": "fast", "PATH": "/of/the/file", "SECRET": "s3cret"}


# --- channels -----------------------------------------------------------------------------------


def message() -> Message:
    now = datetime(2026, 11, 28, 3, tzinfo=UTC)
    return Message("nightly", Reason.CHANGED, "MISSED", "MET", "host", now, now)


def test_a_webhook_that_is_busy_is_asked_again_and_one_that_refuses_is_not() -> None:
    with hook() as other:
        other.answers = [503, 500]
        posting.post(other.url, {"a": "é"}, pauses_s=(0.01, 0.01))
        assert other.bodies == [{"a": "é"}]
        for answers, told_why in (
            ([503, 503, 503, 200], "answered 503"),
            ([400, 200], "answered 400"),
            ([302, 200], "answered 302"),
        ):
            other.answers = list(answers)
            with pytest.raises(WorldError, match=told_why) as failed:
                posting.post(other.url, {}, pauses_s=(0.01, 0.01))
            assert "s3cret" not in str(failed.value)
            assert other.answers == [200]
            other.answers = []
        assert len(other.bodies) == 1
    with pytest.raises(WorldError, match="cannot be reached") as failed:
        posting.post(other.url, {}, pauses_s=())
    assert "s3cret" not in str(failed.value)


def mail_to(port: int, **said: Any) -> Mail:
    given = {"host": "localhost", "port": port, "sender": "drill@example.com", "recipients": ("ops@example.com",)}
    return Mail.model_validate(given | said)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    pair = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-out", str(pair[0]), "-keyout", str(pair[1])],
        check=True, capture_output=True,
    )  # fmt: skip
    return pair


def test_mail_goes_by_starttls_with_a_password_from_a_file(
    certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("pass word\n")
    with mailbox(password="pass word", certificate=certificate) as server:
        channel = mail_to(server.port, user="drill", password=f"file:{tmp_path / 'password'}")
        with pytest.raises(WorldError, match="certificate"):
            notifying.send(channel, message(), {})
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        notifying.send(channel, message(), {})
        assert (server.logins, server.over_tls) == (["drill"], [True])
        assert server.messages[0]["Subject"] == "drill schedule nightly: MISSED (was MET)"
        (tmp_path / "password").write_text("wrong one")
        with pytest.raises(WorldError, match="535") as failed:
            notifying.send(channel, message(), {})
    assert "wrong one" not in str(failed.value)


def test_a_password_does_not_leave_the_machine_in_the_clear() -> None:
    with pytest.raises(InputError, match="only after STARTTLS or over TLS"):
        mailing.send(mail_to(25, host="mail.example.com", security="none", user="u", password="env:P"), "s", [], "p")
    with mailbox() as server:  # one that offers no STARTTLS
        with pytest.raises(WorldError, match="STARTTLS"):
            mailing.send(mail_to(server.port), "subject", ["text"], None)
        assert server.messages == []


def test_nobody_is_written_to_by_what_a_drill_is_called() -> None:
    with mailbox() as server:
        mailing.send(mail_to(server.port, security="none"), "a\ud800b", ["é .", ".", "end"], None)
    (found,) = server.messages
    assert found["Subject"] == "a\\ud800b"
    assert found.get_content().splitlines() == ["é .", ".", "end"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("broken", ["{", "[]", '{"name": "nightly"}', "x" * 2_000_000])
def test_a_schedules_file_that_is_none_is_told_by_its_path(
    rig: Rig, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = rig.store.folder("nightly") / "schedule.json"
    path.write_text(broken)
    with pytest.raises(InputError) as refused:
        rig.store.read("nightly")
    assert str(path) in str(refused.value)
    assert str(path) in rig.listed(capsys)


def _read(action: Callable[[], object]) -> object:
    return action()


def test_a_schedule_of_another_version_is_refused_by_its_keys(rig: Rig) -> None:
    path = rig.store.folder("nightly") / "schedule.json"
    body = json.loads(path.read_text())
    path.write_text(json.dumps(body | {"format": "drill-schedule/9", "extra": 1, "window_s": True}))
    with pytest.raises(InputError) as refused:
        _read(lambda: rig.store.read("nightly"))
    text = str(refused.value)
    assert "schedule.extra: unknown key" in text
    assert "schedule.window_s: must be a whole number" in text
    assert "schedule.format: must be" in text
