"""On which terms a stack that is not ours may be used: what is dialled there, how often, and under which keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from harness.faults.model import Fault
from harness.journeys import Journey, rate_per_s
from harness.topology.environment import Environment, Workload
from harness.topology.kinds import folder_of, is_module, load, section_named
from harness.topology.subject import Subject
from harness.topology.timing import Timing

COHORTS_BESIDE = 6
"""Clients beside the judged ones: one each, with a write and a read in `other_period_s`."""


@dataclass(frozen=True)
class Terms:
    """hosts: addresses and networks that may be dialled. key_prefix: how the keys of all items begin that are written.

    rate_max_per_s: the most requests a second that all clients and probes may send together. dns_probe_period_s,
    canary_period_s: how often the name and the places' own addresses are looked at.
    """

    hosts: tuple[str, ...]
    key_prefix: str
    rate_max_per_s: float
    dns_probe_period_s: float = 0.25
    canary_period_s: float = 0.5

    @property
    def named(self) -> str:
        """The hosts, for people."""
        return ", ".join(self.hosts)


def terms_of(environment: Environment) -> Terms | None:
    """What the platform of an environment says in its `terms.py`; None where it has none: the stack is ours."""
    module = _module(environment)
    found: Terms | None = None if module is None else module.terms(environment)
    return found


def no_way(environment: Environment, fault: Fault) -> str | None:
    """Why a stack's owner cannot bring a fault about, in a sentence; None: it can be, or the stack is ours."""
    module = _module(environment)
    found: str | None = None if module is None else module.no_way(environment, fault)
    return found


def preview_of(
    environment: Environment, subject: Subject, timing: Timing, faults: Sequence[Fault], stops: Sequence[str]
) -> Sequence[str]:
    """What drills with these faults would do to a stack that is not ours, in lines; none where it is ours."""
    module = _module(environment)
    found: Sequence[str] = () if module is None else module.preview(environment, subject, timing, faults, stops)
    return found


def _module(environment: Environment) -> ModuleType | None:
    section = section_named("platform")
    kind = environment.platform.kind
    return load(section, kind, "terms") if is_module(f"{folder_of(section, kind)}.terms") else None


def steady_rate_per_s(workload: Workload, probes: int, terms: Terms, journeys: Sequence[Journey] = ()) -> float:
    """Requests a second of all clients and probes while nothing is wrong. probes: how many addresses are looked at."""
    clients = workload.rate_per_s + COHORTS_BESIDE * 2 / workload.other_period_s + rate_per_s(journeys)
    return clients + probes / terms.canary_period_s


def closely(workload: Workload, probes: int, terms: Terms, most: int, journeys: Sequence[Journey] = ()) -> int:
    """How many times as often the judged clients may look where it hurts, at most `most`, within the hard maximum."""
    spare = terms.rate_max_per_s - steady_rate_per_s(workload, probes, terms, journeys)
    return max(1, min(most, 1 + int(spare / workload.rate_per_s)))
