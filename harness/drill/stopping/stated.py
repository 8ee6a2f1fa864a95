"""A drill's stop conditions: `--set stop...` over what the scenario says over the environment file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TypeVar

from pydantic import ValidationError

from harness.drill.settings import Settings
from harness.drill.stopping.conditions import CommandCondition, RequestCondition, StopConditions
from harness.errors import InputError
from harness.topology.environment import Environment
from harness.topology.stop import Stop, StopCommand, StopErrors, StopLatency, window_s
from harness.topology.stop_check import place_of, stop_mistakes, too_few
from harness.topology.timing import Timing
from harness.units import to_ns

Condition = TypeVar("Condition", bound=StopErrors)


def conditions_of(
    environment: Environment,
    timing: Timing,
    settings: Settings,
    scenario: Mapping[str, StopErrors] | None = None,
    addresses: Mapping[str, str] | None = None,
) -> StopConditions:
    """In the wall time of a profile. scenario: conditions of its own, by name. addresses: of each place.

    Raises InputError for what is no condition, and for one that could never hold.
    """
    stated = environment.stop.model_copy(update=dict(scenario or {}))
    stop = stated.model_copy(
        update={
            "errors": _over(StopErrors, "errors", stated.errors, settings),
            "latency": _over(StopLatency, "latency", stated.latency, settings),
        }
    )
    problems = [mistake.text for mistake in stop_mistakes(stop, environment)]
    problems += [
        f"{_said_at(name, one, environment)}stop.{name}.{why}"
        for name, one in (("errors", stop.errors), ("latency", stop.latency))
        if one is not None and (why := too_few(one, environment.workload, timing))
    ]
    if problems:
        raise InputError(*problems)
    return _plain(stop, environment, timing, addresses or {})


def _said_at(name: str, condition: StopErrors, environment: Environment) -> str:
    """FILE:LINE of a condition that stands as the environment file says it; nothing of another one."""
    own = getattr(environment.stop, name) == condition
    return f"{environment.stop_at[name]}: " if own and name in environment.stop_at else ""


def _over(kind: type[Condition], name: str, stated: Condition | None, settings: Settings) -> Condition | None:
    given = {
        field: value
        for field in ("share", "window_s", "above_ms")
        if (value := getattr(settings, f"stop_{name}_{field}", None)) is not None
    }
    if not given:
        return stated
    try:
        return kind.model_validate({} if stated is None else stated.model_dump()).model_copy(update=given)
    except ValidationError:
        pass
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        missing = ", ".join(str(part) for item in error.errors() for part in item["loc"])
        raise InputError(f"--set stop.{name}...: no stop condition of {name} without {missing} as well") from None


def _plain(stop: Stop, environment: Environment, timing: Timing, addresses: Mapping[str, str]) -> StopConditions:
    def of_requests(one: StopErrors | None) -> RequestCondition | None:
        if one is None:
            return None
        place = place_of(one, environment)
        above_ns = to_ns(one.above_ms / 1000) if isinstance(one, StopLatency) else None
        name = None if place is None else place.name
        address = None if name is None else addresses.get(name)
        return RequestCondition(one.share, to_ns(window_s(one, timing)), one.requests, above_ns, name, address)

    return StopConditions(of_requests(stop.errors), of_requests(stop.latency), _command(stop.command))


def _command(one: StopCommand | None) -> CommandCondition | None:
    return None if one is None else CommandCondition(_program(one), to_ns(one.every_s), to_ns(one.timeout_s))


def _program(one: StopCommand) -> str:
    """Its name without any argument, which may hold what nobody may see; of a script, the script's."""
    first, *rest = one.command
    script = rest[0] if first.startswith("python") and rest and not rest[0].startswith("-") else first
    return PurePath(script).name
