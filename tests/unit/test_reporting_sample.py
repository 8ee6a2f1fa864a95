"""A drill that never happened, but could have: one minute, a region lost at 10 s and back at 45 s. Other tests draw it.

The module is a builder with a few laws of its own, so that what the reports are shown is at least consistent.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.drill.evidence import (
    DrillResult,
    FaultResult,
    Finding,
    ObjectiveResult,
    Objectives,
    Outage,
    RpoResult,
    RunResult,
)
from harness.history import codec
from harness.history.events import (
    CanaryProbe,
    Completion,
    DnsAnswer,
    Event,
    FaultEvent,
    HealthTransition,
    Invoke,
    Mark,
)
from harness.outcome import Bracket, Outcome, Verdict
from harness.units import NS_PER_S, to_ns

EAST, WEST = "us-east-1", "us-west-2"
ADDRESS = {EAST: "127.0.1.10", WEST: "127.0.2.10"}
ZERO_NS = 5_000 * NS_PER_S
FAULT_S, HEAL_S, END_S = 10.0, 45.0, 60.0
PHASES_NS = {
    "health status flips": 2_310_400_111,
    "DNS answer changes": 204_100_222,
    "standby takes writes": 61_000_333,
    "cached answers expire": 5_402_700_444,
    "lasting success": 160_000_555,
}
NAME = "app.example.com"
# When each cache of the dns cohort believes in the standby.
SWITCH_S = {"dns-0": 13.0, "dns-1": 14.6, "dns-2": 16.2, "dns-3": 18.1, "authoritative": FAULT_S + 2.51}


def _at(seconds: float) -> int:
    return ZERO_NS + to_ns(seconds)


def _operation(number: int, cohort: str, client: str, at_s: float, region: str, draw: random.Random) -> list[Event]:
    down = region == EAST and FAULT_S <= at_s < HEAL_S
    key, f = f"u{number}", "put" if number % 3 else "get"
    invoke = Invoke(f"o{number}", number % 9, client, cohort, f, key, f"o{number}", _at(at_s), _at(at_s + 0.001))  # type: ignore[arg-type]
    done = Completion(
        op=f"o{number}",
        p=number % 9,
        client=client,
        cohort=cohort,
        f=f,  # type: ignore[arg-type]
        k=key,
        v=None,
        outcome=Outcome.INFO if down else Outcome.OK,
        mono_ns=_at(at_s + (1.0 if down else 0.02 + draw.random() * 0.01)),
        address=ADDRESS[region],
        status=None if down else 200,
        error="timeout" if down else None,
        region=None if down else region,
    )
    return [invoke, done]


def history(seed: int = 7) -> list[Event]:
    """The events of the minute, in the order of their stamps."""
    draw = random.Random(seed)
    events: list[Event] = [
        Mark("start", _at(0)),
        Mark("steady", _at(5)),
        Mark("fault", _at(FAULT_S)),
        Mark("recovered", _at(FAULT_S + 8.14)),
        Mark("heal", _at(HEAL_S)),
        Mark("end", _at(END_S)),
        FaultEvent("start", "region-outage", EAST, "black-hole", _at(FAULT_S), _at(FAULT_S + 0.02)),
        FaultEvent("stop", "region-outage", EAST, "black-hole", _at(HEAL_S), _at(HEAL_S + 0.02)),
        HealthTransition(EAST, "healthy", 16, 16, _at(0.2)),
        HealthTransition(WEST, "healthy", 16, 16, _at(0.2)),
        HealthTransition(EAST, "unhealthy", 2, 16, _at(FAULT_S + 2.31)),
        HealthTransition(EAST, "healthy", 3, 16, _at(HEAL_S + 3.2)),
        CanaryProbe("canary->us-east-1:http", False, _at(FAULT_S + 0.5), _at(FAULT_S + 1.5), "timeout"),
    ]
    for client, switch_s in SWITCH_S.items():
        events.append(DnsAnswer("witness", client, NAME, (ADDRESS[EAST],), 6.0, _at(0.3)))
        events.append(DnsAnswer("witness", client, NAME, (ADDRESS[WEST],), 6.0, _at(switch_s)))
        events.append(DnsAnswer("witness", client, NAME, (ADDRESS[EAST],), 6.0, _at(HEAL_S + switch_s - 8)))
    number = 0
    for tick in range(round(END_S * 10)):
        at_s = tick / 10
        for client in ("dns-0", "dns-1", "dns-2", "dns-3"):
            moved = SWITCH_S[client] <= at_s < HEAL_S + SWITCH_S[client] - 8
            events += _operation(number, "dns", client, at_s, WEST if moved else EAST, draw)
            number += 1
        keepalive = WEST if at_s >= FAULT_S + 6.4 else EAST
        for cohort, region in (("keepalive", keepalive), ("pinned-a", EAST), ("direct-b", WEST)):
            if tick % 3 == 0:
                events += _operation(number, cohort, f"{cohort}-0", at_s, region, draw)
                number += 1
    return sorted(events, key=lambda event: event.mono_ns)


def drill(name: str = "region-lost-black-holed", verdict: Verdict = Verdict.MET) -> DrillResult:
    """The evidence of the minute, as the measurement would state it."""
    rto = Bracket(7_941_200_000, 8_358_900_000, sum(PHASES_NS.values()))
    lost = tuple(f"u{number}" for number in range(3140, 3152))
    return DrillResult(
        name=name,
        feature="A region is lost",
        scenario="The primary region falls silent, and clients are served by the standby",
        verdict=verdict,
        reasons=("recovered within the objective", "12 acknowledged items are missing at the survivor"),
        objectives=Objectives(rto_s=12.0, rpo_items=20, rpo_s=2.0, error_budget=0.2),
        history=f"{name}/history.jsonl",
        history_sha256="0" * 64,
        tags=("region", "severity:critical"),
        results=(
            ObjectiveResult("recovery time", Verdict.MET, "7.94 to 8.36 s, promised at most 12 s"),
            ObjectiveResult("recovery point", Verdict.MET, "12 items, promised at most 20"),
            ObjectiveResult("error budget", Verdict.MET, "13.6 % of requests failed, promised at most 20 %"),
        ),
        faults=(
            FaultResult(
                "region-outage",
                EAST,
                "black-hole",
                _at(FAULT_S),
                _at(HEAL_S),
                observed=True,
                evidence="canary->us-east-1:http: 20 of 20 probes before, 0 of 35 during, 15 of 15 after",
            ),
        ),
        rto=rto,
        rto_by_cohort={
            "dns": rto,
            "keepalive": Bracket(6_100_000_000, 6_520_000_000, 6_310_000_000),
            "pinned-a": Bracket(34_900_000_000, None),
            "direct-b": Bracket(0, 0, 0),
            "ttl-violating": None,
        },
        phases_ns=PHASES_NS,
        rpo=RpoResult(
            acknowledged=1204,
            missing_low=12,
            missing_high=15,
            oldest_missing_s=1.42,
            newest_missing_s=0.03,
            stale=2,
            unknown=3,
            lost_after_heal=0,
            missing_ids=lost,
        ),
        failback={"returned": True, "took": Bracket(3_200_000_000, 3_500_000_000), "lost_items": 0, "flaps": 0},
        findings=(
            Finding("dns-ttl", "Most of the recovery time is spent waiting for cached DNS answers.", "info"),
            Finding("mixed-timing", "The subject does not honour TIME_SCALE.", "warning"),
            Finding("zombie-writes", "The lost region acknowledged 4 writes after the standby took over.", "serious"),
        ),
        outages=(
            Outage("dns", rto, _at(FAULT_S), _at(FAULT_S + 8.1)),
            Outage("pinned-a", Bracket(34_900_000_000, 35_300_000_000), _at(FAULT_S), _at(HEAL_S)),
        ),
        why="66 % of the recovery time is the DNS TTL",
        prediction_s=9.2,
        availability={"dns": 0.8641, "keepalive": 0.8933, "pinned-a": 0.4161, "direct-b": 1.0},
        witness={"p50": 0.0004, "p99": 0.0029, "p999": 0.0051, "max": 0.0112},
        logs=(f"{name}/logs/storefront.us-east-1.log", f"{name}/logs/monitor.us-west-2.log"),
        settings={"workload.rate_per_s": "50"},
        duration_s=END_S,
        overhead_s=6.1,
        typed=name,
    )


def run(*drills: DrillResult, verdict: Verdict = Verdict.MET) -> RunResult:
    """A run of those drills."""
    begun = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
    return RunResult(
        run_id="20260314-092653-7f3a",
        started_at=begun,
        finished_at=begun + timedelta(seconds=71),
        versions={"harness": "0.1.0", "python": "3.11.7", "moto": "5.2.5", "toxiproxy": "embedded 2.12"},
        environment="embedded",
        profile="fast",
        subject="reference",
        capabilities={"replication": True, "connect time-outs": "Toxiproxy accepts before it goes silent"},
        verdict=verdict,
        drills=drills or (drill(),),
        seed=42,
        machine={"cpu": "2 cores", "steal": "0.4 %"},
        typed={"environment": "embedded", "subject": "reference/subject.yaml"},
    )


def write_folder(folder: Path, *drills: DrillResult) -> RunResult:
    """A run's folder with histories and logs. Returns the run, with the true hashes of its histories."""
    hashed = []
    for one in drills or (drill(),):
        path = folder / one.history
        path.parent.mkdir(parents=True, exist_ok=True)
        codec.write(path, history())
        for log in one.logs:
            (folder / log).parent.mkdir(parents=True, exist_ok=True)
            (folder / log).write_text("09:26:53 INFO ready\n09:27:03 WARNING us-east-1 does not answer\n")
        hashed.append(replace(one, history_sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    return run(*hashed)


def test_the_sample_drill_has_phases_that_add_up_to_its_recovery_time() -> None:
    sample = drill()
    assert sample.rto is not None
    assert sum(length or 0 for length in sample.phases_ns.values()) == sample.rto.point_ns


def test_the_sample_history_survives_its_own_file_format(tmp_path: Path) -> None:
    events = history()
    codec.write(tmp_path / "history.jsonl", events)
    assert list(codec.read(tmp_path / "history.jsonl")) == events
