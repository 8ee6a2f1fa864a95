"""The witness as the live world runs it: its process, what it is told of the world, and what is asked of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.checkers.steady_state import in_words
from harness.drill.crowding import too_little
from harness.drill.options import RunOptions
from harness.errors import DrillInvalid, DrillMissed, VerdictReached, WorldError
from harness.history import wording
from harness.journeys import rate_per_s
from harness.kit.address import Address
from harness.live.audience import members_of
from harness.live.audience import rate_per_s as audience_rate_per_s
from harness.live.ground import WITNESS
from harness.names import CLIENTS, CohortName
from harness.wire.admin_client import AdminClient
from harness.wire.ask import NoAnswer
from harness.world.load_balancer import tls_of
from harness.world.naming import NameService
from harness.world.part import LIGHT, Net
from harness.world.platform import NEEDS_LONGER, Platform
from harness.world.process import READY_TIMEOUT_S
from harness.world.steering import Steering
from harness.world.terms import Terms, closely, steady_rate_per_s, terms_of

_LOG = logging.getLogger(__name__)

HISTORY = "witness.events.jsonl"
_ADMIN_TIMEOUT_S = 30.0
_LAST_WORDS_S = 1.0
"""So long may it take until the end of a process that does not answer is told."""
_OTHERS = tuple(name for name in CohortName if name not in (CohortName.DNS, CohortName.TTL_VIOLATING))
_OTHER_COHORTS = len(_OTHERS) + 1
"""Reported beside the judged one: those, and `ttl-violating`."""
_CALIBRATION = {"seconds": 1.0, "concurrency": 8}
_PROBE = {"seconds": 0.05, "concurrency": 1}
_RETRY_S = 0.1
CLOSELY = 4
"""So many times as often do the judged clients look where it hurts, if the machine carries that."""


class Clients:
    """The witness of one world. dns: the name server that its clients ask."""

    def __init__(self, options: RunOptions, net: Net, dns: Address) -> None:
        self._options = options
        self._calibration: dict[str, float] = {}
        self._too_little: str | None = None
        self._process = net.ground.spawn(LIGHT, "witness", WITNESS, witness_config(options, net, dns))
        self._canaries = link_canaries(net)
        self._watched: list[Mapping[str, Any]] = []
        net.ground.on_close(self._rest)  # nobody writes any more when others tidy up

    @property
    def address(self) -> Address:
        """Of its admin interface."""
        host, port = self._process.ready(READY_TIMEOUT_S)["admin"]
        return str(host), int(port)

    def _post(self, path: str, body: Mapping[str, Any] | Sequence[Any] | None = None) -> Any:
        """What it answers. Raises WorldError; where the witness has ended by itself, with why it did."""
        try:
            return AdminClient("witness", self.address, timeout_s=_ADMIN_TIMEOUT_S).post(path, body)
        except WorldError as error:
            if isinstance(error.__cause__, NoAnswer):
                until = time.monotonic() + _LAST_WORDS_S
                while not self.ended and time.monotonic() < until:
                    time.sleep(_RETRY_S / 5)
                self.require_running()
            raise

    @property
    def ended(self) -> str:
        """Why the witness has ended by itself, in its own words; "" while it runs."""
        code = self._process.poll()
        if code is None and self._process.error is None:
            return ""
        return self._process.error or f"the witness ended by itself, with exit code {code}"

    def require_running(self) -> None:
        """Raises WorldError when the witness has ended: what clients see is recorded no more."""
        if told := self.ended:
            raise WorldError(told)

    def record_to(self, history: Path) -> None:
        """Go on in another file, with empty caches and new connections."""
        self._post("/rotate", {"history": str(history)})

    def watch(self, processes: Sequence[Mapping[str, Any]]) -> None:
        """Look at the world's links, and at these processes, from now on."""
        self._post("/canaries", [*self._canaries, *processes])
        self._watched = list(processes)

    def follow(self, processes: Callable[[], Sequence[Mapping[str, Any]]]) -> None:
        """Some of the processes that are watched may be others now, so that the old ones are dead for ever.

        Where that cannot be told, the witness goes on looking at the old ones, which then shows as a fault that did not
        heal; the healing itself must not fail of it.
        """
        if not self._watched:
            return
        try:
            now = list(processes())
            if now != self._watched:
                self.watch(now)
        except WorldError as error:
            _LOG.warning("the witness could not be told which processes run now: %s", error)

    def start(self) -> None:
        """Send the clients to work."""
        self._post("/start")

    def attention(self) -> None:
        """A fault is about to begin: look closely."""
        self._post("/attention")

    def stop(self) -> int:
        """Drain the clients; how many operations they were too late to send. Raises WorldError when not all that they
        saw could be written."""
        told = self._post("/stop")
        if told.get("failed"):
            raise WorldError(told["failed"])
        return int(told["skipped"])

    def _rest(self) -> None:
        with suppress(WorldError):  # a witness that has gone sends nothing
            if not self.ended:
                self.stop()

    def wait_serving(self) -> None:
        """Until a write and a read through the edge succeed; the subject may need a while to elect its active side."""
        options = self._options
        timeout_s = options.subject.serving_timeout_s(options.timing)
        until = time.monotonic() + timeout_s
        while True:
            burst = self._post("/calibrate", _PROBE)
            if burst["ok"] > 0 and burst["failed"] == 0:
                return
            if time.monotonic() > until:
                raise _unserved(burst, timeout_s)
            time.sleep(_RETRY_S)

    def calibrate(self) -> None:
        """The workload stays at or below half of what this machine carries, or of this world's share of that; measured
        once per world. Raises DrillInvalid where the share is too small."""
        if self._too_little:
            raise DrillInvalid(self._too_little)
        if self._calibration:
            self._calibration["took_s"] = 0.0
            return
        workload = self._options.environment.workload
        if (terms := terms_of(self._options.environment)) is not None:  # no burst on a stack that others use
            self._keep_within(terms)
            return
        journeys = self._options.subject.workload.journeys
        wanted = workload.rate_per_s + _OTHER_COHORTS * 2 / workload.other_period_s + rate_per_s(journeys)
        wanted += audience_rate_per_s(self._options.environment)
        capacity = float(self._post("/calibrate", _CALIBRATION)["ops_per_s"])
        self._too_little = too_little(capacity, self._options.sharing, wanted)
        if self._too_little:
            self._calibration = {"capacity_per_s": capacity}
            raise DrillInvalid(self._too_little)
        share = capacity / self._options.sharing
        scale = min(1.0, 0.5 * share / wanted)
        spare = 0.5 * share - wanted * scale
        closely = min(CLOSELY, 1 + max(0, int(spare / (workload.rate_per_s * scale))))
        if scale < 1.0 or closely < CLOSELY:
            self._post("/rate", {"scale": scale, "closely": closely})
        self._calibration = {
            "capacity_per_s": capacity,
            "rate_per_s": workload.rate_per_s * scale,
            "scale": scale,
            "closely": closely,
            "took_s": _CALIBRATION["seconds"],
        }

    def _keep_within(self, terms: Terms) -> None:
        """At the rate that was asked for, and within the hard maximum where clients look closely."""
        workload, probes = self._options.environment.workload, len(self._canaries)
        journeys = self._options.subject.workload.journeys
        parts = closely(workload, probes, terms, CLOSELY, journeys)
        self._post("/rate", {"scale": 1.0, "closely": parts})
        self._calibration = {
            "rate_per_s": workload.rate_per_s,
            "total_per_s": steady_rate_per_s(workload, probes, terms, journeys),
            "scale": 1.0,
            "closely": parts,
            "took_s": 0.0,
        }

    @property
    def calibration(self) -> Mapping[str, float]:
        """capacity_per_s, rate_per_s, scale, closely, and took_s: how long the last drill spent on it."""
        return self._calibration


