"""Judges every drill of a run again from the files in its folder, and says what differs from what was filed.

Nothing is believed: the hashes of the files are compared, every number and verdict is computed anew by the same pure
function that gave them, and run.json's own seal covers what no file can tell (versions, names, times of day). A watch
and a drill that broke off left nothing to judge, which their own evidence shows; any other drill that cannot be judged
again proves nothing, and is said to. What is drawn from run.json (the report, junit.xml, timelines) is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from harness.drill import case_files, watching
from harness.drill.case_files import CASE
from harness.drill.conclusion import EMPTY_SHA256, conclude, unjudged
from harness.drill.evidence import JUDGING, DrillResult
from harness.drill.judging.failure import judging
from harness.errors import DrillError, InputError
from harness.outcome import Verdict, merge_run
from harness.reporting import run_json
from harness.reporting.run_json_reader import inside, validate

_ABSENT = object()


@dataclass(frozen=True)
class Difference:
    """One place where what was filed is not what the files say. path: in run.json, or of a file."""

    path: str
    filed: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}: filed {self.filed}, recomputed {self.found}"


@dataclass(frozen=True)
class Verified:
    """What came of it. judged: drills that were judged again; not_judged: a sentence on each that left nothing to
    judge, with what was checked instead; unverifiable: one on each that should have left it, and did not.
    """

    differences: tuple[Difference, ...]
    judged: tuple[str, ...]
    not_judged: tuple[str, ...]
    unverifiable: tuple[str, ...] = ()


def verify(folder: Path) -> Verified:
    """Check a run. folder: where its run.json lies. Raises InputError when any of it cannot be read as evidence."""
    body = validate(folder / "run.json")
    differences: list[Difference] = []
    judged: list[str] = []
    excused: list[str] = []
    unverifiable: list[str] = []
    drills = list(_with_attempts(body["drills"]))
    homes = [inside(folder, str(PurePosixPath(drill["history"]).parent)) for _, drill in drills]
    for (path, drill), home in zip(drills, homes, strict=True):
        changed = list(_files(folder, drill, path))
        differences.extend(changed)
        told = (home / CASE).exists() or f"{home.name}/{CASE}" in drill.get("files", {})
        excuse = _excuse(body, drill, told=told)
        if excuse is not None:
            excused.append(f"{drill['name']}: {excuse}")
        elif told and (failure := _unjudged(drill)):
            differences.extend(_judged_anew(path, drill, home, failure, unverifiable))
        elif told:
            differences.extend(_judged_again(path, drill, home, changed))
            judged.append(drill["name"])
        else:
            unverifiable.append(f"{drill['name']}: no {CASE} in {home.name}, so its verdict cannot be judged again")
    if not homes:
        unverifiable.append("run.json tells of no drill, so there is nothing to judge")
    differences.extend(_left_out(folder, homes))
    verdict = merge_run(Verdict(drill["verdict"]) for drill in body["drills"])
    differences.extend(compare("verdict", body["verdict"], verdict.value))
    differences.extend(compare("seal", body.get("seal", _ABSENT), run_json.seal_of(body)))
    return Verified(tuple(dict.fromkeys(differences)), tuple(judged), tuple(excused), tuple(unverifiable))


def _with_attempts(drills: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every drill, and every earlier attempt at it, each by itself, with its place in run.json."""
    for number, drill in enumerate(drills):
        yield f"drills[{number}]", {name: value for name, value in drill.items() if name != "attempts"}
        for attempt, earlier in enumerate(drill.get("attempts", ())):
            yield f"drills[{number}].attempts[{attempt}]", earlier


def _excuse(body: Mapping[str, Any], drill: Mapping[str, Any], *, told: bool) -> str | None:
    """Why a drill left nothing to judge, and what was checked instead; None when it must have left its case.

    Only what its evidence itself shows counts: a promise, a fault or a result was judged from something.
    """
    results = [result for result in drill.get("results", ()) if not result.get("promise")]
    if results or drill.get("faults") or drill.get("episodes") or any(drill["objectives"].values()):
        return None
    if drill["verdict"] == Verdict.INVALID and drill["history_sha256"] == EMPTY_SHA256:
        return "broke off, which proves nothing; checked: that its history is empty, and the run's seal"
    alone = len(body["drills"]) == 1 and not told
    if alone and (drill["name"], drill["feature"]) == (watching.NAME, watching.FEATURE):
        return "a watch, which has no case; checked: its files' hashes, and the run's seal"
    return None


