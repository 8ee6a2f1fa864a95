"""Reads run.json back.

What is read may come from anywhere: sizes, types, and paths are checked before anything is believed, and every
mistake is an InputError that says where.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from harness.drill.evidence import (
    DrillResult,
    EpisodeResult,
    FaultResult,
    Finding,
    InterruptionResult,
    NotMeasured,
    ObjectiveResult,
    Objectives,
    Outage,
    PredictionResult,
    RestoreResult,
    RpoResult,
    RunResult,
    StopResult,
)
from harness.errors import InputError, Problem
from harness.outcome import Bracket, Verdict, merge_run
from harness.regular_files import read_text
from harness.reporting import schema
from harness.units import to_ns

LARGEST_FILE_BYTES = 64 * 1024 * 1024
_SECONDS_MAX = 10 * 365 * 24 * 3600.0


def validate(path: Path) -> dict[str, Any]:
    """Check a run.json against the schema, and that its paths stay inside its folder.

    Returns the parsed object. Raises InputError with every problem found.
    """
    body = _parse(path)
    problems = schema.problems(body, str(path))
    if not problems:
        problems = _path_problems(body, path) + _time_problems(body, path)
    if problems:
        raise InputError(*problems)
    assert isinstance(body, dict)
    return body


def load(path: Path) -> RunResult:
    """Read a run.json back. Raises InputError when it is missing, too large, or not evidence, and where it tells of no
    drill or has a verdict that its drills do not make."""
    body = validate(path)
    if not body["drills"]:
        raise InputError(Problem(str(path), None, "it tells of no drill, so it shows nothing, and has no verdict"))
    verdict = merge_run(Verdict(drill["verdict"]) for drill in body["drills"])
    if body["verdict"] != verdict:
        text = f"its verdict is {body['verdict']}, and its drills make {verdict}; drill verify says what else differs"
        raise InputError(Problem(str(path), None, text))
    environment = body["environment"]
    try:
        return RunResult(
            run_id=body["run_id"],
            started_at=datetime.fromisoformat(body["started_at"]),
            finished_at=datetime.fromisoformat(body["finished_at"]),
            versions=body["versions"],
            environment=environment["name"],
            profile=environment["profile"],
            subject=environment.get("subject", ""),
            capabilities=environment["capabilities"],
            verdict=Verdict(body["verdict"]),
            drills=tuple(_drill(drill) for drill in body["drills"]),
            seed=body.get("seed"),
            machine=body.get("machine", {}),
            typed=body.get("typed", {}),
            not_measured=tuple(_left_out(left) for left in body.get("not_measured", ())),
        )
    except (ValueError, OverflowError) as error:
        raise InputError(Problem(str(path), None, str(error))) from error


def inside(folder: Path, relative: str) -> Path:
    """The file that a path of the evidence names. Raises InputError when it would leave the run's folder."""
    pure = PurePosixPath(relative)
    root = folder.resolve()
    try:
        target = (root / relative).resolve()
    except (ValueError, OSError, RuntimeError) as error:  # a NUL byte, too long a name, a loop of symbolic links
        raise InputError(f"not a path: {relative!r}") from error
    if pure.is_absolute() or "\\" in relative or not target.is_relative_to(root):
        raise InputError(f"path leaves the run's folder: {relative!r}")
    return target


def _parse(path: Path) -> object:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            raise InputError(Problem(str(path), None, f"{size} bytes; the limit is {LARGEST_FILE_BYTES}"))
        text = read_text(path)
        parsed: object = json.loads(
            text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_without_repetition
        )
    except OSError as error:
        raise InputError(Problem(str(path), None, f"cannot be read: {error.strerror}")) from error
    except json.JSONDecodeError as error:
        raise InputError(Problem(str(path), error.lineno, f"not JSON: {error.msg}")) from error
    except (ValueError, RecursionError) as error:
        raise InputError(Problem(str(path), None, f"not JSON that can be used: {error}")) from error
    return parsed


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Readers differ in which of two equal keys they take: neither may say another verdict."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"a key stands twice in one object: {next(key for key in keys if keys.count(key) > 1)!r}")
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"number out of range: {text[:40]}")
    return value


def _path_problems(body: Any, path: Path) -> list[Problem]:
    found = []
    for drill in (one for last in body["drills"] for one in (last, *last.get("attempts", ()))):
        for name in (drill["history"], *drill.get("logs", ()), *drill.get("files", {})):
            try:
                inside(path.parent, name)
            except InputError as error:
                found.append(Problem(str(path), None, f"drill {drill['name']!r}: {error}"))
    return found


def _time_problems(body: Any, path: Path) -> list[Problem]:
    found = []
    for name in ("started_at", "finished_at"):
        try:
            aware = datetime.fromisoformat(body[name]).tzinfo is not None
        except ValueError:
            aware = False
        if not aware:
            found.append(Problem(str(path), None, f"$.{name}: not a date-time with an offset: {body[name]!r:.80}"))
    return found


def _ns(value_s: float | None) -> int | None:
    if value_s is None:
        return None
    if not 0 <= value_s <= _SECONDS_MAX:
        raise ValueError(f"a duration must lie between 0 and {_SECONDS_MAX:g} s, not {value_s!r:.40}")
    return to_ns(value_s)


def _bracket(body: Mapping[str, Any] | None) -> Bracket | None:
    if body is None:
        return None
    low_ns = _ns(body["low_s"])
    assert low_ns is not None
    return Bracket(low_ns, _ns(body["high_s"]), _ns(body.get("point_s")))


