"""Whether we read Kubernetes right, by Kubernetes' own code: the API server's validation, and the kubelet's prober.

`kubernetes/` is a program of ours that imports both from the Go module proxy. Building it takes a minute or more, once
for each state of its source; without Go, or without the proxy, these tests are skipped with the reason.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.parts.platform.kubernetes.machines.probe import (
    Look,
    ProbeKind,
    ProbeTerms,
    Result,
    Worker,
    answered,
    began,
    due,
)
from harness.units import NS_PER_S
from tests.unit.kubernetes_manifests import GOOD, problems_of

SOURCE = Path(__file__).parent / "kubernetes"
ENVIRONMENTS = Path(__file__).parents[2] / "environments" / "kubernetes"
pytestmark = [pytest.mark.beside, pytest.mark.slow, pytest.mark.timeout(1200)]
BUILD_S = 1100
ATTEMPTS = 5
STRAY_S = 0.4
"""By which a moment of theirs may differ from ours: two processes on a busy machine."""


@pytest.fixture(scope="module")
def partner(request: pytest.FixtureRequest) -> Path:
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so Kubernetes' own code cannot be asked")
    files = sorted(path for path in SOURCE.iterdir() if path.is_file())
    state = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    cache: Any = request.config.cache  # type: ignore[attr-defined]
    program = Path(cache.mkdir("kubernetes")) / f"partner-{state}"
    if not program.exists():
        made = subprocess.run(
            ["go", "build", "-o", str(program), "."],
            cwd=SOURCE, capture_output=True, text=True, timeout=BUILD_S, check=False, env=os.environ,
        )  # fmt: skip
        if made.returncode != 0:
            pytest.skip(f"Kubernetes' own code could not be built: {made.stderr.strip().splitlines()[-1:]}")
    return program


def asked(program: Path, *arguments: str, given: str = "") -> list[Any]:
    done = subprocess.run(
        [str(program), *arguments], input=given, capture_output=True, text=True, timeout=120, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


REFUSED_BY_BOTH = [
    ("  replicas: 2", '  replicas: "2"'),
    ("  replicas: 2", "  replica: 2"),
    ("      labels: {app: app}", "      labels: {app: app, x: y}"),
    ("matchLabels: {app: app}", "matchLabels: {app: other}"),
    ("        - name: app\n", "        - name: App\n"),
    ("name: http\n", "name: http_port\n"),
    ("containerPort: 8080", "containerPort: 80800"),
    ("periodSeconds: 10", "successThreshold: 3"),
    ("periodSeconds: 10", "periodSeconds: -1"),
    ("periodSeconds: 10", "terminationGracePeriodSeconds: 0"),
    ("failureThreshold: 2", "terminationGracePeriodSeconds: 5"),
    ("periodSeconds: 10", "tcpSocket: {port: http}"),
    ("fieldPath: metadata.name", "fieldPath: spec.hostname"),
    ("metadata: {name: region}", "metadata: {name: Region_1}"),
    ("  replicas: 2", "  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}"),
    ("  replicas: 2", "  strategy: {rollingUpdate: {maxSurge: half}}"),
    ("  replicas: 2", "  minReadySeconds: 900"),
]
LEGAL_THERE = [
    ("image: registry.example.com/app:1", "image: other:1"),
    ("port: http\n            period", "port: metrics\n            period"),
    ("port: 8080}", "port: 9090}"),
    ("name: keys, key: token", "name: lost, key: token"),
    ("  selector: {app: app}\n  ports", "  selector: {app: nobody}\n  ports"),
    ("targetPort: http", "targetPort: 81"),
]
LEGAL = [
    ("periodSeconds: 10", "periodSeconds: 0"),
    ("periodSeconds: 10", "failureThreshold: 0"),
    ("periodSeconds: 10", "timeoutSeconds: 11"),
    ("periodSeconds: 10", "terminationGracePeriodSeconds: 60"),
    ("  replicas: 2", "  strategy: {type: Recreate}"),
    ("  replicas: 2", '  strategy: {rollingUpdate: {maxSurge: "50%"}}'),
]


def theirs(program: Path, files: Sequence[Path]) -> list[list[str]]:
    """What the API server finds wrong with each file."""
    return [
        [text for one in judged for text in one["errors"]]
        for judged in asked(program, "validate", *map(str, files))
    ]  # fmt: skip


def test_the_api_server_takes_the_manifests_that_are_shipped(partner: Path) -> None:
    files = sorted(ENVIRONMENTS.glob("*.yaml"))
    assert len(files) >= 5
    assert dict(zip(files, theirs(partner, files), strict=True)) == {file: [] for file in files}


def test_what_we_refuse_the_api_server_refuses_and_what_we_take_it_takes(partner: Path, tmp_path: Path) -> None:
    cases = [("", ""), *LEGAL, *REFUSED_BY_BOTH]
    files = []
    for index, (old, new) in enumerate(cases):
        assert not old or GOOD.count(old) == 1, old
        files.append(tmp_path / f"{index}.yaml")
        files[-1].write_text(GOOD.replace(old, new) if old else GOOD, encoding="utf-8")
    told = theirs(partner, files)
    for (old, new), errors in zip(cases, told, strict=True):
        ours = problems_of(tmp_path, GOOD.replace(old, new) if old else GOOD)
        assert bool(ours) is bool(errors), (new, ours, errors)


def test_what_we_refuse_beyond_that_cannot_be_run_here(partner: Path, tmp_path: Path) -> None:
    files = []
    for index, (old, new) in enumerate(LEGAL_THERE):
        assert GOOD.count(old) == 1, old
        files.append(tmp_path / f"{index}.yaml")
        files[-1].write_text(GOOD.replace(old, new), encoding="utf-8")
        assert problems_of(tmp_path, GOOD.replace(old, new)), new
    assert theirs(partner, files) == [[] for _ in files]


def settings(
    *, initial_delay: int = 0, period: int = 1, timeout: int = 1, success: int = 1, failure: int = 3
) -> dict[str, int]:
    return {
        "InitialDelay": initial_delay, "Period": period, "Timeout": timeout, "Success": success, "Failure": failure,
    }  # fmt: skip


TRIALS: list[dict[str, Any]] = [
    {"Liveness": settings(), "Readiness": settings(), "Fails": {"liveness": [[4.5, 99]], "readiness": [[4.5, 99]]}},
    {"Startup": settings(failure=10), "Liveness": settings(failure=5), "Readiness": settings(),
     "Fails": {"startup": [[0, 3.5]], "readiness": [[6.5, 99]], "liveness": [[6.5, 99]]}},
    {"Startup": settings(failure=4), "Liveness": settings(), "Fails": {"startup": [[0, 99]]}},
    {"Readiness": settings(success=3, failure=2), "Fails": {"readiness": [[0, 2.5], [7.5, 9.6]]}},
    {"Liveness": settings(initial_delay=5, failure=2), "Fails": {"liveness": [[0, 99]]}},
    {"Liveness": settings(period=2), "Fails": {"liveness": [[3, 5.5], [8.5, 99]]}},
    {"Readiness": settings(initial_delay=3, period=2), "Fails": {}},
]  # fmt: skip
SECONDS = 14.5


def ours(trial: dict[str, Any]) -> tuple[list[tuple[str, str, float]], dict[str, list[float]]]:
    """Which results our workers come to and when, and when each probe is asked."""
    workers: dict[str, Worker] = {}
    for kind in (ProbeKind.STARTUP, ProbeKind.LIVENESS, ProbeKind.READINESS):
        given = trial.get(kind.value.capitalize())
        if given is not None:
            terms = ProbeTerms(
                given["InitialDelay"] * NS_PER_S, given["Period"] * NS_PER_S, given["Timeout"] * NS_PER_S,
                given["Success"], given["Failure"],
            )  # fmt: skip
            workers[kind.value] = began(kind, terms, 0)
    results = [(name, worker.result.value, 0.0) for name, worker in workers.items()]
    requests: dict[str, list[float]] = {name: [] for name in workers}
    started = ProbeKind.STARTUP.value not in workers
    for step in range(int(SECONDS * 20)):
        now_s = step / 20
        for name, before in workers.items():
            worker, asks = due(before, Look(0, started), NS_PER_S, round(now_s * NS_PER_S))
            if asks:
                requests[name].append(now_s)
                failing = any(low <= now_s < high for low, high in trial["Fails"].get(name, []))
                worker = answered(worker, worker.number, Result.FAILURE if failing else Result.SUCCESS)
            if worker.result is not before.result:
                results.append((name, worker.result.value, now_s))
            workers[name] = worker
        startup = workers.get(ProbeKind.STARTUP.value)
        started = startup is None or startup.result is Result.SUCCESS
    return results, requests


def differences(trial: dict[str, Any], seen: list[dict[str, Any]]) -> list[str]:
    """Where the kubelet came to something else than we, or at another moment."""
    results, requests = ours(trial)
    found = [(one["probe"], one["result"].lower(), one["second"]) for one in seen if one["result"] != "asked"]
    told = []
    for name, moments in requests.items():
        they = [one for one in found if one[0] == name]
        we = [one for one in results if one[0] == name]
        late = [abs(one[2] - other[2]) > STRAY_S for one, other in zip(they, we, strict=False)]
        if [one[1] for one in they] != [one[1] for one in we] or any(late):
            told.append(f"{trial}: the kubelet: {they}; we: {we}")
        asked_at = [one["second"] for one in seen if (one["probe"], one["result"]) == (name, "asked")]
        late = [abs(one - other) > STRAY_S for one, other in zip(asked_at, moments, strict=False)]
        if abs(len(asked_at) - len(moments)) > 1 or any(late):  # the last one may be beyond the end
            told.append(f"{trial}: {name} was asked at {asked_at} by the kubelet, at {moments} by us")
    return told


def test_the_kubelets_prober_comes_to_the_same_results_at_the_same_moments(partner: Path) -> None:
    """Its moments are real ones: what a busy machine held up is tried again, what we read wrong stays wrong."""
    left = list(TRIALS)
    told: list[str] = []
    for _ in range(ATTEMPTS):
        lines = "\n".join(json.dumps({**trial, "Seconds": SECONDS}) for trial in left)
        found = [(trial, differences(trial, seen)) for trial, seen in
                 zip(left, asked(partner, "probe", given=lines), strict=True)]  # fmt: skip
        left = [trial for trial, wrong in found if wrong]
        told = [text for _, wrong in found for text in wrong]
        if not left:
            return
    raise AssertionError("\n".join(told))
