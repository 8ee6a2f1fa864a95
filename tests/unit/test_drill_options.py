"""What a run is told, by whom it is told last, and what it is told when it is told wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.drill.options import RunOptions, resolve
from harness.drill.runner import Run
from harness.drill.settings import Settings, parse_settings
from harness.errors import InputError
from harness.topology.timing import Profile


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def options(folder: Path, given: dict[str, Any] | None = None, pyproject: str = "", **variables: str) -> RunOptions:
    if pyproject:
        (folder / "pyproject.toml").write_text(pyproject)
    return resolve(given or {}, variables, folder, 7)


# --- where options come from ----------------------------------------------------------------------------------------


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    found = options(tmp_path)
    assert found.environment.environment == "embedded"
    assert found.subject.subject == "reference"
    assert found.timing.profile is Profile.FAST
    assert (found.seed, found.trials, found.keep) == (7, 1, False)
    assert found.settings == Settings()
    assert found.reports == Path("reports")


def test_the_command_line_wins_over_variables_over_the_project_over_defaults(tmp_path: Path) -> None:
    pyproject = '[tool.drill]\ntrials = 2\nseed = 2\nreports = "from-project"\nprofile = "production"\n'
    given = {"trials": "4", "seed": None}
    found = options(tmp_path, given, pyproject, DRILL_TRIALS="3", DRILL_SEED="3", DRILL_REPORTS="from-variable")
    assert found.trials == 4
    assert found.seed == 3
    assert found.reports == Path("from-variable")
    assert found.timing.profile is Profile.PRODUCTION


def test_the_project_file_of_a_folder_above_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.drill]\ntrials = 5\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert resolve({}, {}, below, 0).trials == 5


def test_settings_may_be_a_table_a_list_or_separated_by_commas(tmp_path: Path) -> None:
    table = '[tool.drill.set]\n"objective.rto_s" = 30\nfault = "none"\n'
    found = options(tmp_path, {}, table).settings
    assert (found.rto_s, found.fault_none) == (30, True)
    assert options(tmp_path, {}, "", DRILL_SET="failover=off,fault.mode=refuse").settings.failover_off
    assert options(tmp_path, {"set": ["workload.rate_per_s=5"]}).settings.rate_per_s == 5


def test_an_empty_option_is_one_that_was_not_given(tmp_path: Path) -> None:
    assert options(tmp_path, {"set": [], "trials": None}, "", DRILL_TRIALS="").trials == 1


def test_a_subject_is_a_file_or_the_folder_that_holds_one(tmp_path: Path) -> None:
    text = "subject: mine\ncomponents:\n  - {name: app, command: [python, a.py], region: each, port_env: PORT}\n"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "subject.yaml").write_text(text)
    for given in ("mine", "mine/subject.yaml"):
        found = options(tmp_path, {"subject": given})
        assert found.subject.subject == "mine"
        assert found.subject_file == Path("mine/subject.yaml")


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"environment": "embeded"}, "unknown environment embeded; one of: "),
        ({"subject": "nowhere.yaml"}, "--subject nowhere.yaml: no such file"),
        ({"profile": "slow"}, "--profile slow: one of fast, production"),
        ({"trials": "0"}, "--trials 0: must be at least 1"),
        ({"trials": "two"}, "--trials two: must be a whole number"),
        ({"seed": "-1"}, "--seed -1: must be at least 0"),
        ({"set": ["nonsense"]}, "--set nonsense: must be KEY=VALUE"),
        ({"trials": "1_0"}, "--trials 1_0: must be a whole number, in the digits 0 to 9"),
        ({"trials": "٣"}, "--trials ٣: must be a whole number, in the digits 0 to 9"),
        ({"trials": "99999999999999999999"}, "--trials 99999999999999999999: must be at most 1000"),
        ({"seed": "99999999999999999999"}, "--seed 99999999999999999999: must be at most 9007199254740991"),
        ({"reports": ""}, "--reports : must not be empty"),
        ({"reports": "  "}, "--reports   : must not be empty"),
        ({"subject": ""}, "--subject : must not be empty"),
        ({"environment": ""}, "--environment : must not be empty"),
        ({"profile": ""}, "--profile : one of fast, production"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, given: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as error:
        options(tmp_path, given)
    assert str(error.value).startswith(text)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("trials", "1.9", "trials = 1.9: must be a whole number, in the digits 0 to 9"),
        ("trials", "true", "trials = true: must be a whole number, in the digits 0 to 9"),
        ("trials", '"1_0"', 'trials = "1_0": must be a whole number, in the digits 0 to 9'),
        ("trials", "1001", "trials = 1001: must be at most 1000"),
        ("seed", "1.5", "seed = 1.5: must be a whole number, in the digits 0 to 9"),
        ("strict", '"maybe"', 'strict = "maybe": must be one of: 1, true, yes, on, 0, false, no, off'),
        ("strict", "2", "strict = 2: must be one of: 1, true, yes, on, 0, false, no, off"),
        ("strict", '""', 'strict = "": must be one of: 1, true, yes, on, 0, false, no, off'),
        ("keep", "1.0", "keep = 1.0: must be one of: 1, true, yes, on, 0, false, no, off"),
        ("keep", "[true]", "keep = [True]: must be one of: 1, true, yes, on, 0, false, no, off"),
        ("reports", '""', 'reports = "": must not be empty'),
        ("reports", "5", "reports = 5: must be a text"),
        ("subject", "true", "subject = true: must be a text"),
        ("set", "5", "set = 5: must be a list of KEY=VALUE texts"),
        ("profile", '"slow"', 'profile = "slow": one of fast, production'),
    ],
)
def test_a_wrong_option_of_the_project_file_is_named_with_its_file(
    tmp_path: Path, key: str, value: str, told: str
) -> None:
    with pytest.raises(InputError) as error:
        options(tmp_path, {}, f"[tool.drill]\n{key} = {value}\n")
    assert str(error.value) == f"{tmp_path / 'pyproject.toml'}: [tool.drill] {told}"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("STRICT", "ture", "must be one of: 1, true, yes, on, 0, false, no, off"),
        ("KEEP", "nope", "must be one of: 1, true, yes, on, 0, false, no, off"),
        ("TRIALS", "1_0", "must be a whole number, in the digits 0 to 9"),
        ("SEED", "1.5", "must be a whole number, in the digits 0 to 9"),
        ("REPORTS", " ", "must not be empty"),
        ("SUBJECT", "nowhere", "no such file"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, name: str, value: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        options(tmp_path, **{f"DRILL_{name}": value})
    assert str(error.value) == f"DRILL_{name}={value}: {told}"


@pytest.mark.parametrize(("word", "on"), [("1", True), ("True", True), ("ON", True), ("yes", True), ("0", False),
                                          ("false", False), ("Off", False), ("no", False)])  # fmt: skip
def test_a_switch_has_words_for_both_ways(tmp_path: Path, word: str, on: bool) -> None:
    found = options(tmp_path, DRILL_STRICT=word, DRILL_KEEP=word)
    assert (found.strict, found.keep) == (on, on)


@pytest.mark.parametrize(("value", "on"), [("true", True), ("false", False), ("1", True), ("0", False), ('"on"', True)])
def test_the_project_file_has_switches_of_its_own(tmp_path: Path, value: str, on: bool) -> None:
    assert options(tmp_path, {}, f"[tool.drill]\nstrict = {value}\n").strict is on


def test_a_variable_switches_off_what_the_project_file_switches_on(tmp_path: Path) -> None:
    assert not options(tmp_path, {}, "[tool.drill]\nstrict = true\n", DRILL_STRICT="off").strict


# --- where the evidence goes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["/proc/x", "/proc/self/a/b", "file/x", "file"])
def test_a_folder_in_which_nothing_can_be_made_is_refused(tmp_path: Path, place: str) -> None:
    """Also for root, to whom the kernel says that every folder can be written to."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=f"^--reports {place}: cannot be written to .*nothing can be made in "):
        options(tmp_path, {"reports": place})


