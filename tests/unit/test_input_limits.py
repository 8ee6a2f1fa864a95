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
timing:
  check_interval_s: 5
  check_timeout_s: 1
"""
WHOLE, NUMBER = "must be a whole number", "must be a number"
Change = str | tuple[str, str]
"""A line at the end, or a text and what takes its place."""

IN_ENVIRONMENT: list[tuple[Change, str]] = [
    ("edge: {port: true}", f"8: edge.port: {WHOLE} (got true)"),
    ("edge: {port: &name true}", f"8: edge.port: {WHOLE} (got true)"),
    ('edge: {ttl_s: "60"}', f"8: edge.ttl_s: {NUMBER} (got '60')"),
    ("health_checks: {failure_threshold: yes}", f"8: health_checks.failure_threshold: {WHOLE}"),
    ("health_checks: {failure_threshold: true}", f"8: health_checks.failure_threshold: {WHOLE} (got true)"),
    ("health_checks: {checkers: 16.0}", f"8: health_checks.checkers: {WHOLE} (got 16.0)"),
    ("workload: {rate_per_s: 1e-300}", "8: workload.rate_per_s: must be at least 1 (got 1e-300)"),
    ("workload: {rate_per_s: 0.01}", "8: workload.rate_per_s: must be at least 1 (got 0.01)"),
    ("workload: {other_period_s: 1e-300}", "8: workload.other_period_s: must be at least 0.1 (got 1e-300)"),
    ("load_balancer: {interval_s: 1e-300}", "8: load_balancer.interval_s: must be at least 0.1 (got 1e-300)"),
    ("load_balancer: {timeout_s: 1e-300}", "8: load_balancer.timeout_s: must be at least 0.001 (got 1e-300)"),
    ("load_balancer: {unhealthy_threshold: true}", f"8: load_balancer.unhealthy_threshold: {WHOLE} (got true)"),
    (("rto_s: 20", "rto_s: true"), f"6: objectives.fast.rto_s: {NUMBER} (got true)"),
    (("rto_s: 20", "rto_s: 0"), "6: objectives.fast.rto_s: must be at least 0.001 (got 0)"),
    (("rto_s: 20", "rto_s: 99999999999999999999"), "6: objectives.fast.rto_s: must be at most 86400"),
    (("rto_s: 20", "rto_s: 20, rpo_items: true"), f"6: objectives.fast.rpo_items: {WHOLE} (got true)"),
    (("rto_s: 20", f"rto_s: 20, rpo_items: {'9' * 20}"), "6: objectives.fast.rpo_items: must be at most 1000000"),
    (("rto_s: 20", "rto_s: 20, error_budget: 1.01"), "6: objectives.fast.error_budget: must be at most 1 (got 1.01)"),
]
IN_SUBJECT: list[tuple[Change, str]] = [
    ("start_timeout_s: 0", "7: start_timeout_s: must be at least 0.001 (got 0)"),
    (("interval_s: 5", "interval_s: 1e300"), "5: timing.check_interval_s: must be at most 86400 (got 1e+300)"),
    (("interval_s: 5", "interval_s: 0"), "5: timing.check_interval_s: must be at least 0.001 (got 0)"),
    (("timeout_s: 1", "timeout_s: -1"), "6: timing.check_timeout_s: must be at least 0.001 (got -1)"),
    ("  lease_s: -1", "7: timing.lease_s: must be at least 0 (got -1)"),
    ("  lease_s: 1e300", "7: timing.lease_s: must be at most 86400"),
    ("  failure_threshold: 0", "7: timing.failure_threshold: must be at least 1 (got 0)"),
    ("  failure_threshold: true", f"7: timing.failure_threshold: {WHOLE} (got true)"),
    ("  failure_threshold: 1000000000000", "7: timing.failure_threshold: must be at most 1000"),
]
TOLD = [
    *(pytest.param("environment", change, told, id=told) for change, told in IN_ENVIRONMENT),
    *(pytest.param("subject", change, told, id=told) for change, told in IN_SUBJECT),
]


@pytest.mark.parametrize(("file", "change", "told"), TOLD)
def test_numbers_of_a_file_are_numbers_within_bounds(tmp_path: Path, file: str, change: Change, told: str) -> None:
    text = SUBJECT if file == "subject" else ENVIRONMENT
    path = tmp_path / "mine.yaml"
    path.write_text(f"{text}{change}\n" if isinstance(change, str) else text.replace(*change, 1))
    embedded = load_environment(find_environment("embedded"))
    with pytest.raises(InputError) as error:
        load_subject(path, embedded) if file == "subject" else load_environment(path)
    assert f"{path}:{told}" in str(error.value)


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
