"""A Shopify shop as a part: one process, outside of every place, that tells the application of what happens in it.

It finds the application by the world's DNS, and dials each place's edge over a link of its own; the application calls
its API over a link of its own for each instance, at a port for each place, so that a place's token is its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.faults.hand import Hand
from harness.faults.model import Link
from harness.faults.needs import SHOP_OPEN
from harness.faults.shop_trouble import FORGED
from harness.kit.address import Address, join_address
from harness.names import CANARY, HTTP, OUTSIDE, SHOP, SHOP_API, SHOP_TROUBLE, instance_name, link_name
from harness.parts.commerce.shopify.hand import ShopHand
from harness.parts.commerce.shopify.secrets_files import SecretsFiles
from harness.parts.commerce.shopify.spec import Shopify as Spec
from harness.topology.subject import Instance
from harness.topology.timing import Profile
from harness.wire.admin_client import AdminClient
from harness.world.diagnosis import Diagnosis, State
from harness.world.part import LIGHT, Blueprint, Ground, Net, StatusLine
from harness.world.process import Process, listening
from harness.world.shop import Shop, ShopAccess
from harness.world.steering import Steering
from harness.world.wires import Arrow

MODULE = "harness.parts.commerce.shopify.server"
API_VERSION = "2026-10"
CLIENT_ID = "drill-app-client-id"
CLIENT_SECRET = "shpss_drill_client_secret"  # noqa: S105 - of a shop on loopback
"""Of a shop on loopback: no secret. Whoever calls by hand has it."""


_HOUR_S = 3_600


class Shopify(Shop):
    """The shop of a world."""

    name = SHOP

    def __init__(self, blueprint: Blueprint, spec: Spec) -> None:
        self._blueprint, self._spec = blueprint, spec
        self._net: Net | None = None

    @property
    def _instances(self) -> tuple[Instance, ...]:
        return self._blueprint.subject.instances(self._blueprint.environment)

    @property
    def _callers(self) -> tuple[str, ...]:
        """Places in which somebody calls its API."""
        return tuple(dict.fromkeys(one.place for one in self._instances))

    @property
    def _retry_window_s(self) -> float:
        """In wall seconds."""
        fast = self._blueprint.timing.profile is Profile.FAST
        return self._spec.fast_retry_window_s if fast else self._spec.retry_window_s

    def start(self, ground: Ground) -> None:
        """Start the process; it tells nobody anything until it is told where everybody is."""
        self._events = ground.folder / f"{self.name}.events.jsonl"
        self._events.touch()
        self._secrets = SecretsFiles(ground.folder, self._callers)
        self._secrets.write(CLIENT_SECRET)
        spec, timing, business = self._spec, self._blueprint.timing, self._blueprint.subject.business
        config = {
            "domain": spec.domain, "api_version": API_VERSION,
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            "callers": list(self._callers), "events": str(self._events),
            "asks": {} if business is None else {topic: list(keys) for topic, keys in business.asks.items()},
            "scale": timing.scale, "seed": self._blueprint.seed,
            "connect_timeout_s": timing.timeout_s(spec.connect_timeout_s),
            "timeout_s": timing.timeout_s(spec.timeout_s),
            "retry_window_s": self._retry_window_s,
        }  # fmt: skip
        self._process: Process = ground.spawn(LIGHT, self.name, MODULE, config)

    def endpoints(self) -> Mapping[str, Address]:
        """admin, and of each place api.PLACE: what applications there call."""
        return listening(self.name, self._process)

    def arrows(self) -> Sequence[Arrow]:
        """From each instance of the subject to its API, and the canary that asks how the shop is."""
        return list(self._arrows())

    def _arrows(self) -> Iterator[Arrow]:
        endpoints, home_of = self.endpoints(), self._blueprint.environment.home_of
        for one in self._instances:
            link = Link(
                one.name, one.place, SHOP, OUTSIDE, SHOP_API, component=one.component.name, home=home_of(one.place)
            )
            yield Arrow(link, endpoints[f"api.{one.place}"])
        admin = endpoints["admin"]
        canary = Link(instance_name(CANARY, OUTSIDE), OUTSIDE, SHOP, OUTSIDE, SHOP_TROUBLE, from_canary=True)
        yield Arrow(canary, admin, probe={"kind": "http", "path": "/well", "host": join_address(admin)})

    def connect(self, net: Net) -> None:
        """The links are up: tell the process where DNS and its links are."""
        self._net = net
        (steering,) = net.of(Steering)
        edges = {
            edge.answered: {"place": place, "address": list(net.listening[link_name(SHOP, place, HTTP)])}
            for place, edge in net.edges.items()
        }
        self._admin.post("/connect", {"dns": list(steering.dns), "edges": edges})

    @property
    def _app_url(self) -> str:
        """Where clients reach the application, by its name."""
        assert self._net is not None
        environment = self._blueprint.environment
        return f"http://{environment.edge.record}:{self._net.edges[environment.primary.name].port}"

    def environment_for(self, instance: Instance) -> Mapping[str, str]:
        """Where the shop is, and what the application calls it with."""
        if self._net is None:
            return {}
        host, port = self._net.listening[link_name(instance.name, SHOP, SHOP_API)]
        return {
            "SHOP_DOMAIN": self._spec.domain,
            "SHOP_ADMIN_URL": f"http://{host}:{port}",
            "SHOP_API_VERSION": API_VERSION,
            "SHOP_CLIENT_ID": CLIENT_ID,
            "SHOP_CLIENT_SECRET": CLIENT_SECRET,
            "SHOP_CLIENT_SECRET_OLD": "",
            "SHOP_SECRETS_FILE": str(self._secrets.file(instance.place)),
            "SHOP_APP_URL": self._app_url,
        }

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self.endpoints()["admin"])

    # --- what a drill asks of it -------------------------------------------------------------------------------

    def begin(self, orders_per_s: float) -> None:
        """See Shop."""
        self._admin.post("/begin", {"rate": orders_per_s})

    def pause(self) -> None:
        """See Shop."""
        self._admin.post("/pause")

    def burst(self, orders: int, over_s: float) -> None:
        """See Shop."""
        self._admin.post("/burst", {"orders": orders, "over_s": over_s})

    def break_theme(self) -> None:
        """See Shop."""
        self._admin.post("/break_theme")

    def theme(self) -> Mapping[str, str]:
        """See Shop."""
        return {str(name): str(digest) for name, digest in self._admin.get("/theme").items()}

    @property
    def access(self) -> ShopAccess:
        """See Shop. Past every link, as people have it who run the shop."""
        place = self._callers[0]
        url = f"http://{join_address(self.endpoints()[f'api.{place}'])}"
        return ShopAccess(url, API_VERSION, CLIENT_ID, CLIENT_SECRET)

    def subscribed(self) -> Mapping[str, Sequence[str]]:
        """See Shop."""
        return {str(topic): tuple(map(str, found)) for topic, found in self._admin.get("/subscribed").items()}

    def forge(self, count: int) -> None:
        """See Shop."""
        self._admin.post("/trouble", {"trouble": FORGED, "count": count})
        self._admin.post("/relieve", {"trouble": FORGED})

    def unsettled(self) -> str:
        """See Shop."""
        left = {what: int(count) for what, count in self._admin.get("/unsettled").items() if count}
        return ", ".join(f"{count} {what}" for what, count in left.items())

    @property
    def told_within_s(self) -> float:
        """See Shop."""
        return self._retry_window_s

    @property
    def told(self) -> str:
        """See Shop."""
        spec, window_s = self._spec, self._retry_window_s
        text = f"a message that is not taken is sent again 8 times within {_said(spec.retry_window_s)}"
        if window_s == spec.retry_window_s:
            return text
        return f"{text}; in this profile within {_said(window_s)}"

    # --- the rest of a part ------------------------------------------------------------------------------------

    def reset(self) -> None:
        """A shop in which nothing has happened, and that nobody has subscribed to."""
        self._secrets.write(CLIENT_SECRET)
        self._admin.post("/reset")

    def events(self) -> Sequence[Path]:
        """What happened in the shop, and whom it told."""
        return (self._events,)

    def hands(self) -> Sequence[Hand]:
        """Its troubles."""
        return (ShopHand(lambda: self._admin, self._secrets, self._blueprint.timing),)

    def status(self) -> Sequence[StatusLine]:
        """Where its API is, and what it tells the application."""
        endpoints = self.endpoints()
        admin = join_address(endpoints["admin"])
        apis = [
            StatusLine(f"Shopify API {what.removeprefix('api.')}", join_address(address), self._spec.domain)
            for what, address in endpoints.items()
            if what.startswith("api.")
        ]
        return (*apis, StatusLine("shop", admin, self.told, live=f"http://{admin}/lines"))

    def commands(self) -> Sequence[tuple[str, str]]:
        """To have it sell something."""
        admin = join_address(self.endpoints()["admin"])
        body = '\'{"orders": 20, "over_s": 2}\''
        header = "-H 'Content-Type: application/json'"
        return (("20 orders in the shop:", f"curl -s -X POST {header} -d {body} http://{admin}/burst"),)

    def capabilities(self) -> Mapping[str, bool | str]:
        """It is a shop."""
        return {SHOP_OPEN: True}


def _said(seconds: float) -> str:
    hours = seconds / _HOUR_S
    return f"{hours:g} h" if hours >= 1 else f"{seconds:g} s"


def build(blueprint: Blueprint, spec: Spec) -> list[Shopify]:
    """One for the whole world."""
    return [Shopify(blueprint, spec)]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether the subject file says enough to judge what becomes of the shop's business."""
    business = blueprint.subject.business
    if business is None:
        text = (
            "the subject file does not say where the application keeps what it is told, and nothing of it can be judged"
        )
        yield Diagnosis("shop", State.WARN, text, "say `business: {keeps: {orders: TABLE}, effects: TABLE}` there")
        return
    kinds = ", ".join(business.keeps)
    yield Diagnosis("shop", State.OK, f"the application keeps {kinds}; {Shopify(blueprint, spec).told}")
    if business.effects is None:
        text = "the subject file names no table that counts effects, so nobody can tell what is done twice"
        yield Diagnosis("shop", State.WARN, text, "say `business: {effects: TABLE}` there")