def _outage(body: Mapping[str, Any]) -> Outage:
    duration = _bracket(body)
    assert duration is not None
    return Outage(body.get("cohort", ""), duration, body["first_bad_ns"], body.get("last_bad_ns"))


def _prediction(body: Mapping[str, Any] | None) -> PredictionResult | None:
    total = _bracket(body)
    if body is None or total is None:
        return None
    phases = {name: found for name, value in body.get("phases", {}).items() if (found := _bracket(value)) is not None}
    return PredictionResult(body["profile"], total, phases)


def _interruption(body: Mapping[str, Any]) -> InterruptionResult:
    duration = _bracket(body)
    assert duration is not None
    rest = [name for name in InterruptionResult.__dataclass_fields__ if name != "duration"]
    return InterruptionResult(duration=duration, **_known(body, *rest))


def _known(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: body[name] for name in names if name in body}


def _left_out(body: Mapping[str, Any]) -> NotMeasured:
    fields = _known(body, *(name for name in NotMeasured.__dataclass_fields__ if name != "tags"))
    return NotMeasured(**fields, tags=tuple(body.get("tags", ())))


def _fault(body: Mapping[str, Any]) -> FaultResult:
    lists = {name: tuple(body.get(name, ())) for name in ("kinds_used", "touched")}
    return FaultResult(**_known(body, *FaultResult.__dataclass_fields__) | lists)


def _rpo(body: Mapping[str, Any] | None) -> RpoResult | None:
    if body is None:
        return None
    fields = _known(body, *(name for name in RpoResult.__dataclass_fields__ if name != "missing_ids"))
    return RpoResult(**fields, missing_ids=tuple(body.get("missing_ids", ())))


def _drill(body: Mapping[str, Any]) -> DrillResult:
    return DrillResult(
        **_known(body, "name", "feature", "scenario", "history", "history_sha256", "failback", "why", "prediction_s"),
        **_known(body, "availability", "witness", "settings", "duration_s", "overhead_s", "control", "phases_ns"),
        **_known(body, "unsent", "unseen_s", "typed", "promise", "noticed_by", "measured"),
        verdict=Verdict(body["verdict"]),
        reasons=tuple(body["reasons"]),
        objectives=Objectives(**_known(body["objectives"], *Objectives.__dataclass_fields__)),
        tags=tuple(body.get("tags", ())),
        results=_results(body),
        faults=tuple(_fault(fault) for fault in body["faults"]),
        rto=_bracket(body["rto"]),
        rto_by_cohort={cohort: _bracket(value) for cohort, value in body.get("rto_by_cohort", {}).items()},
        rpo=_rpo(body["rpo"]),
        findings=tuple(Finding(**_known(f, *Finding.__dataclass_fields__)) for f in body.get("findings", ())),
        outages=tuple(_outage(outage) for outage in body.get("outages", ())),
        logs=tuple(body.get("logs", ())),
        files=body.get("files", {}),
        stop_conditions=tuple(body.get("stop_conditions", ())),
        stopped=_stopped(body.get("stopped")),
        places=body.get("places", {}),
        episodes=tuple(_episode(episode) for episode in body.get("episodes", ())),
        prediction=_prediction(body.get("prediction")),
        production_prediction=_prediction(body.get("production_prediction")),
        planned_interruption=_bracket(body.get("planned_interruption")),
        planned_interruptions=tuple(_interruption(one) for one in body.get("planned_interruptions", ())),
        restore=_restore(body.get("restore")),
        attempts=tuple(_drill(attempt) for attempt in body.get("attempts", ())),
    )


def _stopped(body: Mapping[str, Any] | None) -> StopResult | None:
    if body is None:
        return None
    lists = {name: tuple(body.get(name, ())) for name in ("samples", "output")}
    return StopResult(**_known(body, *StopResult.__dataclass_fields__) | lists)


def _restore(body: Mapping[str, Any] | None) -> RestoreResult | None:
    rto = None if body is None else _bracket(body.get("rto"))
    if body is None or rto is None:
        return None
    rest = (name for name in RestoreResult.__dataclass_fields__ if name not in ("rto", "takes", "lost_ids"))
    lost = tuple(body.get("lost_ids", ()))
    return RestoreResult(**_known(body, *rest), rto=rto, takes=_bracket(body.get("takes")), lost_ids=lost)


def _results(body: Mapping[str, Any]) -> tuple[ObjectiveResult, ...]:
    return tuple(
        ObjectiveResult(r["name"], Verdict(r["verdict"]), r["text"], r.get("episode"), r.get("promise", False))
        for r in body.get("results", ())
    )


def _episode(body: Mapping[str, Any]) -> EpisodeResult:
    return EpisodeResult(
        **_known(body, "name", "begins", "serving", "expected", "steady_ns", "start_ns", "heal_ns", "end_ns"),
        **_known(body, "phases_ns", "prediction_s", "why", "noticed_by"),
        faults=tuple(body.get("faults", ())),
        healed=tuple(body.get("healed", ())),
        rto=_bracket(body.get("rto")),
        rto_by_cohort={cohort: _bracket(value) for cohort, value in body.get("rto_by_cohort", {}).items()},
        rpo=_rpo(body.get("rpo")),
        prediction=_prediction(body.get("prediction")),
        production_prediction=_prediction(body.get("production_prediction")),
        results=_results(body),
    )
