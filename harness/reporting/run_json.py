"""run.json: the evidence of a run as a file. `run_json_reader` reads it back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.drill.evidence import (
    DrillResult,
    EpisodeResult,
    FaultResult,
    InterruptionResult,
    ObjectiveResult,
    RestoreResult,
    RpoResult,
    RunResult,
)
from harness.errors import WorldError
from harness.outcome import Bracket
from harness.reporting import schema
from harness.storable_text import json_text, write_json

SCHEMA = "drill-evidence/1"


def to_dict(run: RunResult) -> dict[str, Any]:
    """The JSON object of a run; it validates against evidence.schema.json."""
    body = {
        "schema": SCHEMA,
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat(),
        "seed": run.seed,
        "versions": dict(run.versions),
        "machine": dict(run.machine),
        "typed": dict(run.typed),
        "environment": {
            "name": run.environment,
            "profile": run.profile,
            "subject": run.subject,
            "capabilities": dict(run.capabilities),
        },
        "verdict": run.verdict.value,
        "drills": [drill_dict(drill) for drill in run.drills],
        "not_measured": [{**asdict(left), "tags": list(left.tags)} for left in run.not_measured],
    }
    return body | {"seal": seal_of(body)}


def seal_of(body: Mapping[str, Any]) -> str:
    """The hash of everything else that a run.json says, so that a value which was changed later does not go unnoticed.

    The order of its keys and its spaces do not count.
    """
    rest = {name: value for name, value in body.items() if name != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode("ascii")).hexdigest()


def drill_dict(drill: DrillResult) -> dict[str, Any]:
    """The JSON object of one drill."""
    return {
        "name": drill.name,
        "feature": drill.feature,
        "scenario": drill.scenario,
        "tags": list(drill.tags),
        "verdict": drill.verdict.value,
        "reasons": list(drill.reasons),
        "why": drill.why,
        "control": drill.control,
        "objectives": asdict(drill.objectives),
        "results": [_result_dict(result) for result in drill.results],
        "faults": [_fault_dict(fault) for fault in drill.faults],
        "rto": _bracket_dict(drill.rto),
        "rto_by_cohort": {cohort: _bracket_dict(value) for cohort, value in drill.rto_by_cohort.items()},
        "prediction_s": drill.prediction_s,
        "phases_ns": dict(drill.phases_ns),
        "rpo": _rpo_dict(drill.rpo),
        "failback": None if drill.failback is None else {name: _plain(value) for name, value in drill.failback.items()},
        "findings": [asdict(finding) for finding in drill.findings],
        "outages": [
            {
                **o.duration.as_evidence(),
                "cohort": o.cohort,
                "first_bad_ns": o.first_bad_ns,
                "last_bad_ns": o.last_bad_ns,
            }
            for o in drill.outages
        ],
        "availability": dict(drill.availability),
        "witness": dict(drill.witness),
        "unsent": drill.unsent,
        "unseen_s": drill.unseen_s,
        "settings": dict(drill.settings),
        "typed": drill.typed,
        "duration_s": drill.duration_s,
        "overhead_s": drill.overhead_s,
        "logs": list(drill.logs),
        "history": drill.history,
        "history_sha256": drill.history_sha256,
        "files": dict(drill.files),
        "episodes": [_episode_dict(episode) for episode in drill.episodes],
        "promise": None if drill.promise is None else dict(drill.promise),
        "places": dict(drill.places),
        **_predictions(drill),
        "planned_interruption": _bracket_dict(drill.planned_interruption),
        "planned_interruptions": [_interruption_dict(one) for one in drill.planned_interruptions],
        **_noticed(drill),
        **({"attempts": [drill_dict(attempt) for attempt in drill.attempts]} if drill.attempts else {}),
        **({"measured": dict(drill.measured)} if drill.measured else {}),
        **_stopping(drill),
        **_restore(drill.restore),
    }


def _restore(found: RestoreResult | None) -> dict[str, Any]:
    """Left out where nothing was corrupted."""
    if found is None:
        return {}
    spans = {"rto": _bracket_dict(found.rto), "takes": _bracket_dict(found.takes), "lost_ids": list(found.lost_ids)}
    return {"restore": asdict(found) | spans}


def _stopping(drill: DrillResult) -> dict[str, Any]:
    """Left out where nothing was to stop the drill."""
    if not drill.stop_conditions:
        return {}
    stopped = drill.stopped
    lists = {} if stopped is None else {"samples": list(stopped.samples), "output": list(stopped.output)}
    return {
        "stop_conditions": list(drill.stop_conditions),
        "stopped": None if stopped is None else asdict(stopped) | lists,
    }


def _predictions(of: DrillResult | EpisodeResult) -> dict[str, Any]:
    return {
        name: None
        if found is None
        else {
            "profile": found.profile,
            **found.total.as_evidence(),
            "phases": {phase: bounds.as_evidence() for phase, bounds in found.phases.items()},
        }
        for name, found in (("prediction", of.prediction), ("production_prediction", of.production_prediction))
    }


def _noticed(of: DrillResult | EpisodeResult) -> dict[str, str]:
    """Left out where the edge's own checks noticed, as they usually do."""
    return {"noticed_by": of.noticed_by} if of.noticed_by else {}


