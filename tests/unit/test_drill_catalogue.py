"""Drills by name: scenarios of feature files, as slugs."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.catalogue import drills_in, known_drills, select, typed
from harness.drill.slug import slug
from harness.errors import InputError

CONTRACT = [
    "region-lost-black-holed", "region-lost-refused", "database-lost-in-primary", "short-blip-no-failover",
    "region-heals-failback", "gray-failure", "replication-stalled-then-region-lost", "control-failover-disabled",
    "control-fault-never-applied",
]  # fmt: skip

FEATURE = """\
@mine
Feature: Mine
  @severity:minor
  Scenario: Cache poisoned, twice
    Given the application runs in two regions

  Scenario: Another
    Given the application runs in two regions
"""


def feature(folder: Path, text: str, name: str = "mine.feature") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Region lost, black-holed", "region-lost-black-holed"),
        ("  Control, failover disabled ", "control-failover-disabled"),
        ("RTO < 20 s (50 %)!", "rto-20-s-50"),
        ("Zürich", "zürich"),
        ("Регион потерян!", "регион-потерян"),
        ("a_b", "a-b"),
        ("x" * 500, "x" * 120),
        ("../../etc/passwd", "etc-passwd"),
    ],
)
def test_a_slug_is_safe_as_a_folder_and_a_word(title: str, name: str) -> None:
    assert slug(title) == name


def test_the_nine_drills_of_the_contract_are_known_by_name() -> None:
    assert set(CONTRACT) <= {drill.name for drill in known_drills()}


def test_drills_are_selected_in_the_order_in_which_they_were_asked_for() -> None:
    assert [drill.name for drill in select(["gray-failure", "region-lost-refused"])] == [
        "gray-failure", "region-lost-refused",
    ]  # fmt: skip
    assert [d.name for d in select([])] == [d.name for d in known_drills()]


def test_an_unknown_name_gets_the_nearest_and_all_are_told_at_once() -> None:
    with pytest.raises(InputError) as error:
        select(["region-lost-blackholed", "qqq", "gray-failure"])
    first, second = map(str, error.value.problems)
    assert first == "unknown drill region-lost-blackholed: did you mean region-lost-black-holed?"
    assert second.startswith("unknown drill qqq: known: ")
    assert "gray-failure" in second


def test_a_feature_file_of_the_users_is_read_with_lines_and_tags(tmp_path: Path) -> None:
    path = feature(tmp_path, FEATURE)
    poisoned, another = select([str(path)])
    assert (poisoned.name, poisoned.scenario, poisoned.feature) == (
        "cache-poisoned-twice", "Cache poisoned, twice", "Mine",
    )  # fmt: skip
    assert poisoned.line == 4
    assert poisoned.tags == ("mine", "severity:minor")
    assert another.line == 7


def test_the_users_features_win_over_shipped_ones_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = feature(tmp_path / "features", FEATURE.replace("Another", "Gray failure"))
    monkeypatch.chdir(tmp_path)
    known = {drill.name: drill for drill in known_drills()}
    assert known["gray-failure"].file.resolve() == own.resolve()
    assert "region-lost-refused" in known


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Feature: One\n  Scenario: A\n    Given x\n    Nonsense here\n", 4),
        ("Feature: One\n  Given nothing\n  Scenario: A\n    Given x\n  Feature: Two\n", 5),
        ("Nothing of the kind\n", 1),
    ],
)
def test_a_broken_feature_is_named_by_file_and_line(tmp_path: Path, text: str, line: int) -> None:
    path = feature(tmp_path, text)
    with pytest.raises(InputError) as error:
        drills_in(path)
    assert str(error.value).startswith(f"{path}:{line}: not a feature: ")


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n"])
def test_an_empty_feature_file_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"mine\.feature: not a feature: there is none in it"):
        drills_in(feature(tmp_path, text))


def test_a_feature_without_scenarios_is_no_drill(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.feature: has no scenario"):
        select([str(feature(tmp_path, "Feature: One\n  Words only.\n"))])


def test_a_feature_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.feature: no such file"):
        select([str(tmp_path / "nowhere.feature")])
    path = tmp_path / "latin.feature"
    path.write_bytes(b"Feature: caf\xe9\n")
    with pytest.raises(InputError, match=r"latin\.feature: is not UTF-8 text \(byte 12\)"):
        drills_in(path)


@pytest.mark.parametrize(
    ("titles", "by"),
    [(("A b", "A, b"), " (by 'A b')"), (("A b", "A b"), "")],
    ids=["same name", "same title"],
)
def test_two_scenarios_of_one_name_in_a_file_are_told_with_both_lines(
    tmp_path: Path, titles: tuple[str, str], by: str
) -> None:
    text = "Feature: F\n" + "".join(f"  Scenario: {title}\n    Given x\n" for title in titles)
    path = feature(tmp_path, text)
    with pytest.raises(InputError) as error:
        drills_in(path)
    assert str(error.value) == (
        f"{path}:4: scenario {titles[1]!r}: the name a-b is taken by {path}:2{by}; give one of the two another title"
    )


def test_a_title_that_is_used_again_under_another_rule_is_told(tmp_path: Path) -> None:
    rule = "  Rule: {}\n    Scenario: A\n      Given x\n"
    with pytest.raises(InputError, match=r"mine\.feature:6: .* taken by .*mine\.feature:3"):
        drills_in(feature(tmp_path, "Feature: F\n" + rule.format("R") + rule.format("S")))


def test_two_files_with_drills_of_one_name_are_told_with_both_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = feature(tmp_path / "features", FEATURE, "one.feature")
    two = feature(tmp_path / "features", FEATURE.replace("Cache poisoned", "Cache - poisoned"), "two.feature")
    for word in (["another"], [str(one), str(two)], []):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError) as error:
            select(word)
        first, second = map(str, error.value.problems)
        assert "two.feature:4: scenario 'Cache - poisoned, twice': the name cache-poisoned-twice is taken by" in first
        assert "one.feature:4 (by 'Cache poisoned, twice')" in first
        assert "two.feature:7" in second
        assert "one.feature:7" in second


def test_a_drill_that_is_asked_for_twice_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feature(tmp_path / "features", FEATURE)
    monkeypatch.chdir(tmp_path)
    asked = ["another", "gray-failure", "another", "features/mine.feature", "./features/mine.feature"]
    assert [drill.name for drill in select(asked)] == ["another", "gray-failure", "cache-poisoned-twice"]


def test_one_drill_of_a_file_is_asked_for_as_pytest_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = feature(tmp_path, FEATURE)
    monkeypatch.chdir(tmp_path)
    assert [drill.name for drill in select(["mine.feature::another"])] == ["another"]
    with pytest.raises(InputError, match="unknown drill anoter: did you mean another"):
        select(["mine.feature::anoter"])
    assert typed(path, "another") == "mine.feature::another"
    assert typed(Path("../" + tmp_path.name) / "mine.feature", "another") == "mine.feature::another"
    monkeypatch.chdir("/")
    assert typed(path, "another") == f"{path.relative_to('/')}::another"


def test_a_drill_that_has_a_name_is_asked_for_by_it_unless_a_nearer_one_took_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = next(drill for drill in known_drills() if drill.name == "gray-failure")
    assert typed(shipped.file, "gray-failure") == "gray-failure"
    own = feature(tmp_path / "features", FEATURE.replace("Another", "Gray failure"))
    monkeypatch.chdir(tmp_path)
    assert typed(own, "gray-failure") == "gray-failure"
    assert typed(shipped.file, "gray-failure") == f"{shipped.file}::gray-failure"


OUTLINE = """\
Feature: F
  Scenario Outline: Lost, <mode>
    Given the primary region is lost, <mode>, for <seconds> seconds

    Examples:
      | mode | seconds |
