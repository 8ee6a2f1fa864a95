"""The seam of steering: how clients are led to a place, and which law their recovery follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.engines.health_checks.policy import Blindness
from harness.engines.provider.values import ApiLoss
from harness.errors import WorldError
from harness.faults.model import Link
from harness.kit.address import Address, join_address
from harness.measurement.phases import STEPS
from harness.measurement.prediction import EdgeLaw
from harness.names import CANARY, CONTROL_PLANE, HEALTH_CHECKS, OUTSIDE, PROVIDER
from harness.topology.environment import Environment
from harness.topology.kinds import checked, load, section_named
from harness.topology.timing import Timing
from harness.world.part import Part
from harness.world.wires import Arrow

TTL, INTERVAL, THRESHOLD = "ttl", "interval", "threshold"
Setting = tuple[str, ...] | str
"""The keys that lead to a value in the environment file; a text: there is no such value, and why."""
_UNSAID = "this way to lead clients does not say where it has one"


class Steering(Part):
    """Leads clients to an edge by DNS.

    What only some can: lose_api and restore_api, of those whose capabilities name `provider_control_plane`; blind and
    unblind, of those that name `provider_health_checks` (harness.faults.needs). `watched_by` gives the canaries' arrows
    without which such a fault is never proven.
    """

    def freeze(self) -> None:
        """From now on the answer stays, whatever changes."""
        raise NotImplementedError

    def thaw(self) -> None:
        """The answer follows again."""
        raise NotImplementedError

    def answers(self) -> Sequence[str]:
        """What may be answered for the application's name now; none while the name is not known yet."""
        raise NotImplementedError

    def fronts(self) -> Mapping[str, Address]:
        """Answered address -> where to dial, of proxies in front of all places, whose addresses say nothing of a place.

        Their answers say in `X-Drill-Edge` which place they came from (harness.names).
        """
        return {}

    @property
    def dns(self) -> Address:
        """Its name server."""
        raise NotImplementedError

    def lose_api(self, mode: ApiLoss = "failing") -> None:
        """From now on its API answers nothing, or every call with an error of its own; answers and checks go on."""
        raise WorldError(f"{self.name}: its API cannot be lost here")

    def restore_api(self) -> None:
        """The API answers again; also where it was not lost."""
        raise WorldError(f"{self.name}: its API cannot be lost here")

    def blind(self, mode: Blindness = "unreachable") -> None:
        """From now on its health checks reach nothing, or go on saying what they said last."""
        raise WorldError(f"{self.name}: its health checks cannot go blind here")

    def unblind(self) -> None:
        """The health checks see again; also where they did all the time."""
        raise WorldError(f"{self.name}: its health checks cannot go blind here")


def reads_metrics(environment: Environment) -> bool:
    """Whether its health checks look at regions' metrics, as `reads_metrics` in the `spec.py` of its kind says.

    Then each region brings a link of theirs to its CloudWatch.
    """
    found = getattr(load(section_named("steering"), environment.steering.kind, "spec"), "reads_metrics", None)
    return found is not None and bool(found(environment))


@dataclass(frozen=True)
class Asked:
    """Where a canary asks how a provider is. bad: texts in an answer that mean it is not well; no answer does, too."""

    address: Address
    path: str
    bad: tuple[str, ...] = ()


def watched_by(api: Asked | None, checks: Asked | None) -> Iterator[Arrow]:
    """The canaries' arrows to the API of whoever steers clients, and to where it says whether its checks see."""
    for service, asked in ((CONTROL_PLANE, api), (HEALTH_CHECKS, checks)):
        if asked is not None:
            link = Link(CANARY, OUTSIDE, PROVIDER, OUTSIDE, service, from_canary=True)
            host = join_address(asked.address)
            yield Arrow(link, asked.address, probe={"kind": "http", "path": asked.path, "host": host, "bad": asked.bad})


@dataclass(frozen=True)
class Milestone:
    """What a steering's own health checks tell, for the phases of a recovery. kind: of HealthTransition events."""

    name: str
    label: str
    kind: str


def phases_of(environment: Environment) -> Sequence[str]:
    """The milestones of a recovery that an environment's steering has, by the names of harness.measurement.phases."""
    module = load(section_named("steering"), environment.steering.kind, "law")
    if hasattr(module, "phases"):
        told: Sequence[str] = module.phases(environment)
        return told
    return _said(getattr(module, "PHASES", STEPS), environment)


def law_of(environment: Environment, timing: Timing) -> EdgeLaw:
    """The law of an environment's steering. Raises InputError for a kind that does not exist."""
    found: EdgeLaw = load(section_named("steering"), environment.steering.kind, "law").law(environment, timing)
    return found


def milestones_of(environment: Environment) -> Sequence[Milestone]:
    """What an environment's steering tells of itself."""
    return _said(load(section_named("steering"), environment.steering.kind, "law").MILESTONES, environment)


def settings_of(environment: Environment) -> Mapping[str, Setting]:
    """Where the file says TTL, interval and threshold of its steering, each by its word.

    A law has them as `SETTINGS`, a mapping or, as with milestones, a function of the environment.
    """
    found = getattr(load(section_named("steering"), environment.steering.kind, "law"), "SETTINGS", {})
    told: Mapping[str, Setting] = found(environment) if callable(found) else found
    return {word: told.get(word, _UNSAID) for word in (TTL, INTERVAL, THRESHOLD)}


def set_to(environment: Environment) -> Mapping[str, float]:
    """What TTL, interval and threshold are in an environment, in production's units; those that it has."""
    found = {}
    for word, keys in settings_of(environment).items():
        if not isinstance(keys, str):
            section, *rest = keys
            steering = section == "steering"
            value: Any = (
                checked(section_named(section), environment.steering) if steering else getattr(environment, section)
            )
            for key in rest:
                value = getattr(value, key)
            found[word] = float(value)
    return found


Item = TypeVar("Item")


def _said(found: Sequence[Item] | Callable[[Environment], Sequence[Item]], environment: Environment) -> Sequence[Item]:
    """What a law says for all environments, or for this one."""
    return found(environment) if callable(found) else found
