"""Lambda as a part: functions of a region, and the mappings that feed them from its streams.

The region's own server passes Lambda's API on to it. Its reads of streams and its functions' calls leave by the links
of `functions.REGION`, whose one end is in the region: when that is lost, so are they.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import WorldError
from harness.faults.needs import STREAMS_TO_FUNCTIONS
from harness.kit.address import Address, join_address
from harness.names import DYNAMODB, FUNCTIONS, instance_name
from harness.parts.data.event_sources.spec import EventSources as Spec
from harness.wire.admin_client import AdminClient
from harness.world.functions import Functions
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Ground, Net, StatusLine
from harness.world.process import READY_TIMEOUT_S, Process
from harness.world.regions import RegionServer

MODULE = "harness.parts.data.event_sources.server"
CALLS = "lambda:*"


class EventSources(Functions):
    """Of one region."""

    def __init__(self, blueprint: Blueprint, spec: Spec, region: str) -> None:
        self.name = instance_name(FUNCTIONS, region)
        self.region = region
        self._blueprint = blueprint
        self._spec = spec
        self._lacks: str | None = None

    def start(self, ground: Ground) -> None:
        """Start the process."""
        folder = ground.folder / self.name
        self._events: Path = ground.folder / f"{self.name}.events.jsonl"
        ground.on_close(lambda: shutil.rmtree(folder, ignore_errors=True))
        timing, spec = self._blueprint.timing, self._spec
        config = {
            "region": self.region, "listen": [LOOPBACK, 0], "folder": str(folder), "logs": str(ground.folder / "logs"),
            "events": str(self._events), "scale": timing.scale, "seed": self._blueprint.seed, **spec.model_dump(),
        }  # fmt: skip
        self._process: Process = ground.spawn(LIGHT, self.name, MODULE, config)

    def endpoints(self) -> Mapping[str, Address]:
        """api: Lambda's, past the region's server and every link."""
        host, port = self._process.ready(READY_TIMEOUT_S)["api"]
        return {"api": (str(host), int(port))}

    def connect(self, net: Net) -> None:
        """The links are up: functions may call, and be called."""
        server = next(one for one in net.of(RegionServer) if one.region == self.region)
        home = next((arrow for arrow in net.dialled_by(self.name) if (self.region, DYNAMODB) in arrow.carries), None)
        gateway = net.endpoint("gateway", self.name)
        if home is None or gateway is None:
            self._lacks = "not measurable here: without a gateway and links of their own, functions cannot call anybody"
            return
        if not server.answer_elsewhere({CALLS: self.endpoints()["api"]}):
            self._lacks = f"not measurable here: the server of {self.region} passes calls of Lambda's API on to nobody"
            return
        self._admin.post("/drill/links", {"region": list(net.at(home)), "functions": list(gateway)})

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self.endpoints()["api"])

    def reset(self) -> None:
        """Without any function."""
        self._admin.post("/drill/reset")

    def replace_functions(self, file: Path) -> None:
        """See Functions."""
        self._admin.post("/drill/code", {"file": str(file)})

    def problems(self) -> Sequence[str]:
        """See Functions."""
        found: list[str] = [] if self._lacks is not None else self._admin.get("/drill/problems")
        return found

    def gone(self) -> str | None:
        """Why no function can be fed any more."""
        return None if self._process.poll() is None else f"the functions of {self.region} have ended"

    def status(self) -> Sequence[StatusLine]:
        """Where its API is, and what it feeds."""
        at = join_address(self.endpoints()["api"])
        return (
            StatusLine(f"Lambda {self.region}", at, "behind the region's endpoint", live=f"http://{at}/drill/lines"),
        )

    def events(self) -> Sequence[Path]:
        """What functions and mappings did."""
        return (self._events,)

    def capabilities(self) -> Mapping[str, bool | str]:
        """Whether streams feed functions here."""
        return {STREAMS_TO_FUNCTIONS: True if self._lacks is None else self._lacks}


def build(blueprint: Blueprint, spec: Spec) -> list[EventSources]:
    """One for each region that has a database."""
    if not isinstance(spec, Spec):
        raise WorldError("not the settings of event sources")
    return [EventSources(blueprint, spec, region) for region in blueprint.environment.databases]
