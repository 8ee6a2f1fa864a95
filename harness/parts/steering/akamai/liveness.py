"""Liveness as a machine: what agents hear, when they report it, and what is decided of their reports.

| event | what comes of it |
| --- | --- |
| `Followed` | the properties are these now; of servers that are new nothing is known, and they are up |
| `Tested` | an agent has tested a server; nobody else knows yet |
| `Report` | it is an agent's turn to report its scores, every ten seconds |
| `Decide` | every five seconds: who is down by the scores that were reported; name servers answer by it at once |

A server is taken for down only when its failover delay has passed and it still fails, and for up only when its failback
delay has passed and it still succeeds. Sources: Akamai, "Understand GTM concepts" (agents report every ten seconds,
name servers hear every five), "Manage liveness tests" (seven agents for a data centre), "Failover delay and failback
delay".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from harness import scaling
from harness.engines.provider.values import nothing
from harness.parts.steering.akamai.properties import Property
from harness.parts.steering.akamai.scoring import (
    HALF_LIFE_TESTS,
    Result,
    Score,
    after,
    down,
    failing,
    middle,
    score_of,
    together,
)
from harness.units import NS_PER_S, to_ns

AGENTS = 7
"""GTM allocates a set of seven liveness testing agents for each data centre."""
REPORT_S, DECIDE_S = 10, 5
Place = tuple[str, str]
"""A property and one of its servers."""


@dataclass(frozen=True)
class Followed:
    """The properties are these now."""

    properties: Mapping[str, Property]


@dataclass(frozen=True)
class Tested:
    """An agent, by its number, has tested a server by one of the property's tests."""

    property: str
    server: str
    test: str
    agent: int
    result: Result


@dataclass(frozen=True)
class Report:
    """It is this agent's turn."""

    agent: int


@dataclass(frozen=True)
class Decide:
    """It is time to decide who is down."""


@dataclass(frozen=True)
class Forgotten:
    """Nothing that was seen counts any more."""


Event = Followed | Tested | Report | Decide | Forgotten


@dataclass(frozen=True)
class Wake:
    """Effect: report this event at this time."""

    event: Report | Decide
    until_ns: int


@dataclass(frozen=True)
class Stood:
    """Effect: a server stands otherwise. failing: it is bad by itself; up: name servers may hand it out.

    agents: of how many there are reports; well: how many of them find it good.
    """

    property: str
    server: str
    failing: bool
    up: bool
    well: int
    agents: int
    before: Standing


Effect = Wake | Stood


@dataclass(frozen=True)
class Standing:
    """How a server stands. turning_ns: since when its scores say otherwise than `up`; None: they do not."""

    up: bool = True
    failing: bool = False
    turning_ns: int | None = None


@dataclass(frozen=True)
class Liveness:
    """heard: what each agent knows, by server, test and agent; reported: the scores that it last told, by server."""

    properties: Mapping[str, Property] = field(default_factory=nothing)
    heard: Mapping[tuple[Place, str, int], Score] = field(default_factory=nothing)
    reported: Mapping[Place, Mapping[int, float]] = field(default_factory=nothing)
    standing: Mapping[Place, Standing] = field(default_factory=nothing)

    def up(self, prop: str, server: str) -> bool:
        """Whether name servers may hand a server out."""
        return self.standing_of(prop, server).up

    def standing_of(self, prop: str, server: str) -> Standing:
        """How a server stands."""
        return self.standing.get((prop, server), _UNKNOWN)

    def known(self, prop: str, server: str) -> int:
        """How many agents have reported of a server."""
        return len(self.reported.get((prop, server), ()))


_UNKNOWN = Standing()


