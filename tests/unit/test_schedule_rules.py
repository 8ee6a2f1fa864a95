"""Schedules without a clock and without files: what expressions, tables, units, rules and messages say."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness.errors import InputError
from harness.scheduling import planned, record, secret, systemd_units, telling, variables
from harness.scheduling.cron_expression import WORDS, parse
from harness.scheduling.crontab_text import has_line, line_for, with_line, without_line
from harness.scheduling.message import DrillSeen, Message
from harness.scheduling.planned import Missed
from harness.scheduling.retention import FiledRun, superfluous
from harness.scheduling.telling import Reason
from harness.scheduling.yaml_text import document

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


# --- expressions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0 3 * *", "must have five fields .* and has 4"),
        ("", "must have five fields"),
        ("60 3 * * *", r"minute 60: must be from 0 to 59, not 60"),
        ("0 24 * * *", r"hour 24: must be from 0 to 23"),
        ("0 0 0 * *", r"day of month 0: must be from 1 to 31"),
        ("0 0 * 13 *", r"month 13: must be from 1 to 12"),
        ("0 0 * * 8", r"day of week 8: must be from 0 to 7"),
        ("0 0 * * mo", r"day of week mo: must be made of numbers"),
        ("0 0 * * foo", r"foo is no number, or one of sun, mon"),
        ("5-3 0 * * *", r"minute 5-3: 5-3 ends before it begins"),
        ("*/0 0 * * *", r"a step must be from 1 to 59"),
        ("1,,2 0 * * *", r"minute 1,,2: must be made of"),
        ("-1 0 * * *", r"minute -1: must be made of"),
        ("٣ 0 * * *", r"minute ٣: must be made of"),
        ("@reboot", r"@reboot: unknown; there are @hourly"),
        ("0 0 31 2 *", r"there is no such day in any year"),
        ("0 0 */2 * mon", r"cron programs differ in what `\*` with a step means"),
        ("0 " * 200, "at most 200 characters"),
    ],
)
def test_an_expression_that_is_none_is_refused_by_its_field(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse(text)


def test_either_of_two_days_is_enough() -> None:
    found = islice(planned.after(parse("0 0 13 * fri"), UTC, datetime(2026, 11, 1, tzinfo=UTC)), 6)
    assert [f"{due:%a %d}" for due in found] == ["Fri 06", "Fri 13", "Fri 20", "Fri 27", "Fri 04", "Fri 11"]
    days = [
        f"{due:%a %d}"
        for due in islice(planned.after(parse("0 0 14 * fri"), UTC, datetime(2026, 11, 7, tzinfo=UTC)), 3)
    ]
    assert days == ["Fri 13", "Sat 14", "Fri 20"]


def test_words_are_expressions_and_sunday_has_two_numbers() -> None:
    assert {word: parse(word).text for word in WORDS} == WORDS
    assert parse("0 0 * * 7").days_of_week == parse("0 0 * * SUN").days_of_week == parse("0 0 * * 0").days_of_week
    assert parse("0 0 * * 5-7").days_of_week == {0, 5, 6}


def test_a_machine_that_was_off_for_years_is_told_that_there_were_many() -> None:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    found = planned.missed(parse("* * * * *"), UTC, since, NOW)
    assert (len(found.first), found.count, found.capped) == (planned.SHOWN, planned.COUNTED, True)


# --- crontabs -----------------------------------------------------------------------------------


def cron_runs(line: str) -> str:
    """What cron gives to the shell: the sixth field on, up to the first bare percent sign, escaped ones as they are."""
    command = line.split(" ", 5)[5]
    before, *_ = re.split(r"(?<!\\)%", command)
    return before.replace("\\%", "%")


@given(
    st.lists(
        st.text(st.characters(min_codepoint=32, blacklist_characters="\x7f\\", blacklist_categories=("Cs", "Cc"))),
        max_size=5,
    )
)
def test_a_command_reaches_the_shell_as_it_is(arguments: list[str]) -> None:
    try:
        line = line_for("0 3 * * *", ["/usr/bin/printf", *arguments], "drill schedule nightly 1")
    except InputError:
        assert len(" ".join(arguments).encode()) > 300
        return
    assert shlex.split(cron_runs(line), comments=True) == ["/usr/bin/printf", *arguments]


@pytest.mark.parametrize("argument", ["a\nb", "a\rb", "a\0b", "x" * 1000])
def test_what_would_be_another_line_of_the_crontab_is_refused(argument: str) -> None:
    with pytest.raises(InputError):
        line_for("0 3 * * *", ["/bin/true", argument], "mark")


@given(st.lists(st.text(st.characters(blacklist_characters="\n\r", blacklist_categories=("Cs",))), max_size=6))
def test_taking_a_line_out_leaves_the_rest_to_the_byte(lines: list[str]) -> None:
    table = "".join(f"{line}\n" for line in lines)
    job = "0 3 * * * /bin/true # drill schedule nightly 1"
    there = with_line(table, job)
    assert has_line(there, job)
    assert without_line(there, job) == table


# --- systemd ------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_units_are_what_systemd_takes(tmp_path: Path) -> None:
    command = ["/bin/echo", "--state=/a b/100%/$HOME", 'quo"te', "back\\slash"]
    service = tmp_path / "drill-schedule-x.service"
    service.write_text(systemd_units.service("x", command, 90))
    calendars = systemd_units.calendar(parse("0 3 1 * mon"), "Europe/Berlin")
    assert len(calendars) == 2
    (tmp_path / "drill-schedule-x.timer").write_text(systemd_units.timer("x", calendars, service.name))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", str(service), str(tmp_path / "drill-schedule-x.timer")],
        capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    assert "drill-schedule-x" not in done.stderr


def test_a_zone_without_a_name_is_the_machines_own() -> None:
    assert systemd_units.calendar(parse("5 3 * * *"), "/etc/localtime") == ["*-*-* 03:05:00"]


# --- YAML ---------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")))
KEYS = st.text("abonNOye/.", min_size=1, max_size=4)
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), TEXTS),
    lambda inner: st.one_of(
        st.lists(st.one_of(st.text(max_size=5), st.dictionaries(KEYS, inner))), st.dictionaries(KEYS, inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abonNOye1/.-", min_size=1, max_size=6), PLAIN, min_size=1))
def test_plain_data_reads_back_from_its_yaml(body: dict[str, Any]) -> None:
    for version in ("1.1", "1.2"):
        yaml = YAML(typ="safe", pure=True)
        yaml.version = version  # type: ignore[assignment]
        assert yaml.load(io.StringIO(document(body, ["a comment"]))) == body


# --- what is kept -------------------------------------------------------------------------------


def runs(*ages_days: float, mine: bool = True) -> list[FiledRun]:
    began = [NOW - timedelta(days=age) for age in ages_days]
    return [FiledRun(f"{at:%Y%m%d-%H%M%S}-7", at, mine) for at in began]


def gone(found: list[FiledRun], **rules: Any) -> list[float]:
    ages = {run.name: (NOW - run.began).total_seconds() / 86400 for run in found}
    given = {"keep_runs": None, "keep_days": None, "now": NOW, **rules}
    return [ages[name] for name in superfluous(found, **given)]


def test_a_run_stays_when_either_rule_keeps_it() -> None:
    found = runs(1, 5, 20, 40)
    assert gone(found) == []
    assert gone(found, keep_runs=2) == [40, 20]
    assert gone(found, keep_days=10) == [40, 20]
    assert gone(found, keep_runs=3, keep_days=10) == [40]
    assert gone(found, keep_runs=1, keep_days=30) == [40]


def test_the_newest_run_stays_and_so_do_latest_and_what_is_not_ours() -> None:
    assert gone(runs(40, 50), keep_days=1) == [50]
    old = runs(60)[0]
    assert gone([*runs(1), old], keep_runs=1, spared=frozenset({old.name})) == []
    assert gone([*runs(1), *runs(60, 70, mine=False)], keep_runs=1) == []
    assert gone([*runs(1), replace(old, name="my-notes")], keep_runs=1) == []


@given(st.lists(st.tuples(st.floats(0, 400), st.booleans()), max_size=12), st.integers(1, 5), st.integers(1, 100))
def test_at_least_so_many_of_ours_are_kept(found: list[tuple[float, bool]], keep_runs: int, keep_days: int) -> None:
    filed = [
        replace(run, name=f"{run.name}{number}")
        for number, (age, mine) in enumerate(found)
        for run in runs(age, mine=mine)
    ]
    left = {run.name for run in filed} - set(superfluous(filed, keep_runs, keep_days, NOW))
    ours = {run.name for run in filed if run.mine}
    assert len(ours & left) >= min(keep_runs, len(ours))
    assert {run.name for run in filed if not run.mine} <= left
    assert {run.name for run in filed if NOW - run.began < timedelta(days=keep_days)} <= left


# --- who is told --------------------------------------------------------------------------------


def test_a_verdict_is_told_when_it_changes_and_not_again() -> None:
    def told(known: str | None, verdict: str, missed: int = 0, policy: Any = "changes") -> Reason | None:
        return telling.reason_to_tell(policy, known, verdict, missed)

    assert told(None, "MET") is Reason.FIRST
    assert told("MET", "MET") is None
    assert told("MET", "MISSED") is Reason.CHANGED
    assert told("MISSED", "ABORTED") is Reason.CHANGED
    assert told("MET", "MET", missed=1) is Reason.MISSED
    assert told("MET", "MET", policy="always") is Reason.ALWAYS
    assert telling.reason_to_tell_of_overlap("changes", 0) is Reason.OVERLAP
    assert telling.reason_to_tell_of_overlap("changes", 1) is None
    assert telling.reason_to_tell_of_overlap("always", 1) is Reason.OVERLAP


def message(**said: Any) -> Message:
    given = {"schedule": "nightly", "reason": Reason.CHANGED, "verdict": "MISSED", "previous": "MET", "machine": "host",
             "began": NOW, "ended": NOW}  # fmt: skip
    return Message(**(given | said))


def test_a_message_says_what_changed_and_nobody_is_called_by_it() -> None:
    drill = DrillSeen("region-lost", "MISSED", "RTO <!channel> 31 s & more\nSubject: forged")
    found = message(drills=(drill,), missed=Missed((NOW,), 1), note="")
    assert found.subject == "drill schedule nightly: MISSED (was MET)"
    text = found.slack()["text"]
    assert "<!channel>" not in text
    assert "&lt;!channel&gt; 31 s &amp; more Subject: forged" in text
    assert "1 planned run was missed: 2026-11-28T12:00:00+00:00" in text
    assert found.data()["drills"][0]["verdict"] == "MISSED"
    assert found.data()["missed"] == {"count": 1, "at_least": False, "first": ["2026-11-28T12:00:00+00:00"]}


def test_a_subject_holds_no_other_line() -> None:
    assert "\n" not in message(verdict="MISSED\nBcc: x@example.com").subject


# --- the history --------------------------------------------------------------------------------


def began(at: datetime, **said: Any) -> record.Began:
    return record.Began.model_validate({"at": at.isoformat(), "accounted": at.isoformat(), "pid": 7, **said})


def ended(at: datetime, verdict: str, **said: Any) -> record.Ended:
    return record.Ended.model_validate({"at": at.isoformat(), "verdict": verdict, "exit_code": 0, **said})


def test_a_history_comes_to_what_has_to_be_known() -> None:
    hour = timedelta(hours=1)
    overlap = record.Overlap.model_validate(
        {"at": (NOW + hour).isoformat(), "accounted": (NOW + hour).isoformat(), "of": "a run"}
    )
    entries: list[Any] = [began(NOW - hour), ended(NOW - hour, "MET", told={"0": "MET"}), began(NOW), overlap]
    lines = [record.line_of(entry) for entry in entries]
    state = record.state_of(record.entries_of(lines))
    assert state.accounted == NOW + hour
    assert state.began == began(NOW)
    assert (state.overlaps, state.told) == (1, {"0": "MET"})
    state = record.state_of(record.entries_of([*lines, record.line_of(ended(NOW, "MISSED", told={"0": "MISSED"}))]))
    assert (state.began, state.told) == (None, {"0": "MISSED"})
    assert state.last is not None
    assert state.last.verdict == "MISSED"


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"event": "ended"}', '{"event": "began", "at": "yesterday"}', "[" * 100_000, "\0"]
)
def test_a_line_that_cannot_be_read_is_left_out(line: str) -> None:
    lines = [record.line_of(began(NOW)), line, record.line_of(ended(NOW, "MET"))]
    assert [entry.event for entry in record.entries_of(lines)] == ["began", "ended"]


# --- secrets ------------------------------------------------------------------------------------


def test_an_address_is_shown_by_its_host_alone() -> None:
    assert secret.shown("https://user:pass@hooks.slack.com/services/T/B/key?token=1") == "https://hooks.slack.com/***"
    assert secret.shown("http://127.0.0.1:8080/key") == "http://127.0.0.1:8080/***"
    assert secret.shown("env:SLACK_URL") == "env:SLACK_URL"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/x",
        "https://",
        "file:///etc/passwd",
        "https://a b/key",
        "https://h/k\nHost: x",
        "nothing",
        "http://h:0/",
    ],
)
def test_what_is_no_address_is_refused_and_not_told(url: str) -> None:
    with pytest.raises(InputError) as refused:
        secret.check_url(url, "--slack")
    assert str(refused.value) == "--slack: is no address (http:// or https://, a host, a path)"


def test_a_secret_is_looked_up_and_never_told(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    assert secret.looked_up(f"file:{tmp_path / 'password'}", {}, "it") == "s3cret"
    assert secret.looked_up("env:IT", {"IT": "s3cret"}, "it") == "s3cret"
    with pytest.raises(InputError, match="it: the variable IT is empty"):
        secret.looked_up("env:IT", {}, "it")
    with pytest.raises(InputError, match="it: /nowhere cannot be read: No such file"):
        secret.looked_up("file:/nowhere", {}, "it")
    with pytest.raises(InputError, match="an absolute path"):
        secret.check("file:password", "--mail-password")


def test_a_file_of_variables_is_read_and_nobody_else_may_write_it(tmp_path: Path) -> None:
    path = tmp_path / "drill.env"
    path.write_text("# a comment\n\nexport A=1\nB='two words'\nC=a=b#c\n")
    path.chmod(0o600)
    assert variables.read_file(path) == {"A": "1", "B": "two words", "C": "a=b#c"}
    path.write_text("A=1\nnonsense s3cret\n")
    with pytest.raises(InputError) as refused:
        variables.read_file(path)
    assert str(refused.value) == f"{path}:2: must be NAME=VALUE"
    path.chmod(0o620)
    with pytest.raises(InputError, match="others may write to it"):
        variables.read_file(path)