def _interruption_dict(one: InterruptionResult) -> dict[str, Any]:
    rest = {name: value for name, value in asdict(one).items() if name != "duration"}
    return {**one.duration.as_evidence(), **rest}


def _episode_dict(episode: EpisodeResult) -> dict[str, Any]:
    return {
        "name": episode.name,
        "begins": episode.begins,
        "serving": episode.serving,
        "expected": episode.expected,
        "faults": list(episode.faults),
        "healed": list(episode.healed),
        "steady_ns": episode.steady_ns,
        "start_ns": episode.start_ns,
        "heal_ns": episode.heal_ns,
        "end_ns": episode.end_ns,
        "rto": _bracket_dict(episode.rto),
        "rto_by_cohort": {cohort: _bracket_dict(value) for cohort, value in episode.rto_by_cohort.items()},
        "phases_ns": dict(episode.phases_ns),
        "rpo": _rpo_dict(episode.rpo),
        "prediction_s": episode.prediction_s,
        "why": episode.why,
        **_predictions(episode),
        "results": [_result_dict(result) for result in episode.results],
        **_noticed(episode),
    }


def _result_dict(result: ObjectiveResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "verdict": result.verdict.value,
        "text": result.text,
        "episode": result.episode,
        "promise": result.promise,
    }


def _rpo_dict(rpo: RpoResult | None) -> dict[str, Any] | None:
    if rpo is None:
        return None
    body = {**asdict(rpo), "missing_ids": list(rpo.missing_ids)}
    return body if rpo.unbounded else {name: value for name, value in body.items() if name != "unbounded"}


def _fault_dict(fault: FaultResult) -> dict[str, Any]:
    return {**asdict(fault), "kinds_used": list(fault.kinds_used), "touched": list(fault.touched)}


def _plain(value: object) -> object:
    return value.as_evidence() if isinstance(value, Bracket) else value


def _bracket_dict(value: Bracket | None) -> dict[str, float | None] | None:
    return None if value is None else value.as_evidence()


def problems_of(drill: DrillResult) -> list[str]:
    """What the schema has against one drill. Raises ValueError for numbers that JSON cannot carry."""
    body = {"drills": [json.loads(json_text(drill_dict(drill)))]}
    found = (problem.text for problem in schema.problems(body, ""))
    return [text for text in found if text.startswith("$.drills")]


def write(run: RunResult, path: Path) -> None:
    """Write run.json. Raises WorldError when the evidence breaks its schema: our mistake, not the user's."""
    body = to_dict(run)
    problems = schema.problems(body, str(path))
    if problems:
        raise WorldError("\n".join(str(problem) for problem in problems))
    write_json(path, body, indent=2)
