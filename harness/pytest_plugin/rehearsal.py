"""Goes through a scenario's steps without a world, so that what cannot be shown is refused before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

from pytest_bdd.steps import StepFunctionContext

from harness.drill import words as meant
from harness.drill.facade import PROMISED_LATE, STOPPED_LATE
from harness.drill.options import RunOptions
from harness.drill.plan import law_of, objectives_of, refuse_impossible
from harness.drill.stopping.command import missing
from harness.drill.stopping.stated import conditions_of
from harness.errors import InputError, Problem
from harness.faults.catalogue import fault_named, struck
from harness.faults.model import Fault
from harness.faults.needs import ONE_SIDE_WRITES, component
from harness.pytest_plugin.audience_rehearsal import AudienceRehearsal
from harness.pytest_plugin.course import NEED_CLIENTS, Course
from harness.pytest_plugin.journey_rehearsal import JourneyRehearsal
from harness.pytest_plugin.party_rehearsal import PartyRehearsal
from harness.pytest_plugin.resolving import Resolved
from harness.pytest_plugin.shop_rehearsal import ShopRehearsal
from harness.pytest_plugin.vocabulary import is_ours
from harness.topology.stop import StopErrors
from harness.units import to_s

NOBODY = "nobody"


@dataclass(frozen=True)
class Asked:
    """What a step asks of the drill: the method's name, its arguments by name, and the step's line."""

    what: str
    arguments: dict[str, Any]
    line: int


class Rehearsal(PartyRehearsal, ShopRehearsal, JourneyRehearsal, AudienceRehearsal):
    """Takes the drill's place: remembers what is asked of it, and does nothing.

    needs: what its faults need; faults: those that it would apply; freezes: whether it stops the failover.
    """

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        self.asked: list[Asked] = []
        self.course = Course(options.environment.primary.name)
        self.needs: set[str] = set()
        self._missing: set[str] = set()
        self.faults: list[Fault] = []
        self.freezes = options.settings.failover_off
        self._injects = not options.settings.fault_none
        self.line = 0
        self._stop_when: dict[str, StopErrors] = {}
        self.stops: tuple[str, ...] = ()

    def region(self, words: str) -> str:
        """See Drill.region."""
        return meant.place_of(words, self._options.environment)

    def ends(self, words: str) -> str:
        """See Drill.ends."""
        return meant.ends_of(words, self._options.environment)

    @property
    def monitor(self) -> str:
        """See Drill.monitor; where there is none, the drill will be INVALID, and is no mistake."""
        return meant.deciders_of(self._options.subject) or NOBODY

    @property
    def active_region(self) -> str:
        """See Drill.active_region."""
        return self.course.serving

    def scaled_s(self, production_s: float) -> float:
        """See Drill.scaled_s."""
        return self._options.timing.interval_s(production_s)

    def need(self, capability: str) -> None:
        """See Drill.need: where the world lacks it, the drill is left out."""
        self.needs.add(capability)

    def need_components(self, names: Sequence[str]) -> None:
        """See Drill.need_components. What is done to one that there is not is no mistake: it will not come to it."""
        self._missing.update(meant.components_missing(names, self._options.subject))
        self.needs.update(map(component, self._missing))

    def promise(self, **objectives: Any) -> None:
        """Remember objectives. Raises InputError when something is broken already, as Drill.promise does."""
        if self.course.broken:
            raise InputError(PROMISED_LATE)
        refuse_impossible(objectives)
        self._remember("promise", objectives)

    def stop_when(self, **conditions: StopErrors) -> None:
        """See Drill.stop_when. Raises InputError when something is broken already, and for what could never hold."""
        if self.course.broken:
            raise InputError(STOPPED_LATE)
        self._stop_when |= conditions
        options = self._options
        self.stops = conditions_of(options.environment, options.timing, options.settings, self._stop_when).texts
        self._remember("stop_when", dict(conditions))

    def override(self, **settings: Any) -> None:
        """See Drill.override."""
        self._injects = self._injects and not settings.get("fault_none", False)
        self.freezes = self.freezes or settings.get("failover_off", False)
        self._remember("override", settings)

    def require_world(self, need: str) -> None:
        """Remember what the world must be able to do."""
        self.needs.add(need)

    def inject(self, kind: str, **arguments: Any) -> None:
        """Remember a fault. Raises InputError for places and processes that there are not, and what is no fault."""
        environment, subject = self._options.environment, self._options.subject
        named = {k: v for k, v in arguments.items() if k not in ("region", "mode", "for_s")}
        region, target = arguments.get("region"), None
        if region is not None:
            target = meant.target_of(region, environment, struck(kind, arguments.get("service")))
        for end in ("source", "to", "target"):
            for name in filter(None, (arguments.get(end) or "").split(",")):
                meant.location_of(name, environment)
        instance = arguments.get("instance")
        if instance not in (None, NOBODY) and instance.partition(".")[0] not in self._missing:
            meant.instance_of(instance, subject, environment)
        mode = self._options.settings.mode_of(kind, arguments.get("mode"))
        fault = fault_named(kind, target=target, mode=mode, **named)
        if self._injects:
            self.needs.update(fault.needs)
            self.faults.append(fault)
        self.course.clients_at_work()
        self.course.breaks(fault, heals_itself=arguments.get("for_s") is not None)
        self._remember("inject", {"kind": kind, **arguments})

    def stall_replication(self, for_s: float | None) -> None:
        """Remember a stall, which goes on until it is healed."""
        self.course.clients_at_work()
        stall = fault_named("replication-stall")
        self.faults += [stall] if self._injects else []
        self.course.breaks(stall, heals_itself=False)
        self._remember("stall_replication", {"for_s": for_s})

    def heal(self, region: str | None = None) -> None:
        """Remember a heal. Raises InputError for a place that there is not, or where nothing holds."""
        if region is None:
            self.course.heals_all(self.line)
        else:
            self.course.heals(*meant.healed_by(region, self._options.environment), line=self.line)
        self._remember("heal", {} if region is None else {"region": region})

    def reach_steady_state(self, region: str) -> None:
        """See Drill.reach_steady_state."""
        self.course.clients_at_work()
        self.course.calm_in(region)
        self._remember("reach_steady_state", {"region": region})

    def require_failback(self, region: str) -> None:
        """See Drill.require_failback."""
        self.course.clients_at_work()
        self.course.fails_back(region, self.line)
        self._remember("require_failback", {"region": region})

    def require_recovery(self, region: str) -> None:
        """See Drill.require_recovery. Raises InputError when there is nothing left to recover from."""
        self.course.clients_at_work()
        self.course.recovers(region)
        self._remember("require_recovery", {"region": region})

    def require_nowhere(self) -> None:
        """See Drill.require_nowhere. Raises InputError unless every place is lost."""
        self.course.clients_at_work()
        self.course.goes_nowhere(self._options.environment)
        self._remember("require_nowhere", {})

    def require(self, requirement: str, *, at_rest: bool = False) -> None:
        """See Drill.require. Raises InputError for final data while something is broken. What the subject's file
        promises the contrary of cannot be shown here: the drill is left out."""
        if at_rest:
            self.course.rests(self.line)
        if requirement == "split-brain" and self._options.subject.consistency.writes == "both":
            self.needs.add(ONE_SIDE_WRITES)
        self._remember("require", {"requirement": requirement, "at_rest": at_rest})

    def _remember(self, what: str, arguments: dict[str, Any]) -> None:
        self.asked.append(Asked(what, arguments, self.line))

    def __getattr__(self, name: str) -> Callable[..., None]:
        def ask(*_: Any, **arguments: Any) -> None:
            if name in NEED_CLIENTS:
                self.course.clients_at_work()
            self._remember(name, arguments)

        return ask


@dataclass(frozen=True)
class Rehearsed:
    """What a scenario would do to a world. needs: see harness.faults.needs. freezes: it stops the failover.

    stops: its stop conditions in words, where it states any of its own; none: those of the environment hold.
    """

    needs: tuple[str, ...]
    faults: tuple[Fault, ...]
    freezes: bool
    stops: tuple[str, ...] = ()


def refuse_mistakes(file: Path, steps: Sequence[Resolved], options: RunOptions) -> tuple[str, ...]:
    """As `rehearsed` does; what the scenario's faults need of a world."""
    return rehearsed(file, steps, options).needs