@pytest.mark.parametrize("place", [".", "reports", "a/b/c"])
def test_trying_to_write_leaves_nothing_behind(tmp_path: Path, place: str) -> None:
    options(tmp_path, {"reports": place})
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_folder_cannot_be_made_says_so_plainly(tmp_path: Path) -> None:
    run = Run(options(tmp_path, {"reports": "reports"}))
    (tmp_path / "reports").write_text("in the way")
    with pytest.raises(InputError, match=r"^--reports reports: .* cannot be made: "):
        run.drill_folder("one")


def test_an_unknown_key_of_the_project_file_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pyproject\.toml: \[tool\.drill\] unknown: trails; known: .*trials"):
        options(tmp_path, {}, "[tool.drill]\ntrails = 2\n")


def test_a_project_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pyproject\.toml: not valid TOML: "):
        options(tmp_path, {}, "[tool.drill\n")


def test_an_environment_without_a_subject_needs_one(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "environment: mine\nregions: [{name: a, role: primary}, {name: b, role: standby}]\n"
        "objectives: {fast: {rto_s: 1}, production: {rto_s: 1}}\n"
    )
    with pytest.raises(InputError, match="environment mine names no subject: give --subject FILE"):
        options(tmp_path, {"environment": "mine.yaml"})


# --- --set ----------------------------------------------------------------------------------------------------------