def _judged_again(
    path: str, drill: Mapping[str, Any], home: Path, changed: Sequence[Difference]
) -> Iterator[Difference]:
    """Where run.json says something else of a drill than its files. changed: those that are not as they were filed."""
    # Logs are no part of what a drill is judged by: `_files` has compared their hashes, and that is all there is.
    hashes = {name: digest for name, digest in drill.get("files", {}).items() if name not in drill.get("logs", ())}
    try:
        again = recompute(home)
        yield from compare(path, {**drill, "files": hashes}, again, older=again["promise"] is None)
    except Exception as error:
        if not changed:
            raise  # files that nobody has touched are judged, or it is our own mistake
        text = str(error) if isinstance(error, DrillError) else repr(error)
        yield Difference(path, "a drill", f"files that cannot be judged: {text}")


def _unjudged(drill: Mapping[str, Any]) -> str:
    """Why a drill that had ended could not be judged then; "" where it was."""
    return next((result["text"] for result in drill.get("results", ()) if result["name"] == JUDGING), "")


def _judged_anew(
    path: str, drill: Mapping[str, Any], home: Path, failure: str, unverifiable: list[str]
) -> Iterator[Difference]:
    """Of a drill whose judging broke off: whether it was filed as such, and what it comes to now.

    Judged now, its verdict is not what was filed, which is told as the difference that it is; where judging fails
    again, nobody can say anything.
    """
    filed = case_files.read(home)
    hashes = {name: digest for name, digest in drill.get("files", {}).items() if name not in drill.get("logs", ())}
    yield from compare(path, {**drill, "files": hashes}, _body(unjudged(filed.case, failure), home))
    try:
        with judging():
            found = conclude(filed.case, filed.events, filed.commits, filed.final)
    except DrillError as error:
        unverifiable.append(f"{drill['name']}: it could not be judged when it ended ({failure}), nor now: {error}")
        return
    told = f"judged anew: {found.verdict}: {'; '.join(found.reasons)}"
    yield Difference(f"{path}.verdict", f"{drill['verdict']} since {failure}", told)


def _left_out(folder: Path, homes: Sequence[Path]) -> Iterator[Difference]:
    """Drills that lie in the run's folder, and are not in its run.json."""
    for case in sorted(folder.glob(f"*/{CASE}")):
        if case.parent.resolve() not in {home.resolve() for home in homes}:
            yield Difference(f"{case.parent.name}/{CASE}", "nothing", "a drill that run.json does not tell of")


def _files(folder: Path, drill: Mapping[str, Any], path: str) -> Iterator[Difference]:
    """Whether the files are those that were filed."""
    wanted = {**drill.get("files", {}), drill["history"]: drill["history_sha256"]}
    for name, digest in wanted.items():
        file = inside(folder, name)
        try:
            found = case_files.sha256_of(file)
        except OSError as error:
            raise InputError(f"{file}: cannot be read: {error.strerror}") from error
        if found != digest:
            yield Difference(f"{path} {name}", f"sha256 {digest}", f"sha256 {found}")


def recompute(home: Path) -> dict[str, Any]:
    """What run.json must say of a drill, from the files in its folder alone. Raises InputError when one is broken."""
    filed = case_files.read(home)
    return _body(conclude(filed.case, filed.events, filed.commits, filed.final), home)


def _body(result: DrillResult, home: Path) -> dict[str, Any]:
    """As run.json has it, with the hashes of the files as they are now."""
    hashes = case_files.hashes(home.parent, (f"{home.name}/{name}" for name in case_files.FILES))
    result = replace(result, files=hashes, history_sha256=hashes.get(result.history, ""))
    # Through JSON and back, so that both sides are what a file can hold.
    body: dict[str, Any] = json.loads(json.dumps(run_json.drill_dict(result)))
    return body


def compare(path: str, filed: Any, found: Any, *, older: bool = False) -> Iterator[Difference]:
    """Every place where two JSON values differ. older: evidence of before there were all of the fields; those that it
    lacks say nothing."""
    if isinstance(filed, Mapping) and isinstance(found, Mapping):
        for name in filed if older else dict.fromkeys([*filed, *found]):
            yield from compare(f"{path}.{name}", filed.get(name, _ABSENT), found.get(name, _ABSENT), older=older)
    elif isinstance(filed, list) and isinstance(found, list):
        for number in range(max(len(filed), len(found))):
            yield from compare(f"{path}[{number}]", _item(filed, number), _item(found, number), older=older)
    elif type(filed) is not type(found) or filed != found:
        yield Difference(path, _shown(filed), _shown(found))


def _item(values: Sequence[Any], number: int) -> Any:
    return values[number] if number < len(values) else _ABSENT


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
