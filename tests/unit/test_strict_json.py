"""Numbers that JSON cannot carry are refused wherever we take JSON, and in YAML by file and line."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from harness.engines.moto.http import with_routes
from harness.errors import InputError, Problem
from harness.kit.admin import _explain, answer_json, read_json
from harness.kit.command_line import load_config
from harness.kit.config import Seconds, Strict, parsed
from harness.kit.strict_json import strict_json
from harness.parts.links.toxiproxy.model import ApiError, parse_toxic
from harness.parts.steering.route53.config import DataPlaneConfig
from harness.topology.load import load_environment, load_subject

NOT_CARRIED = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 400 + ".0"]
GOOD = """\
environment: mine
places: [{name: us-east-1, role: primary}, {name: us-west-2, role: standby}]
objectives:
  fast: {rto_s: 20}
  production: {rto_s: 150}
"""


@pytest.mark.parametrize("number", NOT_CARRIED)
@pytest.mark.parametrize("text", ["%s", "[1, %s]", '{"a": {"b": [%s]}}'])
def test_such_a_number_is_refused_wherever_it_stands(text: str, number: str) -> None:
    with pytest.raises(ValueError, match=r"JSON can carry|larger than any number"):
        strict_json(text % number)


def test_other_json_is_read_as_ever() -> None:
    body = {"a": [1, -2.5, 1e300, True, None, "NaN", "1e999"], "b": {}}
    assert strict_json(json.dumps(body)) == body
    assert strict_json(json.dumps(body).encode()) == body
    with pytest.raises(ValueError, match="nested too deeply"):
        strict_json("[" * 100_000)


@pytest.mark.parametrize("number", NOT_CARRIED)
def test_configurations_and_admin_ports_refuse_it(number: str) -> None:
    with pytest.raises(InputError, match="--config: no JSON"):
        load_config('{"scale": %s}' % number)  # noqa: UP031 - braces are the text's
    body = b'{"rate": %s}' % number.encode()

    async def handler(request: web.Request) -> web.StreamResponse:
        return answer_json(await read_json(request))

    request = make_mocked_request("POST", "/")
    request._read_bytes = body
    assert asyncio.run(_explain(request, handler)).status == 400
    app = with_routes(lambda *_: [], {("POST", "/drill/x"): lambda told: (200, {"told": told})}, "/drill/")
    statuses: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/drill/x", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }  # fmt: skip
    app(environ, lambda status, _: statuses.append(status))
    assert statuses[0].startswith("400")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_configuration_that_was_no_text_refuses_it_too(number: float) -> None:
    class Waiting(Strict):
        pause_s: Seconds = 1.0

    with pytest.raises(InputError, match="pause_s"):
        parsed(Waiting, {"pause_s": number}, "waiting")
    with pytest.raises(InputError, match="scale"):
        DataPlaneConfig.parse({"control_plane": ["127.0.0.1", 1], "scale": number})


@pytest.mark.parametrize(
    "attributes", [{"latency": 2**63}, {"latency": -(2**64)}, {"jitter": 10**400}, {"latency": 1.5}], ids=str
)
def test_attributes_of_toxics_are_whole_numbers_that_toxiproxy_can_hold(attributes: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="bad request body: cannot unmarshal"):
        parse_toxic({"type": "latency", "attributes": attributes})


def test_a_toxicity_is_a_number_that_a_float_can_hold() -> None:
    with pytest.raises(ApiError, match="toxicity"):
        parse_toxic({"type": "latency", "toxicity": 10**400})


@pytest.mark.parametrize("number", [".nan", ".NaN", ".inf", "-.Inf", "+.INF", "1e999", "-1.0e+999"])
@pytest.mark.parametrize(
    ("old", "new", "line", "at"),
    [
        ("rto_s: 20", "rto_s: %s", 4, "objectives.fast.rto_s"),
        ("rto_s: 150}", "rto_s: 150}\nload_balancer:\n  interval_s: %s", 7, "load_balancer.interval_s"),
        ("role: standby", "role: %s", 2, "places.1.role"),
        ("mine\n", "mine\nedge: {record: %s}\n", 2, "edge.record"),
    ],
)
def test_a_file_with_such_a_number_is_refused_by_its_line(
    tmp_path: Path, number: str, old: str, new: str, line: int, at: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace(old, new % number, 1))
    with pytest.raises(InputError) as error:
        load_environment(path)
    assert error.value.problems == (Problem(str(path), line, f"{at}: a finite number is wanted"),)


def test_a_subject_file_too(tmp_path: Path) -> None:
    environment, subject = tmp_path / "mine.yaml", tmp_path / "subject.yaml"
    environment.write_text(GOOD)
    subject.write_text("subject: mine\ncomponents:\n  - {name: a, command: [x], start_timeout_s: .nan}\n")
    with pytest.raises(InputError) as error:
        load_subject(subject, load_environment(environment))
    assert [str(p) for p in error.value.problems] == [
        f"{subject}:3: components.0.start_timeout_s: a finite number is wanted"
    ]
