"""A stack that is not ours: its file's mistakes, its owner's commands and experiments, and what is tidied up there."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from harness.cli.agreement import agreed
from harness.cli.pytest_run import QuietOutput
from harness.drill import options
from harness.drill.settings import Settings
from harness.errors import CommandFailed, DrillAborted, DrillInvalid, HealError, InputError, WorldError
from harness.faults.actions import BreakByOwner, MendByOwner
from harness.faults.catalogue import fault_named
from harness.kit.tls import Tls
from harness.live import facts
from harness.live.adversary import Adversary
from harness.live.drill_logs import DrillLogs
from harness.parts.platform.external import commands, experiments, ways
from harness.parts.platform.external.hand import OwnersHand
from harness.parts.platform.external.healing import take_away
from harness.parts.platform.external.spec import Breaking, Experiment, External
from harness.parts.platform.external.tidying import Items, tidy
from harness.pytest_plugin.agreement import agreed as agreed_to
from harness.pytest_plugin.agreement import not_here
from harness.pytest_plugin.rehearsal import Rehearsed
from harness.topology.environment import Section
from harness.topology.load import load_environment
from harness.topology.timing import Profile
from harness.witness.models import parse_config
from harness.witness.single_requests import Application
from harness.witness.written import Written
from harness.workload import Request, Workload
from harness.world.assembly import build
from harness.world.load_balancer import tls_of
from harness.world.part import Blueprint
from harness.world.terms import no_way, terms_of

FILE = """\
environment: staging
profile: production
places: [{{name: us-east-1, role: primary}}, {{name: us-west-2, role: standby}}]
edge: {{record: app.example.com, port: 8080}}
platform:
  kind: external
  hosts: [127.0.1.10, 127.0.2.10]
  faults:
    - {{fault: region-outage, target: us-east-1, inject: [break, "{{target}}"], heal: [mend, "{{target}}"]}}