def _unserved(burst: Mapping[str, Any], timeout_s: float) -> VerdictReached:
    """Why the application is not served by. An answer that was accepted, and that only the subject file's `workload:`
    does not fit, is a mistake of the description, and none of the application.
    """
    misfits: Mapping[str, int] = burst.get("misfits", {})
    served = "not every write and read" if burst["ok"] else "no write"
    text = f"no steady state: within {timeout_s:g} s of its start the application served {served} "
    text += f"through the edge{in_words(burst['refused'])}"
    if misfits and sum(misfits.values()) == burst["failed"]:
        return DrillInvalid(f"{text}: {wording.remedies(misfits)}")
    return DrillMissed(f"{text} (see the subject's logs; {NEEDS_LONGER})")


def witness_config(options: RunOptions, net: Net, dns: Address) -> dict[str, Any]:
    """What the witness is told of a world; see harness.witness.models.WitnessConfig."""
    environment, workload = options.environment, options.environment.workload
    other = {"clients": 1, "period_s": workload.other_period_s}
    cohorts: dict[str, dict[str, float]] = {name.value: dict(other) for name in _OTHERS}
    clamp_s = 5 * options.timing.ttl_s(environment.edge.ttl_s)
    cohorts[CohortName.TTL_VIOLATING] = {**other, "min_ttl_s": clamp_s}
    period_s = 2 * workload.dns_clients / workload.rate_per_s
    cohorts[CohortName.DNS] = {"clients": workload.dns_clients, "period_s": period_s, "closely": CLOSELY}
    sides = [environment.primary.name, environment.standby.name]
    places = [*sides, *(name for name in net.edges if name not in sides)]
    terms = terms_of(environment)
    (platform,), (steering,) = net.of(Platform), net.of(Steering)
    fronts = steering.fronts()
    told = {
        "history": str(net.ground.folder / HISTORY),
        "dns": list(dns),
        "record": environment.edge.record,
        "port": net.edges[sides[0]].port,
        "address_book": {
            **{edge.answered: list(net.edge(CLIENTS, place)) for place, edge in net.edges.items()},
            **{answered: list(address) for answered, address in fronts.items()},
        },
        "fronts": list(fronts),
        "edges": {place: net.edges[place].answered for place in places},
        "cohorts": cohorts,
        "workload": options.subject.workload.model_dump(),
        "keys": "shared",
        "timeout_s": workload.timeout_s,
        "canaries": link_canaries(net),
        "seed": options.seed,
    }
    if members := members_of(environment, options.timing):
        told["audience"] = members
    for names in net.of(NameService):
        told |= {"resolvers": [list(at) for at in names.asked()], "stub": asdict(names.stub)}
    if terms is None:
        return told
    return told | {
        "hosts": list(terms.hosts),
        "tls": None if (tls := tls_of(environment)) is None else tls.model_dump(),
        "key_prefix": terms.key_prefix,
        "written": None if platform.written is None else str(platform.written),
        "dns_probe_period_s": terms.dns_probe_period_s,
        "canary_period_s": terms.canary_period_s,
    }


def link_canaries(net: Net) -> list[dict[str, Any]]:
    """The witness's own probes beside the links that faults hit."""
    return [
        {"link": arrow.link.name, "address": list(net.at(arrow)), **arrow.probe}
        for arrow in net.arrows
        if arrow.probe is not None
    ]
