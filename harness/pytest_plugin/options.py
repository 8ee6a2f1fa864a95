"""pytest's command line gets the options of `drill run`."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace

import pytest

from harness.drill.options import RunOptions, resolve
from harness.errors import InputError
from harness.topology.environment import Environment

_INPUT = "workerinput"
RUN, SEED = "drill_run", "drill_seed"
"""What the process in front tells the others (see workers.py)."""
PER_WORKER = "per-worker"
_OPTIONS = (
    ("--environment", {"help": "environment of the drills: a name or the path of a .yaml file"}),
    ("--subject", {"help": "the system under test: a subject.yaml"}),
    ("--profile", {"help": "fast (documented durations / 10) or production"}),
    ("--seed", {"help": "seed of everything that is drawn at random"}),
    ("--trials", {"help": "how often to run each drill"}),
    ("--reports", {"help": "folder for the evidence"}),
    ("--rerun-invalid", {"help": "how often a drill that ended INVALID runs again, up to 10 times; no other does"}),
    ("--worlds", {"help": "with -n: drills take turns (one, the default), or each process has a world (per-worker)"}),
)


def add(parser: pytest.Parser) -> None:
    """Add the options; their values stay None unless given, so that other sources can fill them in."""
    group = parser.getgroup("drill", "disaster-recovery drills")
    for flag, attributes in _OPTIONS:
        group.addoption(flag, action="store", default=None, dest=_stored(flag), **attributes)
    group.addoption(
        "--strict-drills",
        action="store_true",
        default=None,
        dest="drill_strict",
        help="a drill fails when serious findings or warnings remain, too",
    )
    group.addoption(
        "--yes-drills",
        action="store_true",
        default=None,
        dest="drill_yes",
        help="what the drills do to a stack that is not ours has been agreed to",
    )
    group.addoption(
        "--set",
        action="append",
        default=[],
        dest="drill_set",
        metavar="KEY=VALUE",
        help="override what the scenario says, e.g. failover=off, fault=none, objective.rto_s=30",
    )


def _stored(flag: str) -> str:
    return f"drill_{flag.removeprefix('--').replace('-', '_')}"


def resolved(config: pytest.Config) -> RunOptions:
    """The run's options. Raises pytest.UsageError with one clear message for a mistake in any source."""
    given = {key: config.getoption(f"drill_{key}") for key in
             ("environment", "subject", "profile", "seed", "trials", "reports", "set", "strict", "rerun_invalid",
              "yes", "worlds")}  # fmt: skip
    told = getattr(config, _INPUT, {})
    try:
        options = resolve(given, os.environ, config.rootpath, told.get(SEED, secrets.randbelow(2**31)))
    except InputError as error:
        raise pytest.UsageError(str(error)) from error
    if not told or options.worlds != PER_WORKER:
        return options
    if fixed := _fixed_ports(options.environment):
        raise pytest.UsageError(
            f"--worlds {PER_WORKER}: {', '.join(fixed)} can be had by one world only: say 0, or let drills take turns"
        )
    return replace(options, sharing=told["workercount"])


def _fixed_ports(environment: Environment) -> list[str]:
    """Settings that name a port, so that two worlds would want the same."""
    edge = environment.edge
    ports = {
        "edge.port": edge.port,
        "edge.dns_port": edge.dns_port,
        "toxiproxy_port": environment.toxiproxy_port,
        "links.port": environment.links.settings.get("port"),
    }
    return [setting for setting, port in ports.items() if port]


def worker_of(config: pytest.Config) -> str | None:
    """The name of this process among those that pytest is spread over; None: it is no such one."""
    found: str | None = getattr(config, _INPUT, {}).get("workerid")
    return found


def shared_run(config: pytest.Config) -> str | None:
    """The id of the run that this process has a part of; None: its run is its own."""
    found: str | None = getattr(config, _INPUT, {}).get(RUN)
    return found
