"""Mistakes in files: all of them at once, in plain words, with what is known instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_topology_files import GOOD, SUBJECT, refused, refused_subject

FOREIGN = ("Input should", "Tuple", "valid dictionary", "instance of", "Field required", "Extra inputs", "_type")


def test_mistakes_of_form_and_of_meaning_are_told_together(tmp_path: Path) -> None:
    text = SUBJECT.replace("port_env: PORT", "port_env: PORT\n    helth: /ok") + (
        "workload:\n  headers: {X-Key: '${env:NOT_SET_HERE}'}\n  put: {method: POST, path: /items, body: '{value}'}\n"
    )
    problems = refused_subject(tmp_path, text)
    assert [line for line, _ in problems] == [12, 16, 17]
    told = [text for _, text in problems]
    assert told[0].startswith("components.1.helth: unknown key; there are: health, edge_health, ")
    assert "NOT_SET_HERE is not set" in told[1]
    assert "{id} stands nowhere" in told[2]


def test_what_might_be_a_consequence_is_not_told(tmp_path: Path) -> None:
    """The application's own entry is wrong: that there is none, and that failover names nobody, are no news."""
    problems = refused_subject(
        tmp_path, SUBJECT.replace("  - name: app\n    command: [python, app.py]", "  - name: app")
    )
    assert problems == [(8, "components.1.command: is missing")]


def test_mistakes_of_a_section_and_of_the_environment_are_told_together(tmp_path: Path) -> None:
    text = GOOD + "edge: {record: shop.elsewhere.org, portt: 1}\nload_balancer: {interval: 3}\n"
    told = [text for _, text in refused(tmp_path, text)]
    assert any(text.startswith("edge.portt: unknown key; there are: port, ") for text in told)
    assert any("load_balancer.interval: unknown key; there are: interval_s, " in text for text in told)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("[python, app.py]", "[]", "components.1.command: must have at least 1 entry"),
        ("[python, app.py]", "python app.py", "components.1.command: must be a list (got 'python app.py')"),
        ("key: id", "key: {PK: 'TENANT#1'}", "tables.0.key: one of the key's attributes must hold {id}"),
        ("key: id", "key: [id]", "tables.0.key: must be text or a mapping of keys to values"),
        ("value: value}", "value: {attribute: body}}", "tables.0.value.at: is missing"),
        ("value: value}", "value: {attribute: body, att: /x}}", "tables.0.value.att: unknown key; there are: at"),
        ("value: value}", "value: value, create: perhaps}", "tables.0.create: must be true or false (got 'perhaps')"),
        ("failover:", "replication: perhaps\nfailover:", "replication: must be one of: 'none' or 'promised'"),
        ("failover:", "start_timeout_s: soon\nfailover:", "start_timeout_s: must be a number (got 'soon')"),
        ("failover:", "workload: {put: {method: put, path: /x}}\nfailover:", "workload.put.method: a method is"),
        ("failover:", "workload: {get: 7}\nfailover:", "workload.get: must be a mapping of keys to values"),
        (
            "failover:",
            "workload: {get: {method: GET, path: '/{id}', ok: true}}\nfailover:",
            "workload.get.ok: write 200",
        ),
        ("port_env: PORT", "port_env: PORT\n    health_codes: 5xx", "components.1.health_codes: 500 is beyond"),
    ],
)
def test_no_words_of_a_library_show_through(old: str, new: str, text: str, tmp_path: Path) -> None:
    problems = refused_subject(
        tmp_path, SUBJECT.replace(old, new, 1) if old != "[python, app.py]" else SUBJECT.replace(old, new)
    )
    told = "\n".join(text for _, text in problems)
    assert text in told
    assert not [word for word in FOREIGN if word in told]
    assert all(line is not None for line, _ in problems)


def test_a_part_without_settings_says_that_nothing_can_be_said(tmp_path: Path) -> None:
    told = [text for _, text in refused(tmp_path, GOOD + "platform: {kind: processes, portt: 1}\n")]
    assert told == ["platform.portt: unknown key; nothing can be said there"]


@pytest.mark.parametrize("links", ["toxiproxy_port: 5300\n", "links: {kind: toxiproxy, port: 5300}\n"])
def test_two_listeners_that_want_one_address_are_refused(tmp_path: Path, links: str) -> None:
    told = [text for _, text in refused(tmp_path, GOOD + links + "edge: {dns_port: 5300}\n")]
    assert told == ["edge.dns_port: 5300 is the port of Toxiproxy's API as well; two listeners cannot have one address"]