stop: {{errors: {{share: 0.9, window_s: 300}}}}
load_balancer: {{kind: external, addresses: {{us-east-1: 127.0.1.10, us-west-2: 127.0.2.10}}}}
steering: {{kind: external, dns: "127.0.0.1:5353"}}
links: {{kind: none}}
gateway: {{kind: none}}
region_servers: {{kind: external}}
workload: {{rate_per_s: 8, other_period_s: 2}}
objectives: {{fast: {{rto_s: 20}}, production: {{rto_s: 150}}}}
subject: {subject}
"""
SUBJECT = Path(__file__).resolve().parents[2] / "reference" / "subject.yaml"


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    """The file with some of its texts replaced."""
    text = FILE.format(subject=SUBJECT)
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path = folder / "staging.yaml"
    path.write_text(text)
    return path


def resolved(path: Path, **given: Any) -> options.RunOptions:
    return options.resolve({"environment": str(path), **given}, {}, path.parent, 0)


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "told", "line"),
    [
        ("us-west-2: 127.0.2.10", "us-west-2: 127.0.3.10", "127.0.3.10 is outside the named hosts", 11),
        ("us-west-2: 127.0.2.10", "us-west-2: 127.0.1.10", "us-east-1 and us-west-2 have one address", 11),
        ("us-west-2: 127.0.2.10", "us-west-2: app.example.com", "an address is wanted", 11),
        (", us-west-2: 127.0.2.10}", "}", "no address for us-west-2", 11),
        ("[127.0.1.10, 127.0.2.10]", "[0.0.0.0/0]", "every address there is", 7),
        ("[127.0.1.10, 127.0.2.10]", "[]", "hosts", 7),
        ("  hosts: [127.0.1.10, 127.0.2.10]\n", "", "hosts", 5),
        ("links: {kind: none}\n", "", "links.kind: nothing of a stack that runs already is started here", None),
        ("gateway: {kind: none}", "gateway: {kind: gateway}", "gateway.kind: nothing of a stack", 14),
        ("stop: {errors: {share: 0.9, window_s: 300}}\n", "", "what may be broken must also be stopped", 8),
        (", port: 8080", "", "edge.port: say on which port", 4),
        ("target: us-east-1,", "target: us-east-9,", "there is no place us-east-9", 9),
        ("fault: region-outage", "fault: region-outrage", "no fault is called region-outrage", 9),
        ('inject: [break, "{target}"], ', "", "needs both `inject` and `heal`", 9),
        ("inject: [break, ", "inject: [break now, ", None, None),
        ('heal: [mend, "{target}"]', 'heal: [mend], proves: "http://10.0.0.1/"', "10.0.0.1/ is outside", 9),
        (
            'inject: [break, "{target}"], heal: [mend, "{target}"]',
            'experiment: {template: EXT1, region: eu-west-1, endpoint: "http://10.0.0.1/"}',
            "10.0.0.1/ is outside",
            9,
        ),
        ('dns: "127.0.0.1:5353"', "dns: ns.example.com", "steering.dns: ", 12),
        ("environment: staging", "environment: staging\nhealth_checks: {checkers: 8}", "nobody here checks health", 2),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(
    before: str, after: str, told: str | None, line: int | None, tmp_path: Path
) -> None:
    path = written(tmp_path, (before, after))
    if told is None:
        load_environment(path)  # a word with a blank in it is one word: no shell reads it
        return
    with pytest.raises(InputError) as refused:
        load_environment(path)
    assert told in str(refused.value)
    if line is not None:
        assert f":{line}: " in str(refused.value)


def test_a_run_takes_the_profile_of_its_file_unless_it_names_one(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert resolved(path).timing.profile is Profile.PRODUCTION
    assert resolved(path, profile="fast").timing.profile is Profile.FAST


@pytest.mark.parametrize("rate", [8, 100])
def test_more_requests_than_the_hard_maximum_are_refused(rate: int, tmp_path: Path) -> None:
    path = written(tmp_path, ("rate_per_s: 8", f"rate_per_s: {rate}"))
    run = resolved(path)
    blueprint = Blueprint(run.environment, run.subject, run.timing)
    if rate == 8:
        assert {part.name for part in build(blueprint)} >= {"stack", "dns", "links"}
        return
    with pytest.raises(InputError, match="at most 20 may be sent"):
        build(blueprint)


def test_https_without_tls_is_refused_in_so_many_words(tmp_path: Path) -> None:
    run = resolved(written(tmp_path))
    workload = run.subject.workload.model_copy(update={"scheme": "https"})
    subject = run.subject.model_copy(update={"workload": workload})
    with pytest.raises(InputError, match=r"`tls: \{\}` in section load_balancer"):
        build(Blueprint(run.environment, subject, run.timing))
    edge = {**run.environment.load_balancer.model_dump(), "tls": {}}
    secured = run.environment.model_copy(update={"load_balancer": Section.model_validate(edge)})
    build(Blueprint(secured, subject, run.timing))
    assert tls_of(secured) == Tls(server_name=run.environment.edge.record)


def test_a_rate_on_the_command_line_is_refused_as_well(tmp_path: Path) -> None:
    run = resolved(written(tmp_path), set=["workload.rate_per_s=500"])
    with pytest.raises(InputError, match="rate_max_per_s"):
        build(Blueprint(run.environment, run.subject, run.timing))


# --- before anything is broken ----------------------------------------------------------------------------------------

OUTAGE = fault_named("region-outage", target="us-east-1")


def test_the_preview_tells_hosts_commands_lease_stop_condition_and_keys(tmp_path: Path) -> None:
    shown: list[str] = []

    def ask(lines: Sequence[str], breaks: bool) -> bool:
        shown.extend(lines)
        return breaks

    assert agreed_to(resolved(written(tmp_path)), [OUTAGE], ask)
    text = "\n".join(shown)
    for told in ("127.0.1.10:8080 (us-east-1)", "127.0.1.10/32, 127.0.2.10/32", "region-outage of us-east-1", "drill-",
                 "inject: break us-east-1", "heal:   mend us-east-1", "600 s", "90 %", "20 at most"):  # fmt: skip
        assert told in text, told


def test_the_preview_tells_the_stop_conditions_that_scenarios_state_and_who_is_asked(tmp_path: Path) -> None:
    """What a scenario states holds in place of what the file says."""

    def lines(*stops: Sequence[str]) -> str:
        shown: list[str] = []
        agreed_to(resolved(written(tmp_path)), [OUTAGE], lambda told, _: bool(shown.extend(told)) or True, stops)
        return "\n".join(shown)

    assert "90 %" not in lines(("more than 99 % of requests fail",))
    both = lines(("more than 99 % of requests fail",), ())
    assert "stop    more than 99 % of requests fail\n" in both
    assert "90 %" in both
    assert "ask     the name server 127.0.0.1:5353 for app.example.com" in both


def test_the_preview_tells_how_often_all_of_it_is_done(tmp_path: Path) -> None:
    def lines(**more: Any) -> str:
        shown: list[str] = []
        run = replace(resolved(written(tmp_path)), **more)
        agreed_to(run, [OUTAGE], lambda told, _: bool(shown.extend(told)) or True)
        return "\n".join(shown)

    assert "repeat" not in lines()
    assert "  repeat  every drill 3 times (--trials)" in lines(trials=3)
    assert "  repeat  a drill that ends INVALID up to 2 times more (--rerun-invalid)" in lines(rerun_invalid=2)


class Waiting:
    """A program under way as the fork server knows it: it ends after so many looks, or never."""

    def __init__(self, looks: int | None) -> None:
        self.left, self.killed = looks, False

    def exec(self, *_: Any) -> Waiting:
        return self

    def wait(self, timeout_s: float) -> int | None:
        if self.left is None:
            return None
        self.left -= 1
        return 0 if self.left < 0 else None

    def kill(self) -> None:
        self.killed = True

    def log_tail(self, lines: int) -> Sequence[str]:
        return []


def slow_hand(tmp_path: Path, process: Waiting, meanwhile: Callable[[], None]) -> OwnersHand:
    ways = (Breaking(fault="region-outage", inject=(PYTHON, "break"), heal=(PYTHON, "mend")),)
    ground: Any = SimpleNamespace(
        guarded=lambda *_: nullcontext(SimpleNamespace(ran_out=False)), launcher=lambda: process, meanwhile=meanwhile
    )
    return OwnersHand(External(hosts=("127.0.1.10",), faults=ways), "staging", tmp_path, lambda: ground)


KEY = ("region-outage", "us-east-1", "black-hole", 0)


def test_what_must_end_a_drill_ends_an_inject_command_and_heals(tmp_path: Path) -> None:
    def says_stop() -> None:
        if process.killed and process.left is None:
            process.left = 1  # the heal command ends by itself
        raise DrillAborted("too many requests failed")

    process = Waiting(None)
    hand = slow_hand(tmp_path, process, says_stop)
    plan = SimpleNamespace(apply=(BreakByOwner(*KEY, ()),), kind="region-outage", target="us-east-1", mode="black-hole")
    adversary = Adversary([hand])
    with pytest.raises(DrillAborted, match="too many requests failed"):
        adversary.inject(plan)  # type: ignore[arg-type]
    assert process.killed
    assert adversary.active == ()
    assert not hand._held, "it has been healed"


def test_nothing_ends_a_heal_command_before_its_time(tmp_path: Path) -> None:
    asked: list[int] = []

    def says_stop() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise DrillAborted("too many requests failed")

    hand = slow_hand(tmp_path, Waiting(2), says_stop)
    assert [done.error for done in hand.apply([BreakByOwner(*KEY, ())])] == [None]
    process = hand._ground().launcher()
    process.left = 4
    assert [done.error for done in hand.apply([MendByOwner(*KEY)])] == [None]
    assert len(asked) == 6
    assert not process.killed


def test_a_heal_that_fails_names_the_fault_and_says_what_to_do(tmp_path: Path) -> None:
    hand = slow_hand(tmp_path, Waiting(0), lambda: None)
    hand.apply([BreakByOwner(*KEY, ())])
    process = hand._ground().launcher()
    process.wait = lambda _: 7
    (done,) = hand.apply([MendByOwner(*KEY)])
    assert done.error is not None
    assert done.error.startswith("region-outage of us-east-1 (black-hole) on staging could not be healed: the command")
    assert "drill heal" in done.error


def test_what_holds_already_is_not_broken_again(tmp_path: Path) -> None:
    """Else the guard over it would be forgotten, with the lease that it keeps."""
    ways = (Breaking(fault="region-outage", inject=(PYTHON, "-c", ""), heal=(PYTHON, "-c", "")),)
    guard = SimpleNamespace(ran_out=False)
    ground: Any = SimpleNamespace(guarded=lambda *_: nullcontext(guard), launcher=lambda: None, meanwhile=lambda: None)
    hand = OwnersHand(External(hosts=("127.0.1.10",), faults=ways), "staging", tmp_path, lambda: ground)
    held = SimpleNamespace(guard=guard, named="x", stack=ExitStack(), handle={})
    key = ("region-outage", "us-east-1", "black-hole", 0)
    hand._held[key] = held  # type: ignore[assignment]
    (applied,) = hand.apply([BreakByOwner(*key, ())])
    assert applied.error == "region-outage of us-east-1 (black-hole) holds already"
    assert applied.kind is CommandFailed
    assert hand._held[key] is held


def test_the_logs_of_an_owners_commands_show_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNERS", "s3cr3t-value")
    run = resolved(written(tmp_path, ('inject: [break, "{target}"]', 'inject: [break, "${env:OWNERS}"]')))
    parts = build(Blueprint(run.environment, run.subject, run.timing))
    (tmp_path / "world").mkdir()
    (tmp_path / "drill").mkdir()
    logs = DrillLogs(tmp_path / "world", tmp_path / "drill", facts.hidden(parts, run.subject))
    (tmp_path / "world" / "inject.log").write_text("asked with s3cr3t-value\n")
    logs.collect()
    assert (tmp_path / "drill" / "logs" / "inject.log").read_text() == "asked with ***\n"


def test_the_preview_shows_where_each_word_of_a_command_ends(tmp_path: Path) -> None:
    shown: list[str] = []
    path = written(tmp_path, ('inject: [break, "{target}"]', 'inject: [sh, -c, "break {target}; true"]'))
    agreed_to(resolved(path), [OUTAGE], lambda lines, breaks: bool(shown.extend(lines)) or breaks)
    assert any("inject: sh -c 'break us-east-1; true'" in line for line in shown), shown


def test_where_nobody_can_be_asked_only_yes_agrees(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(InputError, match="--yes-drills"):
        agreed_to(resolved(path), [OUTAGE], None)
    assert agreed_to(resolved(path, yes=True), [OUTAGE], None)
    assert not agreed_to(resolved(path), [], None)  # nothing would be broken


def test_a_command_line_without_a_terminal_needs_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    from rich.console import Console

    monkeypatch.setattr(sys, "stdin", StringIO("staging\n"))
    console = Console(file=StringIO())
    with pytest.raises(InputError, match="--yes"):
        agreed("staging", ["..."], breaks=True, yes=False, console=console)
    assert agreed("staging", ["..."], breaks=True, yes=True, console=console)
    assert not agreed("staging", ["..."], breaks=False, yes=False, console=console)


@pytest.mark.parametrize(("typed", "goes_on"), [("staging\n", True), ("yes\n", False), ("", False)])
def test_on_a_terminal_the_name_is_typed(typed: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    from rich.console import Console

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    console = Console(file=StringIO())
    if goes_on:
        assert agreed("staging", [], breaks=True, yes=False, console=console)
        return
    with pytest.raises(InputError, match="nothing has been touched"):
        agreed("staging", [], breaks=True, yes=False, console=console)


def test_a_drill_whose_fault_has_no_command_is_left_out_with_the_reason(tmp_path: Path) -> None:
    environment = load_environment(written(tmp_path))
    other = fault_named("region-isolated", target="us-east-1")
    assert no_way(environment, OUTAGE) is None
    reason = not_here(Rehearsed((), (OUTAGE, other), False), {}, environment)
    assert reason is not None
    assert "region-isolated of us-east-1" in reason
    assert not_here(Rehearsed((), (OUTAGE,), False), {}, environment) is None
    frozen = not_here(Rehearsed((), (), True), {"frozen_failover": "nobody can"}, environment)
    assert frozen == "nobody can"


def test_the_embedded_world_has_no_terms_and_asks_nobody() -> None:
    run = options.resolve({"environment": "embedded", "subject": str(SUBJECT)}, {}, Path.cwd(), 0)
    assert terms_of(run.environment) is None
    assert not agreed_to(run, [OUTAGE], None)
    assert run.settings == Settings()


# --- what the witness is told -----------------------------------------------------------------------------------------

WITNESS = {"history": "h", "dns": ["127.0.0.1", 53], "record": "app.example.com", "port": 80}


def test_the_witness_dials_no_address_beyond_the_named_hosts() -> None:
    config = parse_config({**WITNESS, "hosts": ["10.1.0.0/16"], "dns": ["10.9.0.2", 53]})
    assert config.dial_address("10.1.2.3") == ("10.1.2.3", 80)
    assert config.dial_address("10.2.0.1") is None
    assert config.dial_address("127.0.0.1") is None
    assert parse_config(WITNESS).dial_address("10.1.2.3") is None


@pytest.mark.parametrize(
    "beyond",
    [
        {"hosts": ["10.1.0.0/16"], "address_book": {"10.1.0.1": ["10.2.0.1", 80]}},
        {"hosts": ["10.1.0.0/16"], "canaries": [{"kind": "http", "link": "x", "address": ["10.2.0.1", 80]}]},
        {"dns": ["10.9.0.2", 53]},
        {"canaries": [{"kind": "http", "link": "x", "address": ["10.2.0.1", 80]}]},
    ],
)
def test_an_address_beyond_is_refused_when_the_witness_is_told_of_it(beyond: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"outside the named hosts|loopback"):
        parse_config({**WITNESS, **beyond})


# --- commands ---------------------------------------------------------------------------------------------------------

PYTHON = sys.executable


def test_a_command_tells_how_it_ended_and_the_end_of_its_output(tmp_path: Path) -> None:
    ran = commands.run_alone([PYTHON, "-c", "print('a'); print('b'); raise SystemExit(7)"], tmp_path, 10)
    assert ran.code == 7
    assert ran.failed == "ended with exit code 7\n    a\n    b"
    assert commands.run_alone([PYTHON, "-c", ""], tmp_path, 10).failed is None


def test_a_command_that_does_not_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    began_s = time.monotonic()
    ran = commands.run_alone([PYTHON, "-c", code], tmp_path, 0.5)
    assert ran.code is None
    assert "did not end in time" in (ran.failed or "")
    assert time.monotonic() - began_s < 10


def test_a_flood_of_output_is_read_and_little_of_it_kept(tmp_path: Path) -> None:
    code = "import sys\nfor n in range(200000): print('x' * 500)\nprint('last'); sys.exit(1)"
    ran = commands.run_alone([PYTHON, "-c", code], tmp_path, 60)
    assert ran.output[-1] == "last"
    assert sum(map(len, ran.output)) < 5_000


def test_no_shell_reads_a_command(tmp_path: Path) -> None:
    ran = commands.run_alone([PYTHON, "-c", "import sys; print(sys.argv[1])", "$(touch pwned); a b"], tmp_path, 10)
    assert ran.output == ("$(touch pwned); a b",)
    assert not (tmp_path / "pwned").exists()


def test_secrets_are_in_no_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_TOKEN", "s3cr3t-value")
    monkeypatch.setenv("HARMLESS", "other-value")
    argv = [PYTHON, "-c", "import sys; print(*sys.argv[1:])", "${env:STAGING_TOKEN}", "${env:HARMLESS}"]
    ran = commands.run_alone(argv, tmp_path, 10)
    assert ran.output == ("*** ***",)
    assert "s3cr3t" not in commands.shown(argv)


def test_a_command_that_is_not_there_or_wants_a_variable_that_is_not_set(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="no-such-program"):
        commands.run_alone(["no-such-program"], tmp_path, 1)
    with pytest.raises(WorldError, match="NOT_SET_ANYWHERE is not set"):
        commands.run_alone([PYTHON, "${env:NOT_SET_ANYWHERE}"], tmp_path, 1)


def test_what_mends_is_plain_text_and_works_from_another_process(tmp_path: Path) -> None:
    mark = tmp_path / "us-east-1.mended"
    touch = [PYTHON, "-c", "import sys, pathlib; pathlib.Path(sys.argv[1] + '.mended').touch()", "{target}"]
    way = Breaking(fault="region-outage", inject=("true",), heal=tuple(touch))
    about = {"fault": "region-outage", "target": "us-east-1", "mode": "refuse"}
    handle = json.loads(json.dumps(ways.handle_of(way, about, tmp_path, "token")))
    assert "healed by" in take_away(handle)[0]
    assert mark.exists()


def test_a_heal_that_fails_is_loud(tmp_path: Path) -> None:
    way = Breaking(fault="region-outage", inject=("true",), heal=(PYTHON, "-c", "raise SystemExit(3)"))
    with pytest.raises(HealError, match="exit code 3"):
        take_away(ways.handle_of(way, {}, tmp_path, "token"))


# --- experiments of AWS FIS -------------------------------------------------------------------------------------------


class Fis(BaseHTTPRequestHandler):
    """The four calls of AWS Fault Injection Service, as its API Reference has them."""

    experiments: ClassVar[dict[str, dict[str, Any]]] = {}
    refuses: ClassVar[bool] = False
    fails: ClassVar[bool] = False

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.refuses:
            self._answer(404, {"message": f"no template {body['experimentTemplateId']}"})
            return
        made = {
            "id": f"EXP{len(self.experiments)}",
            "experimentTemplateId": body["experimentTemplateId"],
            "tags": body.get("tags", {}),
            "state": {"status": "initiating", "reason": ""},
        }
        self.experiments[made["id"]] = made
        self._answer(200, {"experiment": made})

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].removeprefix("/experiments").strip("/")
        if not name:
            self._answer(200, {"experiments": list(self.experiments.values())})
            return
        one = self.experiments[name]
        after = {"initiating": "failed" if self.fails else "running", "stopping": "stopped"}
        one["state"] = {"status": after.get(one["state"]["status"], one["state"]["status"]), "reason": "it says why"}
        self._answer(200, {"experiment": one})

    def do_DELETE(self) -> None:
        one = self.experiments[self.path.rpartition("/")[2]]
        one["state"] = {"status": "stopping"}
        self._answer(200, {"experiment": one})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 200:
            self.send_header("x-amzn-ErrorType", "ResourceNotFoundException")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def fis(monkeypatch: pytest.MonkeyPatch) -> Iterator[Experiment]:
    for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(experiments, "_POLL_S", 0.01)
    monkeypatch.setattr(Fis, "experiments", {})
    with served(Fis) as port:
        yield Experiment(template="EXT1", region="us-east-1", endpoint=f"http://127.0.0.1:{port}")


def test_an_experiment_is_started_from_its_template_and_stopped(fis: Experiment) -> None:
    assert experiments.start(fis, "token-1", 5) is None
    (begun,) = Fis.experiments.values()
    assert begun["experimentTemplateId"] == "EXT1"
    assert begun["state"]["status"] == "running"
    assert experiments.stop(fis, "token-1", 5) == "experiment EXP0 is stopped"


def test_only_the_experiment_of_ours_is_stopped(fis: Experiment) -> None:
    experiments.start(fis, "somebody-elses", 5)
    experiments.start(fis, "ours", 5)
    experiments.stop(fis, "ours", 5)
    states = {one["tags"]["drill"]: one["state"]["status"] for one in Fis.experiments.values()}
    assert states == {"somebody-elses": "running", "ours": "stopped"}


def test_a_killed_harness_leaves_an_experiment_that_is_stopped_by_its_token_alone(fis: Experiment) -> None:
    way = Breaking(fault="region-outage", experiment=fis)
    handle = json.loads(json.dumps(ways.handle_of(way, {}, Path(), "left-behind")))
    assert take_away(handle) == ["no experiment from the template EXT1 was started"]  # killed before it began
    experiments.start(fis, "left-behind", 5)
    assert take_away(handle) == ["experiment EXP0 is stopped"]
    assert take_away(handle) == ["experiment EXP0 is stopped"]  # doing it again does no harm


def test_an_experiment_that_does_not_begin_is_told_with_its_reason(
    fis: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fis, "fails", True)
    assert experiments.start(fis, "t", 5) == "experiment EXP0 is failed (it says why)"
    monkeypatch.setattr(Fis, "refuses", True)
    with pytest.raises(WorldError, match=r"EXT1 in us-east-1: .*ResourceNotFound"):
        experiments.start(fis, "t", 5)


def test_a_stop_condition_ends_the_wait_for_an_experiment_that_does_not_begin(fis: Experiment) -> None:
    def stop() -> None:
        raise DrillAborted("5 of 10 requests failed")

    way = Breaking(fault="region-outage", experiment=fis)
    handle = ways.handle_of(way, {}, Path(), "ours")
    nobody: Any = None
    with pytest.raises(DrillAborted):
        ways.bring_about(way, handle, nobody, "inject", stop)
    assert ways.mend(handle, meanwhile=stop) == "experiment EXP0 is stopped", "nothing ends a heal"


# --- tidying up -------------------------------------------------------------------------------------------------------


class Shop(BaseHTTPRequestHandler):
    """An application with items. answers: what a delete is answered; deleted: which were asked for."""

    items: ClassVar[set[str]] = set()
    asked: ClassVar[list[str]] = []
    answers: ClassVar[int | None] = None

    def do_DELETE(self) -> None:
        key = self.path.removeprefix("/items/")
        self.asked.append(key)
        status = self.answers or (204 if key in self.items else 404)
        if status == 204:
            self.items.discard(key)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Items]:
    monkeypatch.setattr(Shop, "items", {"drill-1", "drill-2", "customer-7"})
    monkeypatch.setattr(Shop, "asked", [])
    noted = tmp_path / "noted.keys"
    noted.write_text("drill-1\ndrill-2\ncustomer-7\n")
    with served(Shop) as port:
        address = ("127.0.0.1", port)
        application = Application(Workload(), "app.example.com", ("127.0.0.1/32",))
        yield Items(noted, "drill-", (address,), 50.0, application)


def paused(_: float) -> None:
    """Nobody waits in a test."""


def test_what_clients_wrote_is_deleted_and_nothing_else(shop: Items) -> None:
    assert tidy(shop, paused) == ["2 items deleted whose keys begin with drill-"]
    assert Shop.items == {"customer-7"}
    assert Shop.asked == ["drill-1", "drill-2"]
    assert shop.file.read_text() == ""


def test_it_is_done_slowly(shop: Items) -> None:
    waits: list[float] = []
    tidy(shop, waits.append)
    assert waits == [1 / 50.0, 1 / 50.0]


def test_a_watchdog_does_the_same_from_the_journal_alone(shop: Items) -> None:
    handle = json.loads(json.dumps(shop.handle()))
    assert take_away(handle) == ["2 items deleted whose keys begin with drill-"]
    assert Shop.items == {"customer-7"}
    assert not shop.file.exists()
    assert take_away(handle) == []


@pytest.mark.parametrize("status", [302, 409, 503])
def test_what_could_not_be_deleted_is_told_and_kept(status: int, shop: Items, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shop, "answers", status)
    with pytest.raises(WorldError, match="2 of 2 items could not be deleted"):
        tidy(shop, paused)
    assert shop.file.read_text() != ""


def test_an_item_that_one_place_lacks_is_looked_for_in_the_next(shop: Items) -> None:
    class Other(Shop):
        items: ClassVar[set[str]] = set()
        asked: ClassVar[list[str]] = []

    with served(Other) as port:
        both = Items(shop.file, shop.prefix, (("127.0.0.1", port), *shop.addresses), 50.0, shop.application)
        assert tidy(both, paused) == ["2 items deleted whose keys begin with drill-"]
    assert Shop.items == {"customer-7"}
    assert Other.asked == ["drill-1"]  # from then on the other place is asked first


def test_nothing_beyond_the_named_hosts_is_asked_to_delete(shop: Items) -> None:
    application = Application(Workload(), "app.example.com", ("10.1.0.0/16",))
    with pytest.raises(WorldError, match="could not be deleted"):
        tidy(Items(shop.file, shop.prefix, shop.addresses, 50.0, application), paused)
    assert Shop.asked == []


def test_nothing_is_written_once_a_watchdog_has_tidied_up(tmp_path: Path) -> None:
    """A harness that stood still for longer than its lease, as after Ctrl-Z: nobody would delete what comes now."""
    path = tmp_path / "x.keys"
    noted = Written(path)
    noted.note("drill-1")
    assert path.read_text() == "drill-1\n"
    path.unlink()
    with pytest.raises(WorldError, match="its watchdog has tidied up"):
        noted.note("drill-2")
    noted.close()


def test_without_a_delete_items_stay_and_that_is_said(shop: Items) -> None:
    workload = Workload(put=Request(method="PUT", path="/items/{id}"), delete=None)
    kept = Items(shop.file, shop.prefix, shop.addresses, 50.0, Application(workload, "a", shop.application.hosts))
    assert tidy(kept, paused) == ["2 items stay: the application has no delete; drill-... begin their keys"]


def test_where_nobody_takes_deletes_the_rest_waits_and_is_noted(shop: Items, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = [f"drill-{number}" for number in range(50)]
    shop.file.write_text("".join(f"{key}\n" for key in noted))
    monkeypatch.setattr(Shop, "answers", 503)
    with pytest.raises(WorldError, match="50 of 50"):
        tidy(shop, paused)
    assert len(Shop.asked) < 20
    assert shop.keys() == tuple(noted)
    monkeypatch.setattr(Shop, "answers", None)
    monkeypatch.setattr(Shop, "items", set(noted))
    tidy(shop, paused)
    assert Shop.items == set()


def test_a_stack_that_is_not_ours_is_kept_up_by_nobody(tmp_path: Path) -> None:
    from harness.live.standing.supervisor import refuse_visit

    with pytest.raises(InputError, match="runs already"):
        refuse_visit(resolved(written(tmp_path)))


def test_nobody_agrees_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.drill]\nyes = true\n")
    with pytest.raises(InputError, match="agreed to anew"):
        resolved(written(tmp_path))
    (tmp_path / "pyproject.toml").unlink()
    run = options.resolve({"environment": str(written(tmp_path))}, {"DRILL_YES": "1"}, tmp_path, 0)
    assert run.yes


def test_a_verdict_that_came_of_another_error_is_no_error_of_the_harness() -> None:
    try:
        try:
            raise CommandFailed("the command that injects it ended with exit code 4")
        except CommandFailed as failed:
            raise DrillInvalid("it could not be applied") from failed
    except DrillInvalid:
        shown = pytest.ExceptionInfo.from_current().getrepr(style="short")
    quiet = QuietOutput()
    quiet.pytest_runtest_logreport(pytest.TestReport("a::b", ("a", 1, "b"), {}, "failed", shown, "call"))
    assert quiet.problems == []