"""


def test_every_example_of_an_outline_is_a_drill_of_its_own(tmp_path: Path) -> None:
    path = feature(tmp_path, OUTLINE + "      | refused | 5 |\n      | reset | 5 |\n")
    assert [(drill.name, drill.scenario) for drill in drills_in(path)] == [
        ("lost-refused", "Lost, refused"), ("lost-reset", "Lost, reset"),
    ]  # fmt: skip


def test_examples_that_the_title_does_not_tell_apart_have_their_values_in_their_names(tmp_path: Path) -> None:
    path = feature(tmp_path, OUTLINE + "      | refused | 5 |\n      | refused | 50 |\n")
    assert [drill.name for drill in drills_in(path)] == ["lost-refused-refused-5", "lost-refused-refused-50"]


@pytest.mark.parametrize("text", [OUTLINE, OUTLINE.partition("\n\n")[0] + "\n"])
def test_an_outline_without_examples_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"mine\.feature:2: outline 'Lost, <mode>' has no examples"):
        drills_in(feature(tmp_path, text))


@pytest.mark.parametrize("title", ["", "!!!"])
def test_a_title_that_makes_no_name_is_told(tmp_path: Path, title: str) -> None:
    with pytest.raises(InputError, match=r"mine\.feature:2: .* needs a title with a letter or a digit"):
        drills_in(feature(tmp_path, f"Feature: F\n  Scenario: {title}\n    Given x\n"))


def test_what_windows_editors_do_to_a_file_changes_no_drill(tmp_path: Path) -> None:
    path = tmp_path / "windows.feature"
    path.write_bytes(b"\xef\xbb\xbf" + FEATURE.replace("\n", "\r\n").encode())
    assert [(drill.name, drill.line) for drill in drills_in(path)] == [("cache-poisoned-twice", 4), ("another", 7)]
