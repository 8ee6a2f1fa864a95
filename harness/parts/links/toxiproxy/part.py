"""Toxiproxy as the links' server: the embedded one, a real one that we start, or one that TOXIPROXY_URL names."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from urllib.parse import quote

from harness.engines.addresses import can_listen, choose_port
from harness.errors import InputError, LinkError
from harness.faults.hand import Hand
from harness.kit.address import Address
from harness.names import HTTP, LOAD_BALANCER, instance_name, link_name
from harness.parts.links.toxiproxy import real_server
from harness.parts.links.toxiproxy.client import Proxy, ToxiproxyClient
from harness.parts.links.toxiproxy.hand import LinkHand
from harness.parts.links.toxiproxy.install import RECIPE
from harness.parts.links.toxiproxy.prefix import new_prefix
from harness.parts.links.toxiproxy.spec import Toxiproxy as Spec
from harness.world.diagnosis import Diagnosis, State, port
from harness.world.links import LinkServer
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Ground, StatusLine
from harness.world.process import READY_TIMEOUT_S, Process
from harness.world.wires import Arrow

VARIABLE = "TOXIPROXY_URL"
MODULE = "harness.parts.links.toxiproxy.server"


class Toxiproxy(LinkServer):
    """Every link is a proxy of it."""

    name = "toxiproxy"

    def __init__(self, blueprint: Blueprint, spec: Spec) -> None:
        self._blueprint = blueprint
        self._real = spec.server == "real"
        self._port = wanted_port(blueprint, spec)
        self._setting = "links.port" if spec.port else "toxiproxy_port"
        self._process: Process | None = None
        self._at: str | None = None
        self._links = 0

    def start(self, ground: Ground) -> None:
        """Start a server, unless there is one already."""
        self._ground = ground
        if os.environ.get(VARIABLE):
            return
        if self._port:
            choose_port([LOOPBACK], self._port, self._setting)
        if self._real:
            self._process, self._at = real_server.start(ground, self.name, self._port or ground.free_port())
        else:
            config = {"api": [LOOPBACK, self._port], "seed": self._blueprint.seed}
            self._process = ground.spawn(LIGHT, self.name, MODULE, config)

    @functools.cached_property
    def client(self) -> ToxiproxyClient:
        """A client of it. Raises InputError for a wrong TOXIPROXY_URL."""
        if self._process is None:
            return ToxiproxyClient(os.environ[VARIABLE], prefix=new_prefix())  # others may use it as well
        if self._at is not None:
            self._process.ready(READY_TIMEOUT_S)
            return ToxiproxyClient(self._at)
        return ToxiproxyClient("http://{}:{}".format(*self._process.ready(READY_TIMEOUT_S)["api"]))

    @property
    def url(self) -> str:
        """See LinkServer."""
        return self.client.url

    def handle(self) -> Mapping[str, str]:
        """See LinkServer."""
        return {"url": self.url, "prefix": self.client.prefix}

    def populate(self, arrows: Sequence[Arrow]) -> Mapping[str, Address]:
        """See LinkServer."""
        if self._process is None:  # before they are made
            self._ground.outlives(f"proxies on {self.url}", "links", "toxiproxy", self.handle())
        made = self.client.populate([Proxy(arrow.link.name, arrow.listen, arrow.upstream) for arrow in arrows])
        self._links = len(made)
        if self._process is None:  # a server of the user's own goes on without us, so our proxies must not stay on it
            for name in made:
                self._ground.on_close(functools.partial(self.client.delete, name))
        return {name: proxy.listen for name, proxy in made.items()}

    def hands(self) -> Sequence[Hand]:
        """The one on the links."""
        return (LinkHand(self.client),)

    def status(self) -> Sequence[StatusLine]:
        """Where its API is."""
        return (StatusLine("Toxiproxy API", self.url, f"{self._links} links"),)

    def commands(self) -> Sequence[tuple[str, str]]:
        """One link that everything notices: clients, the load balancer, and through it the edge's health checks."""
        primary, component = self._blueprint.environment.primary.name, self._blueprint.subject.application.name
        link = link_name(instance_name(LOAD_BALANCER, primary), instance_name(component, primary), HTTP)
        at = f"{self.url}/proxies/{quote(self.client.prefix + link, safe=':')}"
        toxic = '{"name": "silence", "type": "timeout", "attributes": {"timeout": 0}}'
        return (
            (f"Cut the application in {primary} off:", f"curl -X POST {at} -d '{{\"enabled\": false}}'"),
            ("Or make it silent:", f"curl -X POST {at}/toxics -d '{toxic}'"),
        )

    def capabilities(self) -> Mapping[str, bool | str]:
        """What a real server lacks."""
        can = self.client.capabilities()
        no_hole = (
            "not measurable here: this Toxiproxy accepts connections in a black hole, so nothing times out connecting"
        )
        per_connection = "not measurable here: this Toxiproxy draws once per connection, not per request"
        return {
            "connect_timeouts": True if can.black_hole == "accept-queue" else no_hole,
            "per_request_failures": True if can.request_failure == "per-request" else per_connection,
        }

    def versions(self) -> Mapping[str, str]:
        """Of the server and of its client."""
        return {"toxiproxy": self.client.version(), "toxiproxy-python": metadata.version("toxiproxy-python")}


def wanted_port(blueprint: Blueprint, spec: Spec) -> int:
    """Of the embedded server's API. An environment that says both says the same (harness.topology.check)."""
    return spec.port or blueprint.environment.toxiproxy_port


def build(blueprint: Blueprint, spec: Spec) -> list[Toxiproxy]:
    """One for all links."""
    return [Toxiproxy(blueprint, spec)]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether the server of the user's own answers, or one can be started and the wanted port is free."""
    url, wanted = os.environ.get(VARIABLE), wanted_port(blueprint, spec)
    if url:
        yield _answering(url)
        return
    if spec.server == "real":
        yield _startable()
    if wanted:
        yield port("links.port" if spec.port else "toxiproxy_port", LOOPBACK, wanted, free=can_listen(LOOPBACK, wanted))


def _startable() -> Diagnosis:
    found = real_server.program()
    if found is not None:
        return Diagnosis("Toxiproxy", State.OK, f"the program {found}")
    text = f"{real_server.ON_PATH} is not on the PATH"
    return Diagnosis("Toxiproxy", State.FAIL, text, f"install it, or `drill install {RECIPE.name}`")


def _answering(url: str) -> Diagnosis:
    try:
        return Diagnosis(VARIABLE, State.OK, f"Toxiproxy {ToxiproxyClient(url).version()} at {url}")
    except (InputError, LinkError) as error:
        return Diagnosis(VARIABLE, State.FAIL, str(error), "start it, mend the address, or unset the variable")
