"""What Gherkin allows beyond the plain scenario: outlines that look alike, tags in four places, steps that wait."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from gherkin.dialect import DIALECTS
from simulated_backend import SimulatedBackend, Story

from harness.drill.catalogue import drills_in
from harness.errors import InputError

World = Callable[[Story], list[SimulatedBackend]]
STEPS = """\
    Given the application runs in two regions
    And steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
"""
ALIKE = f"""\
Feature: Examples whose names look alike
  Scenario Outline: Lost with <load> load, <note>
{STEPS}
    Examples:
      | load | note |
      | < 50 | x    |
      | > 50 | x    |
      | 50   |      |
      |      | 50   |
      |      | 50   |
"""
TAGS = """\
Feature: Tags in four places

  @owner:sre @smoke
  Rule: Regions
    @severity:critical
    Scenario Outline: Lost <how>
      Given the application runs in two regions
      And steady state in the primary region
      When the primary region is lost, <how>
      Then clients are served by the standby region within the recovery time objective

      @nightly @issue:DR-9
      Examples: loudly
        | how     |
        | refused |

      Examples: silently
        | how         |
        | black-holed |
"""


# --- outlines ---------------------------------------------------------------------------------------------------------


def test_examples_that_differ_in_signs_only_are_drills_with_names_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.feature"
    file.write_text(ALIKE, encoding="utf-8")
    names = [drill.name for drill in drills_in(file)]
    assert len(set(names)) == 5
    assert names == [
        "lost-with-50-load-x-50-x",
        "lost-with-50-load-x-50-x-2",
        "lost-with-50-load-50",
        "lost-with-load-50-50",
        "lost-with-load-50-50-2",
    ]


def test_all_of_them_run_equal_rows_too(pytester: pytest.Pytester, world: World) -> None:
    world(Story())
    pytester.makefile(".feature", mine=ALIKE)
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=5)
    run = json.loads((pytester.path / "reports" / "latest" / "run.json").read_text(encoding="utf-8"))
    assert len({drill["name"] for drill in run["drills"]}) == 5


def outlines() -> list[tuple[str, str, str, str]]:
    """Of each language: its code, and how it says feature, outline (and nothing else by that) and given."""
    found = []
    for code, words in sorted(DIALECTS.items()):
        clear = [word for word in words["scenarioOutline"] if word not in words["scenario"]]
        others = {*words["when"], *words["then"], *words["and"], *words["but"]}
        given = [word for word in words["given"] if word not in others and word != "* "]
        found += [(code, words["feature"][0], word, given[0]) for word in clear if given]
    return found


def test_an_outline_without_examples_is_refused_in_every_language(tmp_path: Path) -> None:
    told = {}
    for number, (code, feature, outline, given) in enumerate(outlines()):
        file = tmp_path / f"{number}.feature"
        text = f"# language: {code}\n{feature}: F\n  {outline}: Lost\n    {given}the application runs in two regions\n"
        file.write_text(text, encoding="utf-8")
        try:
            told[code, outline] = str(drills_in(file))
        except InputError as error:
            told[code, outline] = str(error)
    assert len({code for code, _ in told}) > 70
    assert {word: said for word, said in told.items() if "outline 'Lost' has no examples" not in said} == {}


@pytest.mark.parametrize("code", ["de", "fr", "ja", "ar", "en-pirate"])
def test_an_outline_with_examples_is_several_drills_in_every_language(tmp_path: Path, code: str) -> None:
    words = DIALECTS[code]
    given = next(word for word in words["given"] if word != "* ")
    file = tmp_path / "mine.feature"
    file.write_text(
        f"# language: {code}\n{words['feature'][0]}: F\n  {words['scenarioOutline'][0]}: Lost <a>\n"
        f"    {given}the application runs in two regions\n"
        f"    {words['examples'][0]}:\n      | a |\n      | b |\n      | c |\n",
        encoding="utf-8",
    )
    assert [drill.name for drill in drills_in(file)] == ["lost-b", "lost-c"]


def test_names_of_rows_do_not_depend_on_rows_behind_them(tmp_path: Path) -> None:
    """A row at the end takes no other row's name: the numbers follow the order of the rows, over all tables."""
    file = tmp_path / "mine.feature"
    file.write_text(ALIKE, encoding="utf-8")
    before = [drill.name for drill in drills_in(file)]
    file.write_text(ALIKE + "\n    Examples: more\n      | load | note |\n      | = 50 | x    |\n", encoding="utf-8")
    assert [drill.name for drill in drills_in(file)] == [*before, "lost-with-50-load-x-50-x-3"]


# --- tags -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["mine.feature", "test_mine.py"], ids=["named", "bound by a module"])
def test_tags_are_inherited_from_rule_and_examples(pytester: pytest.Pytester, world: World, file: str) -> None:
    world(Story())
    pytester.makepyfile(test_mine="from pytest_bdd import scenarios\nscenarios('mine.feature')\n")
    pytester.makefile(".feature", mine=TAGS)
    pytester.makeini("[pytest]\nmarkers =\n  smoke\n  nightly\naddopts = --strict-markers\nfilterwarnings = error\n")
    result = pytester.runpytest_inprocess(file, "-m", "smoke and nightly", "--alluredir=out", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, deselected=1)
    run = json.loads((pytester.path / "reports" / "latest" / "run.json").read_text(encoding="utf-8"))
    [drill] = run["drills"]
    assert drill["tags"] == ["issue:DR-9", "nightly", "owner:sre", "severity:critical", "smoke"]
    [found] = [json.loads(path.read_text("utf-8")) for path in (pytester.path / "out").glob("*-result.json")]
    labels = {(label["name"], label["value"]) for label in found["labels"]}
    assert {("owner", "sre"), ("severity", "critical"), ("tag", "smoke"), ("tag", "nightly")} <= labels
    assert [(link["type"], link["name"]) for link in found["links"]] == [("issue", "DR-9")]


