"""The intermediary's calls: what it makes of the answers of a real API, and of a real table."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import dns.rcode
import pytest
from intermediary_world import environ
from test_digitalocean_live import APP, TOKEN
from test_digitalocean_live import Provider as Server

from reference.intermediary.provider import Provider
from reference.intermediary.settings import load
from reference.intermediary.state import ARecord, Called, DropRecord, ReadRecord, WriteRecord

pytestmark = [pytest.mark.live, pytest.mark.beside]

LATER_NS = 60 * 10**9
NYC, SFO = "127.0.1.10", "127.0.2.10"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path)
    found.http("POST", "/v2/domains", {"name": "example.com"})
    yield found
    found.close()


def caller(url: str, token: str = TOKEN) -> Provider:
    return Provider(load(environ(DIGITALOCEAN_API_URL=url, DIGITALOCEAN_TOKEN=token)))


def soon() -> int:
    return time.monotonic_ns() + LATER_NS


def test_it_makes_reads_changes_and_drops_the_record(server: Server) -> None:
    provider = caller(server.url)
    assert provider.carry_out(ReadRecord()) == Called("done", ())
    assert provider.carry_out(WriteRecord(None, NYC, soon())).answer == "done"
    [record] = provider.carry_out(ReadRecord()).records
    assert record == ARecord(record.id, NYC, 60)
    assert provider.carry_out(WriteRecord(record.id, SFO, soon())).answer == "done"
    assert [str(item) for item in server.query(APP).answer[0]] == [SFO]
    assert provider.carry_out(DropRecord(record.id, soon())).answer == "done"
    assert server.query(APP).rcode() == dns.rcode.NXDOMAIN
    assert provider.carry_out(WriteRecord(record.id, SFO, soon())).answer == "missing"


def test_it_tells_refusals_apart_from_what_nobody_knows(server: Server) -> None:
    provider = caller(server.url)
    assert provider.carry_out(WriteRecord(None, "no address", soon())).answer == "refused"
    assert caller(server.url, "wrong").carry_out(ReadRecord()).answer == "refused"
    server.admin("/troubles", {"name": "t", "kind": "throttled"})
    throttled = provider.carry_out(ReadRecord())
    assert (throttled.answer, throttled.after_s) == ("throttled", 2.0)
    server.admin("/troubles/t/end")
    server.admin("/troubles", {"name": "f", "kind": "failing"})
    assert provider.carry_out(ReadRecord()).answer == "unknown"
    server.admin("/troubles/f/end")
    assert "wrong" not in repr(caller(server.url, "wrong").carry_out(ReadRecord()))


def test_a_change_without_an_answer_is_unknown_and_takes_no_longer_than_a_call_may(server: Server) -> None:
    server.admin("/troubles", {"name": "u", "kind": "unanswered"})
    began = time.monotonic()
    assert caller(server.url).carry_out(WriteRecord(None, NYC, soon())).answer == "unknown"
    assert 1.5 < time.monotonic() - began < 5
    server.admin("/troubles/u/end")
    assert [str(item) for item in server.query(APP).answer[0]] == [NYC]


def test_a_call_whose_time_is_over_is_not_sent(server: Server) -> None:
    assert caller(server.url).carry_out(WriteRecord(None, NYC, time.monotonic_ns())).answer == "not-sent"
    assert server.query(APP).rcode() == dns.rcode.NXDOMAIN


def test_an_api_that_refuses_connections_has_surely_done_nothing() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert caller(f"http://127.0.0.1:{port}").carry_out(WriteRecord(None, NYC, soon())).answer == "error"


def test_an_api_that_drips_its_answer_holds_nobody(tmp_path: Path) -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as dripping:

        def drip() -> None:
            client, _ = dripping.accept()
            with client:
                try:
                    for _ in range(200):
                        client.sendall(b"H")
                        time.sleep(0.1)
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        found = caller(f"http://127.0.0.1:{dripping.getsockname()[1]}").carry_out(WriteRecord(None, NYC, soon()))
        assert found.answer == "unknown"
        assert time.monotonic() - began < 6
        thread.join(10)