@dataclass(frozen=True)
class LivenessRules:
    """The machine. agents: of each server. scale: of intervals and delays. phases: at which share of its period each
    agent reports for the first time, and, behind those, decisions are made."""

    agents: int = AGENTS
    scale: float = 1.0
    half_life_tests: float = HALF_LIFE_TESTS
    phases: tuple[float, ...] = ()

    @property
    def report_ns(self) -> int:
        """Between two reports of one agent."""
        return scaling.interval_ns(REPORT_S * NS_PER_S, self.scale)

    @property
    def decide_ns(self) -> int:
        """Between two decisions."""
        return scaling.interval_ns(DECIDE_S * NS_PER_S, self.scale)

    def start(self, now_ns: int) -> tuple[Liveness, tuple[Effect, ...]]:
        """Nothing is known of anybody; the clocks of reports and decisions run."""
        phases = (*self.phases, *(0.0 for _ in range(self.agents + 1 - len(self.phases))))
        first = [Wake(Report(agent), now_ns + round(phases[agent] * self.report_ns)) for agent in range(self.agents)]
        return Liveness(), (*first, Wake(Decide(), now_ns + round(phases[self.agents] * self.decide_ns)))

    def step(self, state: Liveness, event: Event, now_ns: int) -> tuple[Liveness, tuple[Effect, ...]]:
        """The next state, and what comes of it."""
        match event:
            case Followed(properties=properties):
                return _following(state, properties), ()
            case Tested():
                return self._tested(state, event), ()
            case Report(agent=agent):
                return self._told(state, agent), (Wake(event, now_ns + self.report_ns),)
            case Decide():
                state, stood = self._decided(state, now_ns)
                return state, (*stood, Wake(event, now_ns + self.decide_ns))
            case Forgotten():
                return Liveness(state.properties), ()

    def _tested(self, state: Liveness, event: Tested) -> Liveness:
        prop = state.properties.get(event.property)
        test = next((one for one in prop.tests if one.name == event.test), None) if prop is not None else None
        if test is None or prop is None or event.server not in prop.servers:
            return state
        key = ((event.property, event.server), event.test, event.agent)
        seen = after(state.heard.get(key), score_of(event.result, test), self.half_life_tests)
        return replace(state, heard={**state.heard, key: seen})

    def _told(self, state: Liveness, agent: int) -> Liveness:
        reported = dict(state.reported)
        for prop, server in _tested_servers(state):
            place = (prop.name, server)
            scores = [state.heard.get((place, test.name, agent)) for test in prop.tests]
            known = [score.reported for score in scores if score is not None]
            if known:
                told = together(prop.aggregation, known)
                reported[place] = {**reported.get(place, {}), agent: told}
        return replace(state, reported=reported)

    def _decided(self, state: Liveness, now_ns: int) -> tuple[Liveness, list[Stood]]:
        standing, stood = dict(state.standing), list[Stood]()
        for prop in state.properties.values():
            scores = scores_of(state, prop)
            bad, sick = down(prop, scores), failing(prop, scores)
            for server in prop.servers:
                place = (prop.name, server)
                before = standing.get(place, _UNKNOWN)
                after_ = self._turned(before, server not in bad, server in sick, prop, now_ns)
                standing[place] = after_
                if (after_.up, after_.failing) != (before.up, before.failing):
                    told = state.reported.get(place, {})
                    well = sum(server not in failing(prop, {server: score}) for score in told.values())
                    stood.append(Stood(*place, after_.failing, after_.up, well, len(told), before))
        return replace(state, standing=standing), stood

    def _turned(self, before: Standing, up: bool, sick: bool, prop: Property, now_ns: int) -> Standing:
        if up == before.up:
            return Standing(up, sick)
        since_ns = now_ns if before.turning_ns is None else before.turning_ns
        delay_s = prop.failback_delay_s if up else prop.failover_delay_s
        if now_ns - since_ns < scaling.interval_ns(to_ns(delay_s), self.scale):
            return Standing(before.up, sick, since_ns)
        return Standing(up, sick)


def scores_of(state: Liveness, prop: Property) -> dict[str, float]:
    """The median of what agents have reported, by server; those of which nothing was are missing."""
    found = {server: middle([*state.reported.get((prop.name, server), {}).values()]) for server in prop.servers}
    return {server: score for server, score in found.items() if score is not None}


def _tested_servers(state: Liveness) -> Iterator[tuple[Property, str]]:
    return ((prop, server) for prop in state.properties.values() for server in prop.servers)


def _following(state: Liveness, properties: Mapping[str, Property]) -> Liveness:
    """What is known of a server stays while the property is tested as it was."""
    kept = {
        (name, server)
        for name, prop in properties.items()
        if name in state.properties and state.properties[name].tests == prop.tests
        for server in prop.servers
    }
    return Liveness(
        properties,
        {key: score for key, score in state.heard.items() if key[0] in kept},
        {place: told for place, told in state.reported.items() if place in kept},
        {place: standing for place, standing in state.standing.items() if place in kept},
    )