def test_every_documented_setting_is_known() -> None:
    found = parse_settings(
        ["failover=off", "fault=none", "fault.mode=refuse", "objective.rto_s=30.5", "objective.rpo_items=0",
         "objective.rpo_s=2", "objective.error_budget=0.1", "workload.rate_per_s=80"]
    )  # fmt: skip
    assert found == Settings(
        failover_off=True, fault_none=True, fault_mode="refuse", rto_s=30.5, rpo_items=0, rpo_s=2.0,
        error_budget=0.1, rate_per_s=80.0, given=found.given,
    )  # fmt: skip
    assert dict(found.given)["objective.rto_s"] == "30.5"


def test_spaces_do_not_matter() -> None:
    assert parse_settings([" objective.rto_s = 2 "]).rto_s == 2


@pytest.mark.parametrize("second", ["objective.rto_s=50", " objective.rto_s = 5 ", "objective.rto_s=soon"])
def test_two_values_for_one_thing_are_refused(second: str) -> None:
    with pytest.raises(InputError) as error:
        parse_settings(["objective.rto_s=5", "fault=none", second])
    said = f"--set objective.rto_s=5 and --set objective.rto_s={second.partition('=')[2].strip()}: only one of them"
    assert str(error.value.problems[0]).startswith(said)


def test_two_values_of_one_variable_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--set workload\.rate_per_s=5 and --set workload\.rate_per_s=6: only one"):
        options(tmp_path, DRILL_SET="workload.rate_per_s=5,workload.rate_per_s=6")


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ("workload.rate_per_s=999999", "must be at most 1000"),
        ("workload.rate_per_s=0.01", "must be at least 1"),
        ("workload.rate_per_s=1e-300", "must be at least 1"),
        ("workload.rate_per_s=1_0", "must be a number, in the digits 0 to 9"),
        ("objective.rto_s=0", "must be at least 0.001"),
        ("objective.rto_s=86401", "must be at most 86400"),
        ("objective.rpo_s=99999999999999999999", "must be at most 86400"),
        ("objective.planned_interruption_s=1e300", "must be at most 86400"),
        ("objective.rpo_items=99999999999999999999", "must be at most 1000000"),
        ("objective.rpo_items=٣", "must be a whole number, in the digits 0 to 9"),
        ("objective.error_budget=1.01", "must be at most 1"),
        ("objective.error_budget=True", "must be a number, in the digits 0 to 9"),
    ],
)
def test_settings_have_the_limits_of_an_environment_file(pair: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        parse_settings([pair])
    assert str(error.value) == f"--set {pair}: {told}"


@pytest.mark.parametrize(
    "pair",
    [
        "failover=on", "fault=some", "objective.rto_s=0", "objective.rto_s=-1", "objective.rto_s=nan",
        "objective.rto_s=inf", "objective.rto_s=soon", "objective.rpo_items=-1", "objective.rpo_items=1.5",
        "objective.error_budget=1.1", "objective.error_budget=nan", "workload.rate_per_s=0",
    ],
)  # fmt: skip
def test_values_that_cannot_be_are_refused_by_name(pair: str) -> None:
    with pytest.raises(InputError) as error:
        parse_settings([pair])
    assert str(error.value).startswith(f"--set {pair}: ")


def test_all_wrong_settings_are_told_at_once_with_the_nearest_known_key() -> None:
    with pytest.raises(InputError) as error:
        parse_settings(["objective.rto=1", "failover=maybe", "zzz=1"])
    first, second, third = error.value.problems
    assert "did you mean objective.rto_s?" in str(first)
    assert "only `off` is allowed" in str(second)
    assert "did you mean" not in str(third)
    assert "known: failover, fault, fault.mode" in str(third)


# --- what goes over a part's own settings -----------------------------------------------------------------------------


def test_numbers_of_parts_go_over_what_the_environment_says_of_them(tmp_path: Path) -> None:
    given = {"set": ["dns.resolvers=1", "dns.timeout_s=0.5", "steering.negative_ttl_s=900"]}
    found = options(tmp_path, given).environment
    assert (found.dns.settings["resolvers"], found.dns.settings["timeout_s"]) == (1, 0.5)
    assert found.dns.settings["name_servers"] == 2, "the rest stays"
    assert found.steering.settings["negative_ttl_s"] == 900


@pytest.mark.parametrize(
    ("environment", "pair", "told"),
    [
        ("embedded", "dns.resolvers=0", "--set dns.resolvers=0: dns.resolvers: "),
        ("embedded", "dns.name_servers=1.5", "--set dns.name_servers=1.5: dns.name_servers: "),
        ("digitalocean", "steering.negative_ttl_s=60", "--set steering.negative_ttl_s=60: steering.negative_ttl_s: "),
        ("kubernetes", "dns.resolvers=1", "--set dns.resolvers=1: environment kubernetes has no section `dns`"),
    ],
)
def test_what_a_part_does_not_take_is_refused_by_name(tmp_path: Path, environment: str, pair: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        options(tmp_path, {"environment": environment, "set": [pair]})
    assert told in str(refused.value)
