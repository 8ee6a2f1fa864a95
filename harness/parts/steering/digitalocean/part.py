"""DigitalOcean: its API and its name servers, outside of every place; an A record that leads to the primary's balancer.

The record stays as it is until somebody rewrites it through the API: a component of the subject, the intermediary. It
is told where the API is, over a link of its own, and where each vantage point dials each place.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Mapping, Sequence

from harness.errors import WorldError
from harness.faults.hand import Hand
from harness.faults.model import Link
from harness.faults.needs import PROVIDER_API
from harness.kit.address import join_address
from harness.names import CANARY, DIGITALOCEAN, OUTSIDE, RECORD
from harness.parts.steering.digitalocean.hand import ProviderHand
from harness.parts.steering.digitalocean.publishing import Caller, Publisher
from harness.parts.steering.digitalocean.spec import DigitalOcean as Spec
from harness.parts.steering.digitalocean.telling import DRILL
from harness.topology.environment import Place
from harness.topology.subject import Instance
from harness.world.diagnosis import Diagnosis
from harness.world.intermediary import told, vantage_arrows
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Ground, Net
from harness.world.provider_process import ProviderProcess, name_server_port
from harness.world.wires import Arrow

MODULE = "harness.parts.steering.digitalocean.server"
TOKEN = "dop_v1_" + "drill".ljust(64, "0")
"""Of an account on loopback: no secret. Whoever calls by hand has it."""
_HEADER = f"-H 'Authorization: Bearer {TOKEN}'"
_PUBLISHING = "publishing"
_MOVE = """\
from azure.core.pipeline.policies import SansIOHTTPPolicy
from pydo import Client
class Bearer(SansIOHTTPPolicy):  # pydo refuses a token over plain HTTP
    def on_request(self, request): request.http_request.headers["Authorization"] = "Bearer {token}"
client = Client(token="{token}", endpoint="{url}", authentication_policy=Bearer(), retry_total=0)
for record in client.domains.list_records(domain_name="{domain}", name="{record}", type="A")["domain_records"]:
    body = {{"type": "A", "data": "{address}"}}
    print(client.domains.patch_record(domain_name="{domain}", domain_record_id=record["id"], body=body))
