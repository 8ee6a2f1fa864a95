"""Drills by name: scenarios of feature files, as slugs."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.catalogue import drills_in, known_drills, select
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
        ("Zürich", "z-rich"),
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
    assert poisoned.tags == ("severity:minor",)
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
    with pytest.raises(InputError, match=r"latin\.feature: cannot be read: "):
        drills_in(path)


def test_scenarios_that_would_share_a_name_do_not_hide_each_other(tmp_path: Path) -> None:
    path = feature(tmp_path, "Feature: F\n  Scenario: A b\n    Given x\n  Scenario: A, b\n    Given x\n")
    assert [drill.scenario for drill in drills_in(path)] == ["A b", "A, b"]
