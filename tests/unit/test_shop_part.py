"""Where a shop stands in a world: its links, what the application is given, and what the file may say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulated_backend import Nowhere

from harness.errors import InputError
from harness.faults.region_outage import RegionOutage
from harness.kit.address import Address
from harness.names import GLOBAL_TABLES, OUTSIDE, SHOP
from harness.parts.commerce.shopify.doing import Doing
from harness.parts.commerce.shopify.life import Life, Next, step
from harness.parts.commerce.shopify.part import CLIENT_SECRET, Shopify, diagnose
from harness.parts.commerce.shopify.records.shop import Shop as Records
from harness.parts.commerce.shopify.secrets_files import SecretsFiles
from harness.parts.commerce.shopify.spec import KINDS, TOPICS
from harness.parts.commerce.shopify.spec import Shopify as Spec
from harness.topology.load import load_environment, load_subject
from harness.topology.subject import Business
from harness.topology.timing import Profile, Timing
from harness.world.assembly import build
from harness.world.diagnosis import State
from harness.world.load_balancer import missing_links
from harness.world.part import Blueprint, Net
from harness.world.wires import Arrow

ROOT = Path(__file__).parents[2]
FILE = ROOT / "environments" / "shopify.yaml"
EAST, WEST = "us-east-1", "us-west-2"


class Ground(Nowhere):
    """Remembers what each process was told, and answers for every port that one may have."""

    def __init__(self, environment: Any, folder: Path) -> None:
        super().__init__(environment)
        self.folder = folder
        self.told: dict[str, Mapping[str, Any]] = {}
        self._numbers = count(2001)

    def spawn(self, group: str, name: str, module: str, config: Mapping[str, Any]) -> Any:
        self.told[name] = config
        regions, places = (EAST, WEST, "us-east-2"), (EAST, WEST, OUTSIDE)
        names: tuple[str, ...] = ("listen", "admin", "api", "dns", "inner")
        if name == SHOP:
            names = ("admin", *(f"api.{place}" for place in places))
        elif name == GLOBAL_TABLES:
            names = ("admin", *(f"{what}.{region}" for what in ("api", "peer") for region in regions))
        told: dict[str, Any] = {one: ["127.0.0.1", next(self._numbers)] for one in names}
        if name in ("erp", "crm", "fulfilment"):
            told["places"] = {place: ["127.0.0.1", next(self._numbers)] for place in places}
        return SimpleNamespace(name=name, ready=lambda timeout_s: told)


class World:
    def __init__(self, folder: Path, profile: Profile = Profile.FAST) -> None:
        folder.mkdir(exist_ok=True)
        environment = load_environment(FILE)
        subject = load_subject(ROOT / "reference" / "shopify.yaml", environment)
        self.blueprint = Blueprint(environment, subject, Timing(profile))
        self.ground = Ground(environment, folder)
        self.parts = build(self.blueprint)
        for part in self.parts:
            part.start(self.ground)  # type: ignore[arg-type]
        (self.shop,) = [part for part in self.parts if isinstance(part, Shopify)]

    def arrows(self) -> list[Arrow]:
        return [arrow for part in self.parts for arrow in part.arrows()]

    def net(self) -> Net:
        listening: dict[str, Address] = {
            arrow.link.name: ("127.0.0.1", number) for number, arrow in enumerate(self.arrows(), 5000)
        }
        return Net(self.blueprint, tuple(self.parts), (), listening, self.ground.edges, self.ground)  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_shop_dials_each_edge_and_each_instance_the_shop_over_links_of_their_own(world: World) -> None:
    links = {arrow.link.name: arrow.link for arrow in world.arrows()}
    for place in (EAST, WEST):
        assert links[f"shop->{place}:http"].target_place == place
        assert links[f"shopify-app.{place}->shop:shop-api"].source_place == place
    lost = {name for name, link in links.items() if RegionOutage(EAST, "black-hole").hits(link)}
    assert {f"shop->{EAST}:http", f"shopify-app.{EAST}->shop:shop-api"} <= lost
    assert not {f"shop->{WEST}:http", f"shopify-app.{WEST}->shop:shop-api", "canary.outside->shop:shop-trouble"} & lost


def test_a_world_with_a_shop_does_not_start_without_its_way_in(world: World) -> None:
    there = [arrow for arrow in world.arrows() if arrow.link.name != f"shop->{WEST}:http"]
    assert missing_links(world.blueprint, there) == [("load_balancer", f"shop->{WEST}:http")]


def test_the_application_is_told_where_the_shop_is_over_its_own_link(world: World, monkeypatch: Any) -> None:
    posted: list[Any] = []
    monkeypatch.setattr("harness.wire.admin_client.AdminClient.post", lambda *asked: posted.append(asked[1:]))
    net = world.net()
    monkeypatch.setattr(type(next(p for p in world.parts if p.name == "route53")), "dns", ("127.0.0.1", 53))
    world.shop.connect(net)
    [(path, body)] = posted
    assert path == "/connect"
    assert {edge["place"] for edge in body["edges"].values()} == {EAST, WEST}
    given = {}
    for instance in world.blueprint.subject.instances(world.blueprint.environment):
        given[instance.name] = world.shop.environment_for(instance)
    east = given[f"shopify-app.{EAST}"]
    assert east["SHOP_ADMIN_URL"] != given[f"shopify-app.{WEST}"]["SHOP_ADMIN_URL"]
    assert east["SHOP_APP_URL"] == "http://app.example.com:80"
    assert json.loads(Path(east["SHOP_SECRETS_FILE"]).read_text()) == {
        "client_secret": CLIENT_SECRET, "client_secret_old": "",
    }  # fmt: skip


def test_time_is_compressed_and_that_is_said(tmp_path: Path) -> None:
    fast, slow = World(tmp_path / "fast"), World(tmp_path / "slow", Profile.PRODUCTION)
    assert fast.ground.told["shop"]["retry_window_s"] == 60
    assert fast.shop.told.endswith("within 4 h; in this profile within 60 s")
    assert slow.ground.told["shop"]["retry_window_s"] == 14_400
    assert slow.shop.told.endswith("within 4 h")


def test_a_rotated_secret_is_rolled_out_beside_the_old_one(tmp_path: Path) -> None:
    files = SecretsFiles(tmp_path, (EAST, WEST))
    files.write("first")
    following = files.rotate()
    for place in (EAST, WEST):
        said = json.loads(files.file(place).read_text())
        assert said == {"client_secret": following, "client_secret_old": "first"}
        assert files.file(place).stat().st_mode & 0o077 == 0


def test_doctor_tells_what_cannot_be_judged_of_an_application(world: World) -> None:
    def told(**business: Any) -> list[tuple[State, str]]:
        subject = world.blueprint.subject.model_copy(update={"business": Business(**business) if business else None})
        found = diagnose(replace(world.blueprint, subject=subject), Spec())
        return [(one.state, one.text.partition(";")[0]) for one in found]

    [(state, text)] = told()
    assert state is State.WARN
    assert "does not say where the application keeps" in text
    assert told(keeps={"orders": "orders"}, effects="effects") == [(State.OK, "the application keeps orders")]
    assert [state for state, _ in told(keeps={"orders": "orders"})] == [State.OK, State.WARN]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shop: {kind: shopify, timeout_s: 0}", "timeout_s"),
        ("shop: {kind: shopify, retries: 3}", "retries"),
        ("shop: {kind: third_party}", "third_party"),
        ("shop: {retry_window_s: 3}", "kind"),
    ],
)
def test_what_the_section_cannot_say_is_refused(tmp_path: Path, text: str, words: str) -> None:
    before, _, rest = FILE.read_text(encoding="utf-8").partition("shop:\n")
    path = tmp_path / "environment.yaml"
    path.write_text(f"{before}{text}\n\n{rest[rest.index('third_parties:') :]}", encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_environment(path)


@pytest.mark.parametrize(
    ("business", "words"),
    [
        ("{keeps: {order: items}}", "subject.yaml:6: business.keeps: the shop has no `order`; one of: orders, "),
        ("{keeps: {orders: items}, effects: items, asks: {ORDERS_CREATE: [a]}}", "`ORDERS_CREATE`; one of: orders/cr"),
        ("{keeps: {orders: items}, effects: items, asks: {nothing: [a]}}", "by `nothing`; one of: orders/create, "),
        ("{keeps: {orders: items}, asks: {orders/create: [a]}}", "asks: nothing counts what was done; say `effects: "),
    ],
)
def test_what_a_subject_says_of_a_shop_must_be_there(tmp_path: Path, business: str, words: str) -> None:
    path = tmp_path / "subject.yaml"
    path.write_text(
        "subject: mine\ntables:\n  - {name: items, key: id, value: value}\ncomponents:\n"
        f"  - {{name: app, command: [a], region: each, port_env: PORT}}\nbusiness: {business}\n"
    )
    with pytest.raises(InputError) as raised:
        load_subject(path, load_environment(FILE))
    assert words in str(raised.value)


def test_what_a_subject_may_say_of_a_shop_is_what_happens_there() -> None:
    at = count(1)
    shop, life = Records(lambda: next(at)), Life(7, 5, 5)
    doing, told = Doing(shop, 7, 5, 5), set()
    for _ in range(400):
        life, deeds = step(life, Next(), 0)
        told |= {(one.kind, one.topic) for deed in deeds for one in doing.do(deed)}
    assert {kind for kind, _ in told} == set(KINDS)
    assert {topic for _, topic in told} <= set(TOPICS)
    assert {topic for topic in TOPICS if topic not in {topic for _, topic in told}} <= {
        "products/create", "products/delete", "customers/create", "customers/delete", "orders/partially_fulfilled",
    }  # fmt: skip
