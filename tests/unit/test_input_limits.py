"""Numbers that people write: each has limits, wherever it is written, and nothing else passes for a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.cli.durations import seconds_of
from harness.errors import InputError
from harness.kit import plain_numbers
from harness.topology import kinds
from harness.topology.environment import Environment
from harness.topology.load import load_environment, load_subject
from harness.topology.schema import environment_schema, subject_schema
from harness.topology.shipped import find_environment
from harness.topology.subject import Subject

# --- every model of a file that people write --------------------------------------------------------------------------

SPECS = {f"{s.key}/{kind}": kinds.spec_of(s, kind) for s in kinds.SECTIONS for kind in kinds.known(s)}
MODELS = {"environment": Environment, "subject": Subject, **SPECS}
SCHEMAS = {"environment": environment_schema, "subject": subject_schema}
ANY_NUMBER = {"equals"}
"""Keys whose numbers are the application's own: what an answer holds may be any number."""


def numbers(node: Any, at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every number in a JSON Schema, with the keys that lead there; sets of statuses check theirs themselves."""
    if isinstance(node, dict):
        if node.get("title") == "Statuses":
            return
        if node.get("type") in ("integer", "number") and "enum" not in node:
            yield at, node
        for key, held in node.items():
            if key not in ANY_NUMBER:
                yield from numbers(held, f"{at}/{key}")
    elif isinstance(node, list):
        for held in node:
            yield from numbers(held, at)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_number_of_a_file_has_both_bounds(name: str) -> None:
    found = list(numbers(SCHEMAS[name]()))
    assert len(found) > 3
    unbounded = [
        at for at, node in found
        if not (("minimum" in node or "exclusiveMinimum" in node) and "maximum" in node)
    ]  # fmt: skip
    assert unbounded == []


def core_numbers(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") in ("int", "float"):
            yield node
        for key, held in node.items():
            if key not in ("default", "metadata", "serialization", "config"):
                yield from core_numbers(held)
    elif isinstance(node, list | tuple):
        for held in node:
            yield from core_numbers(held)


@pytest.mark.parametrize("name", MODELS)
def test_no_number_of_a_file_is_taken_from_anything_else(name: str) -> None:
    assert all(node.get("strict") for node in core_numbers(MODELS[name].__pydantic_core_schema__))


ENVIRONMENT = """\
environment: mine
places:
  - {name: us-east-1, role: primary}
  - {name: us-west-2, role: standby}
objectives:
  fast: {rto_s: 20}
  production: {rto_s: 150}
"""
SUBJECT = """\
subject: mine
components:
  - {name: app, command: [python, app.py], region: each, port_env: PORT}
"""


def refused(folder: Path, text: str, *, subject: bool = False) -> str:
    path = folder / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        load_subject(path, load_environment(find_environment("embedded"))) if subject else load_environment(path)
    return str(error.value).replace(str(path), "mine.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("edge: {port: true}", "mine.yaml:8: edge.port: must be a whole number (got true)"),
        ("edge: {port: &name true}", "mine.yaml:8: edge.port: must be a whole number (got true)"),
        ('edge: {ttl_s: "60"}', "mine.yaml:8: edge.ttl_s: must be a number (got '60')"),
        ("health_checks: {failure_threshold: yes}", "health_checks.failure_threshold: must be a whole number"),
        ("health_checks: {failure_threshold: true}", "failure_threshold: must be a whole number (got true)"),
        ("health_checks: {checkers: 16.0}", "health_checks.checkers: must be a whole number (got 16.0)"),
        ("workload: {rate_per_s: 1e-300}", "workload.rate_per_s: must be at least 1 (got 1e-300)"),
        ("workload: {rate_per_s: 0.01}", "workload.rate_per_s: must be at least 1 (got 0.01)"),
        ("workload: {other_period_s: 1e-300}", "workload.other_period_s: must be at least 0.1 (got 1e-300)"),
        ("load_balancer: {interval_s: 1e-300}", "load_balancer.interval_s: must be at least 0.1 (got 1e-300)"),
        ("load_balancer: {timeout_s: 1e-300}", "load_balancer.timeout_s: must be at least 0.001 (got 1e-300)"),
        ("load_balancer: {unhealthy_threshold: true}", "unhealthy_threshold: must be a whole number (got true)"),
    ],
)
def test_numbers_of_an_environment_are_numbers_within_bounds(tmp_path: Path, text: str, told: str) -> None:
    assert told in refused(tmp_path, f"{ENVIRONMENT}{text}\n")


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("rto_s", "true", "must be a number (got true)"),
        ("rto_s", "0", "must be at least 0.001 (got 0)"),
        ("rto_s", "99999999999999999999", "must be at most 86400"),
        ("rpo_items", "true", "must be a whole number (got true)"),
        ("rpo_items", "99999999999999999999", "must be at most 1000000"),
        ("error_budget", "1.01", "must be at most 1 (got 1.01)"),
    ],
)
def test_objectives_of_an_environment_have_limits(tmp_path: Path, key: str, value: str, told: str) -> None:
    given = f"{key}: {value}" if key == "rto_s" else f"rto_s: 20, {key}: {value}"
    found = refused(tmp_path, ENVIRONMENT.replace("fast: {rto_s: 20}", f"fast: {{{given}}}"))
    assert f"mine.yaml:6: objectives.fast.{key}: {told}" in found


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("check_interval_s", "1e300", "must be at most 86400 (got 1e+300)"),
        ("check_interval_s", "0", "must be at least 0.001 (got 0)"),
        ("check_timeout_s", "-1", "must be at least 0.001 (got -1)"),
        ("lease_s", "-1", "must be at least 0 (got -1)"),
        ("lease_s", "1e300", "must be at most 86400"),
        ("failure_threshold", "0", "must be at least 1 (got 0)"),
        ("failure_threshold", "true", "must be a whole number (got true)"),
        ("failure_threshold", "1000000000000", "must be at most 1000"),
    ],
)
def test_the_timing_of_a_subject_has_limits(tmp_path: Path, key: str, value: str, told: str) -> None:
    timing = {"check_interval_s": "5", "check_timeout_s": "1", key: value}
    lines = "".join(f"  {name}: {given}\n" for name, given in timing.items())
    found = refused(tmp_path, f"{SUBJECT}timing:\n{lines}", subject=True)
    assert f"mine.yaml:{5 + list(timing).index(key)}: timing.{key}: {told}" in found


def test_a_switch_that_has_a_name_is_a_switch(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"{ENVIRONMENT}health_checks: {{evaluate_target_health: &name false}}\n")
    assert load_environment(path).health_checks.evaluate_target_health is False


# --- numbers that are typed ----------------------------------------------------------------------


@pytest.mark.parametrize("given", ["3", " 3 ", "+3", 3])
def test_plain_digits_are_a_number(given: object) -> None:
    assert plain_numbers.whole(given) == plain_numbers.number(given) == 3


@pytest.mark.parametrize(
    "given", ["1_0", "٣", "３", "1.5", 1.5, True, "true", "", "0x10", "9" * 5000, None, [3], "nan"]
)
def test_nothing_else_is_a_whole_number(given: object) -> None:
    with pytest.raises(ValueError, match="must be a whole number, in the digits 0 to 9"):
        plain_numbers.whole(given)


@pytest.mark.parametrize("given", ["1_0", "٣.٥", "1.2.3", True, "", ".", "nan", "inf", "9" * 5000, None, "1e"])
def test_nothing_else_is_a_number(given: object) -> None:
    with pytest.raises(ValueError, match="must be a number, in the digits 0 to 9"):
        plain_numbers.number(given)


@pytest.mark.parametrize(("text", "value"), [("2.5", 2.5), ("1e3", 1000), (".5", 0.5), ("5.", 5), ("-1", -1)])
def test_numbers_may_have_fractions(text: str, value: float) -> None:
    assert plain_numbers.number(text) == value


@pytest.mark.parametrize("text", ["٣s", "1_0", "-1", "0", "25h", "1e3"])
def test_how_long_to_watch_is_a_plain_number_up_to_a_day(text: str) -> None:
    with pytest.raises(InputError, match=r"^--for .*: must be "):
        seconds_of(text, "--for")
