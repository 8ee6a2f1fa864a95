"""Global tables in an environment file and in a world: what is refused, which links there are, what is not measured."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import InputError
from harness.faults.needs import EVENTUAL_TABLES, SERVICE_REPLICATION, STRONG_TABLES
from harness.parts.data.global_tables.part import Replication
from harness.parts.data.global_tables.spec import GlobalTables
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.world.part import Blueprint, Net
from harness.world.regions import RegionServer

ROOT = Path(__file__).parents[2]
EAST, WEST, OHIO = "us-east-1", "us-west-2", "us-east-2"


def written(folder: Path, replication: str, west: str = WEST) -> Path:
    file = folder / "environment.yaml"
    objectives = "{fast: {rto_s: 20}, production: {rto_s: 150}}"
    file.write_text(
        f"environment: some\nregions:\n  - {{name: {EAST}, role: primary}}\n  - {{name: {west}, role: standby}}\n"
        f"replication: {replication}\nobjectives: {objectives}\n"
    )
    return file


@pytest.mark.parametrize(
    ("replication", "west", "says"),
    [
        ("{kind: global_tables, consistency: strong}", WEST, "needs three regions"),
        ("{kind: global_tables, consistency: strong, witness: us-west-2}", WEST, "needs three regions"),
        ("{kind: global_tables, consistency: strong, witness: us-east-2}", "eu-west-1", "not of one set of regions"),
        ("{kind: global_tables, witness: us-east-2}", WEST, "a witness belongs to `consistency: strong`"),
        ("{kind: global_tables, lag_sigma: 9}", WEST, "lag_sigma"),
        ("{kind: global_tables, consistency: weak}", WEST, "eventual"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, replication: str, west: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        load_environment(written(tmp_path, replication, west))
    assert "environment.yaml:5" in str(refused.value)


class Region(RegionServer):
    def __init__(self, region: str) -> None:
        self.name = self.region = region


class Process:
    def ready(self, _: float) -> dict[str, Any]:
        names = ("admin", *(f"{what}.{region}" for what in ("api", "peer") for region in (EAST, WEST, OHIO)))
        return {name: ["127.0.0.1", 9000 + number] for number, name in enumerate(names)}


def started(spec: GlobalTables) -> Replication:
    environment = load_environment(ROOT / "environments" / "global-tables.yaml")
    subject = load_subject(ROOT / "reference" / "global-tables.yaml", environment)
    blueprint = Blueprint(environment, subject, Timing(Profile.FAST))
    part = Replication(blueprint, spec)
    ground = SimpleNamespace(folder=ROOT, spawn=lambda *_: Process())
    part.start(ground)  # type: ignore[arg-type]
    return part


def test_every_region_has_a_link_to_each_other_one_and_a_canary_beside_it() -> None:
    links = [arrow.link for arrow in started(GlobalTables(consistency="strong", witness=OHIO)).arrows()]
    assert len(links) == 12
    own = [link for link in links if not link.from_canary]
    assert {(link.source_place, link.target_place) for link in own} == {
        (EAST, WEST), (WEST, EAST), (EAST, OHIO), (OHIO, EAST), (WEST, OHIO), (OHIO, WEST),
    }  # fmt: skip
    assert all(link.service == "dynamodb" and link.home == link.source_place for link in links)
    assert {arrow.probe is not None for arrow in started(GlobalTables()).arrows() if arrow.link.from_canary} == {True}


def test_region_servers_that_keep_no_order_cannot_carry_it_and_it_says_so() -> None:
    part = started(GlobalTables())
    parts = (part, Region(EAST), Region(WEST))
    net = Net(part._blueprint, parts, part.arrows(), {}, {}, None, {one.name: one for one in parts})  # type: ignore[arg-type]
    part.connect(net)
    found = part.capabilities()
    assert str(found[EVENTUAL_TABLES]).startswith("not measurable here: ")
    assert "order of changes" in str(found[SERVICE_REPLICATION])
    part.tables_made(part._blueprint.subject.tables)
    part.reset()  # nothing to do, and nobody to ask


def test_each_kind_of_consistency_says_that_it_is_not_the_other() -> None:
    eventual = started(GlobalTables()).capabilities()
    assert eventual[EVENTUAL_TABLES] is True
    assert "eventual consistency" in str(eventual[STRONG_TABLES])
    strong = started(GlobalTables(consistency="strong", witness=OHIO)).capabilities()
    assert strong[STRONG_TABLES] is True
    assert "strong consistency" in str(strong[EVENTUAL_TABLES])