def rehearsed(file: Path, steps: Sequence[Resolved], options: RunOptions) -> Rehearsed:
    """Refuse steps about what there is not, or in an order that can show nothing, and faults that heal too early.

    steps: of a scenario, in their order, with its examples filled in. Raises InputError with file and line.
    """
    conditions_of(options.environment, options.timing, options.settings)
    if told := missing(options.environment):
        raise InputError(told)
    rehearsal, problems = _rehearse(file, steps, options)
    if problems:
        raise InputError(*problems)
    problems = list(_short_faults(file, rehearsal.asked, options))
    if problems:
        raise InputError(*problems)
    return Rehearsed(tuple(sorted(rehearsal.needs)), tuple(rehearsal.faults), rehearsal.freezes, rehearsal.stops)


def _short_faults(file: Path, steps: Sequence[Asked], options: RunOptions) -> Iterator[Problem]:
    """A fault that heals by itself must hold for longer than the objective and the window after it.

    Else nobody could tell whether the plan brought recovery, or the heal. Where another fault goes on holding, that one
    is what clients recover from.
    """
    environment, timing, settings = options.environment, options.timing, options.settings
    if settings.fault_none:
        return
    window = to_s(law_of(environment, timing).window_ns)
    stated, held, others = objectives_of(environment, timing, settings), None, False
    for asked in steps:
        if asked.what == "promise":
            stated = objectives_of(environment, timing, settings, replace(stated, **asked.arguments))
        elif asked.what == "inject":
            lasting = asked.arguments.get("for_s") is None
            others = others or lasting
            held = None if others else asked
        elif asked.what == "heal":
            held, others = None, others and "region" in asked.arguments
        elif asked.what == "require_recovery" and held is not None and stated.rto_s is not None:
            held_s, needed_s = timing.interval_s(held.arguments["for_s"]), stated.rto_s + window
            if held_s <= needed_s:
                text = (
                    f"this fault heals by itself after {held_s:g} s, and recovery from it is judged in line "
                    f"{asked.line}: it must hold for more than the objective and the window after it, "
                    f"{stated.rto_s:g} + {window:.1f} s ({timing.profile} profile, where "
                    f"{needed_s / timing.scale:.0f} seconds in a step make {needed_s:.1f} s)"
                )
                yield Problem(str(file), held.line, text)
                return


def _rehearse(file: Path, steps: Sequence[Resolved], options: RunOptions) -> tuple[Rehearsal, list[Problem]]:
    """The steps as they were rehearsed, and what is wrong with them."""
    rehearsal = Rehearsal(options)
    problems: list[Problem] = []
    for resolved in steps:
        step = resolved.step
        if resolved.definition is None or not is_ours(resolved.definition):
            rehearsal.course.foreign = True
            continue
        rehearsal.line = step.line_number
        try:
            _take(resolved.definition, step.name, rehearsal)
        except InputError as error:
            problems.extend(Problem(str(file), step.line_number, str(problem)) for problem in error.problems)
        except ValueError as error:
            told = f"step {step.name!r} has a value that does not fit: {error}"
            problems.append(Problem(str(file), step.line_number, told))
    return rehearsal, problems


def _take(context: StepFunctionContext, text: str, rehearsal: Rehearsal) -> None:
    parsed = context.parser.parse_arguments(text) or {}
    converters = context.converters
    values = {name: converters[name](value) if name in converters else value for name, value in parsed.items()}
    wanted = signature(context.step_func).parameters
    context.step_func(**{name: value for name, value in {"drill": rehearsal, **values}.items() if name in wanted})
