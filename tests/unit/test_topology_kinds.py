"""Parts of other packages: a broken one is told in a sentence when it is named, and is in nobody else's way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import Nowhere, arrows, subject
from simulated_backend import environment as embedded

from harness.errors import InputError, WorldError
from harness.topology.kinds import known, load, section_named, spec_of
from harness.topology.load import load_environment
from harness.topology.timing import Profile, Timing
from harness.world.assembly import assemble, build, preloads
from harness.world.load_balancer import missing_links
from harness.world.part import Blueprint

STEERING = section_named("steering")
OWN = {
    kind: f"harness.parts.steering.{kind}" for kind in ("akamai", "cloudflare", "digitalocean", "external", "route53")
}
SPEC = """\
from harness.topology.environment import Spec
class Foreign(Spec):
    pass
SPEC = Foreign
PRELOAD = ()
"""
PART = "def build(blueprint, spec):\n    return []\n"
ENVIRONMENT = """\
environment: mine
places:
  - {name: us-east-1, role: primary}
  - {name: us-west-2, role: standby}
objectives:
  fast: {rto_s: 20}
  production: {rto_s: 150}
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts packages of somebody else's, with one part each, where Python finds them."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(folder: str, name: str = "", *, init: str = "", **modules: str) -> None:
        package, described = tmp_path / folder, tmp_path / f"{folder}-1.0.dist-info"
        package.mkdir()
        described.mkdir()
        for module, text in {"__init__": init, **modules}.items():
            (package / f"{module}.py").write_text(text)
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {folder}\nVersion: 1.0\n")
        points = f"[drill_harness.parts]\n{name or f'steering.{folder}'} = {folder}\n"
        (described / "entry_points.txt").write_text(points)

    yield put
    for module in set(sys.modules) - before:
        del sys.modules[module]


def environment(folder: Path, *lines: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(ENVIRONMENT + "".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"init": "raise RuntimeError('no licence')", "spec": SPEC, "part": PART}, "RuntimeError: no licence"),
        ({"spec": "def (", "part": PART}, "SyntaxError: "),
        ({"spec": "import nowhere_to_be_found", "part": PART}, "No module named 'nowhere_to_be_found'"),
        ({"spec": "PRELOAD = ()", "part": PART}, "foreign.spec has no SPEC"),
        ({"spec": SPEC.replace("PRELOAD = ()", ""), "part": PART}, "foreign.spec has no PRELOAD"),
        ({"spec": "SPEC, PRELOAD = dict, ()", "part": PART}, "SPEC of foreign.spec is no harness.topology"),
        ({"spec": SPEC, "part": ""}, "foreign.part has no build"),
        ({"spec": SPEC}, "No module named 'foreign.part'"),
    ],
)
def test_a_broken_part_is_told_with_its_reason_and_hinders_nobody_else(
    install: Install, broken: dict[str, str], reason: str
) -> None:
    install("foreign", **broken)
    with pytest.raises(InputError) as error:
        _ = [load(STEERING, "foreign", module) for module in ("spec", "part")]
    assert "the part 'foreign' cannot be used" in str(error.value)
    assert reason in str(error.value)
    with pytest.raises(InputError, match=rf"no part is called 'rout53'; there are: {', '.join(OWN)}$"):
        spec_of(STEERING, "rout53")


def test_a_working_part_of_another_package_is_offered(install: Install, tmp_path: Path) -> None:
    install("foreign", spec=SPEC, part=PART)
    assert known(STEERING) == OWN | {"foreign": "foreign"}
    assert load_environment(environment(tmp_path, "steering: {kind: foreign}")).steering.kind == "foreign"


def test_a_kind_that_cannot_be_named_is_not_offered(install: Install) -> None:
    install("foreign", "steering.For-Eign", spec=SPEC, part=PART)
    assert known(STEERING) == OWN
    with pytest.raises(InputError, match=f"no part is called 'For-Eign'; there are: {', '.join(OWN)}"):
        spec_of(STEERING, "For-Eign")


@pytest.mark.parametrize(
    ("section", "kind", "own"),
    [("load_balancer", "gateway", "external, load_balancer"), ("gateway", "load_balancer", "gateway, none")],
)
def test_a_part_of_another_section_is_refused_by_file_and_line(
    tmp_path: Path, section: str, kind: str, own: str
) -> None:
    path = environment(tmp_path, f"{section}: {{kind: {kind}}}")
    with pytest.raises(InputError) as error:
        load_environment(path)
    expected = f"{section}.kind: {kind} is a part for the section {kind}, not for {section}; there are: {own}"
    assert str(error.value) == f"{path}:8: {expected}"


def test_a_part_says_its_section_where_several_share_a_family(install: Install) -> None:
    install("foreign", "edge.foreign", spec=SPEC, part=PART)
    with pytest.raises(InputError, match=r"foreign\.spec must say which SECTION its part is for: load_balancer or gat"):
        spec_of(section_named("gateway"), "foreign")
    install("other", "edge.other", spec=SPEC + 'SECTION = "gateway"\n', part=PART)
    assert list(known(section_named("gateway"))) == ["gateway", "none", "other"]
    assert list(known(section_named("load_balancer"))) == ["external", "load_balancer"]


