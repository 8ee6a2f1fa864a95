"""A region whose database nobody here looks into: what clients have written is read back through the application.

Each key that was noted is read once through the own address of a place that uses the database; what two databases have
alike is not asked for again. Where some answer says neither what a key holds nor that it is absent, nothing is known of
the database as a whole: a guess would be lost writes that nobody lost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from harness.errors import WorldError
from harness.kit.address import Address
from harness.outcome import Outcome
from harness.regular_files import open_bytes
from harness.topology.environment import Spec
from harness.topology.subject import Table
from harness.witness.single_requests import Application
from harness.world.load_balancer import edges_given, tls_of
from harness.world.part import Blueprint, Net
from harness.world.platform import Platform
from harness.world.regions import RegionServer, State
from harness.world.terms import Terms, terms_of

_NO_TABLES = "not measurable here: the subject lists no table that would stand for what clients write"
_TRIES = 3


class External(RegionServer):
    """One region. siblings: those of the other databases, itself among them. silent: it did not say what it holds."""

    def __init__(self, blueprint: Blueprint, region: str, terms: Terms) -> None:
        self.name = f"data.{region}"
        self.region = region
        self.siblings: Sequence[External] = ()
        self.held: dict[str, str | None] = {}
        self.silent = False
        self._blueprint = blueprint
        self._terms = terms
        environment = blueprint.environment
        edges = edges_given(environment) or {}
        place = next(place.name for place in environment.places if place.database_name == region)
        self._address: Address = (edges[place].host, edges[place].port)
        self._application = Application(
            blueprint.subject.workload, environment.edge.record, terms.hosts, tls=tls_of(environment)
        )
        self._net: Net | None = None

    def connect(self, net: Net) -> None:
        """Where the keys are noted is known by then."""
        self._net = net

    def create(self, tables: Sequence[Table]) -> None:
        """See RegionServer: they are there."""
        self.held, self.silent = {}, False

    def scan(self, table: Table) -> State | None:
        """See RegionServer."""
        subject = self._blueprint.subject
        if table.name != subject.written_table or "get" not in subject.workload.functions:
            return None
        keys = self._keys()
        alone = any(one.silent for one in self.siblings)  # then there is nothing to become alike
        settled = {key for key in keys if self._alike(key) or (alone and key in self.held)}
        for key in keys:
            if key in settled:
                continue
            self.held.pop(key, None)
            if not self._read(key):
                self.silent = True
                return None
        self.silent = False
        return {key: self.held[key] for key in keys if key in self.held}

    def glance(self, table: Table, items_max: int) -> State | None:
        """See RegionServer. Never while clients are at work: a request for each key would come on top of theirs, beyond
        what may be sent, and whatever is broken would hold for as long as that takes."""
        return None

    def _alike(self, key: str) -> bool:
        values = [one.held[key] for one in self.siblings if key in one.held]
        return len(values) == len(self.siblings) and len(set(values)) == 1

    def _read(self, key: str) -> bool:
        for _ in range(_TRIES):
            time.sleep(1 / self._terms.rate_max_per_s)
            seen = self._application.read(self._address, key)
            if seen.outcome is Outcome.OK:
                self.held[key] = seen.v
                return True
        return False

    def _keys(self) -> list[str]:
        assert self._net is not None, "the world stands"
        (platform,) = self._net.of(Platform)
        if platform.written is None:
            raise WorldError("nobody notes which keys the clients write")
        with open_bytes(platform.written) as file:
            return file.read().decode(errors="replace").splitlines()

    def capabilities(self) -> Mapping[str, bool | str]:
        """What can be read back."""
        return {} if self._blueprint.subject.tables else {"rpo_items": _NO_TABLES}


def build(blueprint: Blueprint, spec: Spec) -> list[External]:
    """One for each region that has a database."""
    terms = terms_of(blueprint.environment)
    assert terms is not None, "only beside a platform that has terms"
    found = [External(blueprint, region, terms) for region in blueprint.environment.databases]
    for one in found:
        one.siblings = found
    return found