def test_an_ordinary_scenario_of_a_module_keeps_its_links(pytester: pytest.Pytester, world: World) -> None:
    started = world(Story())
    pytester.makeconftest("from pytest_bdd import given\n@given('nothing')\ndef _(): pass\n")
    pytester.makefile(
        ".feature",
        mine="Feature: F\n  Scenario Outline: <a>\n    Given nothing\n    @issue:DR-9\n"
        "    Examples:\n      | a |\n      | b |\n",
    )
    pytester.makepyfile(test_mine="from pytest_bdd import scenarios\nscenarios('mine.feature')\n")
    pytester.makeini("[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n")
    result = pytester.runpytest_inprocess("--alluredir=out", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    [found] = [json.loads(path.read_text("utf-8")) for path in (pytester.path / "out").glob("*-result.json")]
    assert [link["name"] for link in found["links"]] == ["DR-9"]
    assert started == []


def test_a_listed_drill_knows_all_of_its_tags(tmp_path: Path) -> None:
    file = tmp_path / "mine.feature"
    file.write_text(TAGS, encoding="utf-8")
    loud, silent = (drill.tags for drill in drills_in(file))
    assert loud == ("issue:DR-9", "nightly", "owner:sre", "severity:critical", "smoke")
    assert silent == ("owner:sre", "severity:critical", "smoke")


# --- steps that wait --------------------------------------------------------------------------------------------------

GREEN = f"Feature: A step that waits\n  Scenario: Lost\n{STEPS}    And the status page is green\n"
ASYNC = {
    "async def": "async def _(drill) -> None:\n    raise AssertionError('red')\n",
    "async generator": "async def _(drill):\n    yield\n    raise AssertionError('red')\n",
    "decorated": ("@functools.wraps(red)\nasync def _(drill) -> None:\n    await red(drill)\n"),
    "made awaitable": "@types.coroutine\ndef _(drill):\n    yield\n    raise AssertionError('red')\n",
    "partial": "def _(drill): pass\nthen('the status page is green')(functools.partial(red))\n",
    "an object": "def _(drill): pass\nclass Red:\n    async def __call__(self, drill): await red(drill)\n"
    "then('the status page is green')(Red())\n",
}
HIDDEN = {
    "coroutine": "def _(drill):\n    return red(drill)\n",
    "yielded": "def _(drill):\n    yield red(drill)\n",
    "future": "def _(drill):\n    return asyncio.new_event_loop().create_future()\n",
    "async generator": "def _(drill):\n    async def gen():\n        yield 1\n    return gen()\n",
    "decorated": "@functools.wraps(red)\ndef _(drill):\n    return red(drill)\n",
}
HEAD = (
    "import asyncio, functools, types\nfrom pytest_bdd import then\n\n"
    "async def red(drill) -> None:\n    raise AssertionError('red')\n\n@then('the status page is green')\n"
)


def conftest(kind: str) -> str:
    """With only one definition of the step, whatever it is made from."""
    head = HEAD if "then(" not in ASYNC[kind] else HEAD.replace("@then('the status page is green')\n", "")
    return head + ASYNC[kind]


@pytest.mark.parametrize(("kind", "file"), [*((kind, "mine.feature") for kind in ASYNC), ("async def", "test_mine.py")])
def test_a_step_that_nobody_would_await_is_refused_with_its_line(
    pytester: pytest.Pytester, world: World, kind: str, file: str
) -> None:
    started = world(Story())
    pytester.makefile(".feature", mine=GREEN)
    pytester.makepyfile(test_mine="from pytest_bdd import scenarios\nscenarios('mine.feature')\n")
    pytester.makeconftest(conftest(kind))
    result = pytester.runpytest_inprocess(file, "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*mine.feature:7: step 'the status page is green' (*conftest.py:*) *awaited*"])
    assert started == []


@pytest.mark.parametrize("keyword", ["given", "when", "then", "step"])
def test_it_is_refused_with_any_keyword(pytester: pytest.Pytester, world: World, keyword: str) -> None:
    started = world(Story())
    word = "Then" if keyword == "step" else keyword.capitalize()
    pytester.makefile(".feature", mine=GREEN.replace("And the status", f"{word} the status"))
    pytester.makeconftest(HEAD.replace("then", keyword) + ASYNC["async def"])
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert started == []


@pytest.mark.parametrize("kind", HIDDEN)
def test_a_step_that_turns_out_to_give_something_to_await_is_no_pass(
    pytester: pytest.Pytester, world: World, kind: str
) -> None:
    world(Story())
    pytester.makefile(".feature", mine=GREEN)
    pytester.makeconftest(HEAD + HIDDEN[kind])
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*conftest.py:*: this step *must be awaited, and nothing awaits it*"])


def test_a_step_that_runs_its_coroutine_by_itself_is_a_step_like_any_other(
    pytester: pytest.Pytester, world: World
) -> None:
    world(Story())
    pytester.makefile(".feature", mine=GREEN)
    runs = (
        "def run(f):\n    @functools.wraps(f)\n    def runs(drill):\n        asyncio.run(f(drill))\n    return runs\n"
    )
    step = "@then('the status page is green')\n@run\nasync def _(drill):\n    assert drill\n"
    pytester.makeconftest("import asyncio, functools\nfrom pytest_bdd import then\n" + runs + step)
    pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider").assert_outcomes(passed=1)