"""
"""No empty lines: shells paste what is between quotation marks as it is."""


class DigitalOcean(ProviderProcess):
    """Leads clients wherever the record says."""

    name = DIGITALOCEAN
    api_line = ("DigitalOcean API", "past every link")

    def __init__(self, blueprint: Blueprint, spec: Spec) -> None:
        super().__init__(blueprint)
        self._spec = spec
        self._net: Net | None = None

    @property
    def _places(self) -> tuple[Place, ...]:
        return self._environment.places

    def start(self, ground: Ground) -> None:
        """Start the process, and publish the edges."""
        self._edges = ground.edges
        self._testimony = ground.folder / f"{self.name}.testimony.jsonl"
        environment, spec = self._environment, self._spec
        self._process = ground.spawn(
            LIGHT,
            self.name,
            MODULE,
            {
                "token": TOKEN,
                "callers": self._callers(),
                "dns": [LOOPBACK, environment.edge.dns_port],
                "watch": [environment.edge.record],
                "edges": {place: edge.answered for place, edge in ground.edges.items()},
                "scale": self._blueprint.timing.scale,
                "seed": self._blueprint.seed,
                "requests_per_hour": spec.requests_per_hour,
                "requests_per_minute": spec.requests_per_minute,
                "events": self._noting_in(ground),
                "testimony": str(self._testimony),
                "places": [place.name for place in self._places],
            },
        )

    def _callers(self) -> Mapping[str, str]:
        """Tokens, and whose they are: each instance has its own, so that its calls can be told from the others'."""
        instances = (i.name for i in self._blueprint.subject.instances(self._environment))
        return {token_of(_PUBLISHING): "", token_of(DRILL): DRILL, **{token_of(name): name for name in instances}}

    def arrows(self) -> Sequence[Arrow]:
        """From every instance of the subject and a canary to the API; from every vantage point to every place."""
        api, environment = self.endpoints()["api"], self._environment
        found = [
            Arrow(
                Link(
                    i.name, i.place, DIGITALOCEAN, OUTSIDE, DIGITALOCEAN,
                    component=i.component.name, home=environment.home_of(i.place),
                ),
                api,
            )
            for i in self._blueprint.subject.instances(environment)
        ]  # fmt: skip
        canary = Link(CANARY, OUTSIDE, DIGITALOCEAN, OUTSIDE, DIGITALOCEAN, from_canary=True)
        found.append(Arrow(canary, api, probe={"kind": "http", "path": "/", "host": join_address(api)}))
        record, path = Link(CANARY, OUTSIDE, DIGITALOCEAN, OUTSIDE, RECORD, from_canary=True), environment.edge.record
        found.append(Arrow(record, api, probe={"kind": "http", "path": f"/names/{path}", "host": join_address(api)}))
        return [*found, *vantage_arrows(environment, self._edges, self._spec)]

    def connect(self, net: Net) -> None:
        """The links are up, and the load balancers listen."""
        self._net = net
        self._publish()

    def _publish(self) -> None:
        Publisher(Caller(self.endpoints()["api"], token_of(_PUBLISHING)), self._blueprint, self._edges).publish()

    def environment_for(self, instance: Instance) -> Mapping[str, str]:
        """What an intermediary needs: the API, a token, the record, and how each vantage point reaches each place."""
        if self._net is None:
            raise WorldError(f"{self.name}: the links are not up yet")
        net = self._net
        (api,) = (arrow for arrow in net.dialled_by(instance.name) if arrow.link.target == DIGITALOCEAN)
        return {
            **told(net, self._spec, self._blueprint.subject.application.edge_health_path),
            "DIGITALOCEAN_API_URL": f"http://{join_address(net.at(api))}",
            "DIGITALOCEAN_TOKEN": token_of(instance.name),
            "TESTIMONY_FILE": str(self._testimony),
        }

    def commands(self) -> Sequence[tuple[str, str]]:
        """What one does with the API: by `curl`, and with DigitalOcean's own client."""
        edge, url = self._environment.edge, f"http://{join_address(self.endpoints()['api'])}"
        primary, standby = self._environment.primary.name, self._environment.standby.name
        return (
            ("The records, through the API:", f"curl -s {_HEADER} {url}/v2/domains/{edge.hosted_zone}/records"),
            ("The load balancers:", f"curl -s {_HEADER} {url}/v2/load_balancers"),
            (f"Lead clients to {standby} with pydo (an intermediary may lead them back):", self._moving(url, standby)),
            (f"And back to {primary}:", self._moving(url, primary)),
        )

    def _moving(self, url: str, place: str) -> str:
        edge = self._environment.edge
        words = {"token": TOKEN, "url": url, "domain": edge.hosted_zone, "record": edge.record}
        script = _MOVE.format(**words, address=self._edges[place].answered)
        return f"python -c {shlex.quote(script)}"

    def hands(self) -> Sequence[Hand]:
        """The adversary's on the API."""
        edge = self._environment.edge
        return (ProviderHand(self.endpoints, token_of(DRILL), edge.hosted_zone, edge.record),)

    def capabilities(self) -> Mapping[str, bool | str]:
        """What the API lets the adversary do."""
        return {PROVIDER_API: True}


def token_of(name: str) -> str:
    """The token of somebody who calls the API of this world."""
    return f"dop_v1_{hashlib.sha256(name.encode()).hexdigest()}"


def build(blueprint: Blueprint, spec: Spec) -> list[DigitalOcean]:
    """One for the application's name."""
    return [DigitalOcean(blueprint, spec)]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether the wanted port of the name server is free."""
    return name_server_port(blueprint)