# --- what `build` gives ---------------------------------------------------------------------------------------------

STRANGE = """\
from harness.world.part import Part
from harness.world.steering import Steering
class Strange({base}):
    name = "{name}"
def build(blueprint, spec):
    return [Strange()]{times}
"""


@pytest.mark.parametrize(
    ("base", "name", "times", "text"),
    [
        ("Part", "strange", "", "steering.kind: foreign gives a Strange, which is no harness.world.steering.Steering"),
        ("Steering", "strange", " * 2", "steering.kind: foreign gives 2 parts; a world has one"),
        ("Steering", "us-east-1", "", "several parts are called us-east-1 (region_servers, steering)"),
    ],
)
def test_what_a_part_gives_must_fit_its_section(
    install: Install, tmp_path: Path, base: str, name: str, times: str, text: str
) -> None:
    install("foreign", spec=SPEC, part=STRANGE.format(base=base, name=name, times=times))
    loaded = load_environment(environment(tmp_path, "steering: {kind: foreign}"))
    with pytest.raises(InputError) as error:
        build(Blueprint(loaded, subject(), Timing(Profile.FAST)))
    assert text in str(error.value)


BARE = """\
from harness.world.load_balancer import LoadBalancer, edge_arrows
class Bare(LoadBalancer):
    pass
def build(blueprint, spec):
    return [Bare(place.name) for place in blueprint.environment.places{some}]
"""


def balanced(install: Install, folder: Path, some: str = "") -> Blueprint:
    install("bare", "edge.bare", spec=SPEC + 'SECTION = "load_balancer"\n', part=BARE.format(some=some))
    return Blueprint(
        load_environment(environment(folder, "load_balancer: {kind: bare}")), subject(), Timing(Profile.FAST)
    )


def test_every_place_has_a_load_balancer(install: Install, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^load_balancer\.kind: bare gives no part for us-west-2$"):
        build(balanced(install, tmp_path, "[:1]"))


def test_a_world_does_not_start_without_the_links_that_others_count_on(install: Install, tmp_path: Path) -> None:
    blueprint = balanced(install, tmp_path)
    ground: Any = Nowhere(blueprint.environment)
    with pytest.raises(InputError, match=r"load_balancer\.kind: bare does not bring the link clients->us-east-1:http"):
        assemble(build(blueprint), blueprint, ground)


def test_the_parts_of_this_package_bring_every_link_that_others_count_on() -> None:
    blueprint = Blueprint(embedded(), subject(), Timing(Profile.FAST))
    found = arrows(blueprint)
    assert missing_links(blueprint, found) == []
    without = [arrow for arrow in found if arrow.link.name != "lb.us-west-2->storefront.us-west-2:http"]
    assert missing_links(blueprint, without) == [("platform", "lb.us-west-2->storefront.us-west-2:http")]


def built_with(folder: Path, kind: str) -> None:
    options = load_environment(environment(folder, f"steering: {{kind: {kind}}}"))
    build(Blueprint(options, subject(), Timing(Profile.FAST)))


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("def build(blueprint, spec):\n    return None\n", "build failed with TypeError: .*not iterable"),
        ("def build(blueprint, spec):\n    return [][1]\n", r"build failed with IndexError: .* \(part.py:2\)"),
    ],
)
def test_what_a_part_raises_is_told_with_its_name_and_its_line(
    tmp_path: Path, install: Install, part: str, told: str
) -> None:
    install("raises", spec=SPEC, part=part)
    with pytest.raises(WorldError, match=rf"steering.kind: raises: {told}"):
        built_with(tmp_path, "raises")


@pytest.mark.parametrize("preload", ["{'net': 'a.server'}", "('net', 'a.server')", "(('net',),)", "7"])
def test_processes_in_another_shape_are_refused_with_the_right_one(
    tmp_path: Path, install: Install, preload: str
) -> None:
    install("shapes", spec=SPEC.replace("PRELOAD = ()", f"PRELOAD = {preload}"), part=PART)
    with pytest.raises(InputError, match="PRELOAD must be pairs of a group and a module, such as"):
        load(STEERING, "shapes", "spec")


def test_a_process_whose_module_is_not_there_is_refused(tmp_path: Path, install: Install) -> None:
    install("absent", spec=SPEC.replace("PRELOAD = ()", "PRELOAD = (('net', 'absent.nowhere'),)"), part=PART)
    options = load_environment(environment(tmp_path, "steering: {kind: absent}"))
    with pytest.raises(InputError, match=r"steering: PRELOAD names absent\.nowhere, which cannot be imported"):
        preloads(options)


@pytest.mark.parametrize(("database", "told"), [("eu-wset-1", "did you mean eu-west-1"), ("mars-north-1", "no region")])
def test_a_database_in_a_region_that_aws_does_not_have_is_refused(tmp_path: Path, database: str, told: str) -> None:
    path = environment(tmp_path)
    path.write_text(path.read_text().replace("role: standby", f"role: standby, database: {database}"))
    with pytest.raises(InputError, match=told):
        build(Blueprint(load_environment(path), subject(), Timing(Profile.FAST)))
