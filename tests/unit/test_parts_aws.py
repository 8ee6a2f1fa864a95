"""What parts do with clients of AWS: mistakes come from the one tree of errors, and nothing stays open."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from simulated_backend import EAST, Nowhere, environment, subject

from harness.engines.aws import clients
from harness.errors import WorldError
from harness.parts.edge.gateway.part import Gateway
from harness.parts.regions.moto.part import Moto
from harness.parts.steering.route53.part import Route53
from harness.parts.steering.route53.spec import SPEC
from harness.topology.timing import Profile, Timing
from harness.wire.admin_client import AdminClient
from harness.world.part import Blueprint

BLUEPRINT = Blueprint(environment(), subject(), Timing(Profile.FAST))


class Client:
    """Of boto3: refuses every call of Route 53."""

    closed = False

    def close(self) -> None:
        self.closed = True

    def create_hosted_zone(self, **_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """Every client that somebody makes."""
    found: list[Client] = []

    def client(service: str) -> Client:
        found.append(Client())
        return found[-1]

    monkeypatch.setattr(clients, "RegionClients", lambda *_: SimpleNamespace(client=client))
    monkeypatch.setattr(clients, "create_tables", lambda *_: None)
    monkeypatch.setattr(AdminClient, "post", lambda *_: None)
    return found


class Ground(Nowhere):
    """Remembers what is to be done when the world is taken down."""

    def __init__(self) -> None:
        super().__init__(BLUEPRINT.environment)
        self.closing: list[Callable[[], object]] = []

    def on_close(self, action: Any) -> None:
        self.closing.append(action)


def test_a_control_plane_that_does_not_answer_is_the_worlds_fault_and_its_client_is_closed(made: list[Client]) -> None:
    part = Route53(BLUEPRINT, SPEC())
    part.start(Ground())
    part._edges = Ground().edges
    with pytest.raises(WorldError, match="the edge was not published: Could not connect"):
        part.reset()
    assert made
    assert all(client.closed for client in made)


def test_a_region_has_one_client_for_all_drills_and_closes_it_with_the_world(made: list[Client]) -> None:
    part, ground = Moto(BLUEPRINT, EAST), Ground()
    part.start(ground)
    for _ in range(3):
        part.reset()
        part.create(BLUEPRINT.subject.tables)
    (client,) = made
    assert not client.closed
    for action in ground.closing:
        action()
    assert client.closed


def test_a_part_can_be_asked_where_it_listens_before_the_links_are_up() -> None:
    steering, gateway = Route53(BLUEPRINT, SPEC()), Gateway(BLUEPRINT)
    steering.start(Ground())
    assert set(steering.endpoints()) == {"api"}
    assert gateway.endpoints() == {}
    with pytest.raises(WorldError, match="not there before the links are up"):
        _ = steering.dns
