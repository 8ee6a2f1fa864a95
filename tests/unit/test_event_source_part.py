"""Where a region's functions stand in a world: their links, what hits them, and what the files may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.faults.region_isolated import RegionIsolated
from harness.faults.region_outage import RegionOutage
from harness.faults.replication_stall import ReplicationStall
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.world.assembly import build
from harness.world.callers import callers
from harness.world.functions import Functions, explained
from harness.world.part import Blueprint, parts_of
from harness.world.regions import database_arrows

ROOT = Path(__file__).parents[2]
FILE = ROOT / "environments" / "streams-lambda.yaml"
EAST, WEST = "us-east-1", "us-west-2"


@pytest.fixture
def blueprint() -> Blueprint:
    environment = load_environment(FILE)
    return Blueprint(
        environment, load_subject(ROOT / "reference" / "streams-lambda.yaml", environment), Timing(Profile.FAST)
    )


def test_every_region_has_functions_that_call_over_links_of_their_own(blueprint: Blueprint) -> None:
    assert [part.name for part in parts_of(Functions, build(blueprint))] == [
        "functions.us-east-1",
        "functions.us-west-2",
    ]
    own = [one for one in callers(blueprint) if one.component == "functions"]
    assert [(one.name, one.place, one.home) for one in own] == [
        ("functions.us-east-1", EAST, EAST), ("functions.us-west-2", WEST, WEST),
    ]  # fmt: skip


def test_without_the_section_nobody_calls_for_functions() -> None:
    environment = load_environment(ROOT / "environments" / "embedded.yaml")
    subject = load_subject(ROOT / "reference" / "subject.yaml", environment)
    assert all(one.component != "functions" for one in callers(Blueprint(environment, subject, Timing(Profile.FAST))))


def test_functions_are_lost_with_their_region_and_cut_from_the_other_one_by_a_stall(blueprint: Blueprint) -> None:
    arrows = [arrow for region in (EAST, WEST) for arrow in database_arrows(blueprint, region, ("127.0.0.1", 1))]
    links = {arrow.link.name: arrow.link for arrow in arrows}
    home, across = links["functions.us-east-1->us-east-1:dynamodb"], links["functions.us-east-1->us-west-2:dynamodb"]
    outage, isolated = RegionOutage(EAST, "black-hole"), RegionIsolated(EAST, "black-hole")
    assert [outage.hits(link) for link in (home, across)] == [True, True]
    assert [isolated.hits(link) for link in (home, across)] == [False, True]
    assert [ReplicationStall(WEST).hits(link) for link in (home, across)] == [False, True]
    assert not ReplicationStall(EAST).hits(across)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("functions: {kind: event_sources, repeated: 2}", "repeated"),
        ("functions: {kind: event_sources, retries: 3}", "retries"),
        ("functions: {kind: gateway}", "gateway"),
        ("functions: {repeated: 0.1}", "kind"),
    ],
)
def test_what_the_section_cannot_say_is_refused(tmp_path: Path, text: str, words: str) -> None:
    written = FILE.read_text(encoding="utf-8").split("functions:")
    rest = written[1][written[1].index("objectives:") :]
    path = tmp_path / "environment.yaml"
    path.write_text(f"{written[0]}{text}\n{rest}", encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_environment(path)


def test_no_component_may_be_called_as_what_functions_call_with(tmp_path: Path) -> None:
    subject = (ROOT / "reference" / "streams-lambda.yaml").read_text(encoding="utf-8").replace("keeper", "functions")
    path = tmp_path / "subject.yaml"
    path.write_text(subject, encoding="utf-8")
    with pytest.raises(InputError, match="functions"):
        load_subject(path, load_environment(FILE))


class Failing(Functions):
    def problems(self) -> list[str]:
        return ["the mapping of replicate: it fails"]


def test_functions_explain_a_replication_that_does_not_work_and_nothing_else() -> None:
    assert explained((), [Failing()]) == ()
    assert explained(("nothing is replicated",), [Failing()]) == (
        "nothing is replicated", "the mapping of replicate: it fails",
    )  # fmt: skip
