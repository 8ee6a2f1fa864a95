"""What `--set KEY=VALUE` may override in any drill."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from harness.errors import InputError
from harness.faults.catalogue import FAULTS
from harness.kit.config import refuse_misfit
from harness.kit.plain_numbers import number, whole
from harness.topology.environment import ProfileObjectives, Workload
from harness.topology.stop import StopLatency


@dataclass(frozen=True)
class Settings:
    """Overrides of what a scenario says; None: as the scenario or the environment has it.

    failover_off: the subject's failover is disabled, so the drill must go red. fault_none: nothing is injected, so
    the drill must be INVALID. functions: the file whose handler all functions run instead of their own. restore: what
    becomes of the restore that a scenario asks for: `off`: nothing; `late`: it is to a moment after what it is to undo;
    `damaged`: from a backup that is spoilt.
    rate_per_s: operations per second of the judged clients. sections: numbers of parts, each by section and key, over
    what the environment file says there. variables: a component, a name, a value: over its own.
    """

    failover_off: bool = False
    fault_none: bool = False
    functions: Path | None = None
    fault_mode: str | None = None
    restore: str | None = None
    reconcile: str | None = None
    rto_s: float | None = None
    rpo_items: int | None = None
    rpo_s: float | None = None
    error_budget: float | None = None
    rate_per_s: float | None = None
    planned_interruption_s: float | None = None
    stop_errors_share: float | None = None
    stop_errors_window_s: float | None = None
    stop_latency_share: float | None = None
    stop_latency_window_s: float | None = None
    stop_latency_above_ms: float | None = None
    sections: tuple[tuple[str, str, float], ...] = ()
    variables: tuple[tuple[str, str, str], ...] = ()
    given: tuple[tuple[str, str], ...] = ()

    def mode_of(self, kind: str, stated: str | None) -> str | None:
        """`fault.mode` concerns the faults that know that mode; a stall beside a loss keeps its own."""
        known = FAULTS[kind].modes if kind in FAULTS else ()
        return self.fault_mode if self.fault_mode in known else stated


SECTIONED = ("dns.resolvers", "dns.name_servers", "dns.timeout_s", "steering.negative_ttl_s")
"""Numbers of parts: a section of the environment file and a key in it. The part says what it takes."""


def _switch(word: str) -> Callable[[str], bool]:
    def parse(text: str) -> bool:
        if text != word:
            raise ValueError(f"only `{word}` is allowed")
        return True

    return parse


def _within(
    model: type[BaseModel], field: str, read: Callable[[str], float] = number
) -> tuple[str, Callable[[str], Any]]:
    """A number that goes by its field's name, with the limits that it has in an environment file."""

    def parse(text: str) -> float:
        value = read(text)
        refuse_misfit(model, field, value)
        return value

    return field, parse


def _stop(name: str, field: str) -> tuple[str, Callable[[str], Any]]:
    """A number of a stop condition, over what the scenario or the environment file says."""
    return f"stop_{name}_{field}", _within(StopLatency, field)[1]


def _restore(text: str) -> str:
    if text not in ("off", "late", "damaged"):
        raise ValueError(
            "must be off (nothing is restored), late (to a moment after the corruption) or damaged (from such a backup)"
        )
    return text


def _reconcile(text: str) -> str:
    if text not in ("off", "primary"):
        raise ValueError("must be off (nobody reconciles) or primary (its items stand, whatever they are)")
    return text


def _mode(text: str) -> str:
    known = sorted({mode for fault in FAULTS.values() for mode in fault.modes})
    if text not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return text


_KEYS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "failover": ("failover_off", _switch("off")),
    "fault": ("fault_none", _switch("none")),
    "fault.mode": ("fault_mode", _mode),
    "restore": ("restore", _restore),
    "reconcile": ("reconcile", _reconcile),
    "objective.rto_s": _within(ProfileObjectives, "rto_s"),
    "objective.rpo_items": _within(ProfileObjectives, "rpo_items", whole),
    "objective.rpo_s": _within(ProfileObjectives, "rpo_s"),
    "objective.error_budget": _within(ProfileObjectives, "error_budget"),
    "objective.planned_interruption_s": _within(ProfileObjectives, "planned_interruption_s"),
    "workload.rate_per_s": _within(Workload, "rate_per_s"),
    **dict.fromkeys(SECTIONED, ("sections", number)),
    "stop.errors.share": _stop("errors", "share"),
    "stop.errors.window_s": _stop("errors", "window_s"),
    "stop.latency.share": _stop("latency", "share"),
    "stop.latency.window_s": _stop("latency", "window_s"),
    "stop.latency.above_ms": _stop("latency", "above_ms"),
}


def parse_settings(pairs: Sequence[str]) -> Settings:
    """Settings from KEY=VALUE texts. Raises InputError that names every wrong pair and what is allowed."""
    settings = Settings(given=tuple(_split(pair) for pair in pairs))
    problems = list(_repeated(settings.given))
    for key, text in settings.given:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            problems.append(f"--set {key}: unknown key; {hint}known: {', '.join(_KEYS)}")
            continue
        field, parse = _KEYS[key]
        try:
            value = parse(text)
            if field == "sections":
                value = (*settings.sections, (*key.split("."), value))
            settings = replace(settings, **{field: value})
        except ValueError as error:
            problems.append(f"--set {key}={text}: {error}")
    if problems:
        raise InputError(*problems)
    return settings


def _repeated(given: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Of two values for one thing, nobody could tell from the run which one held."""
    for key in dict.fromkeys(key for key, _ in given):
        said = [f"--set {key}={text}" for one, text in given if one == key]
        if len(said) > 1:
            yield f"{' and '.join(said)}: only one of them can hold; leave out the others"


def _split(pair: str) -> tuple[str, str]:
    key, separator, value = pair.partition("=")
    if not separator or not key.strip():
        raise InputError(f"--set {pair}: must be KEY=VALUE")
    return key.strip(), value.strip()
