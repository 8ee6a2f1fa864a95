"""Akamai GTM as a process, driven by Akamai's own signing client, and asked over DNS; its agents test real servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest
import requests
from akamai.edgegrid import EdgeGridAuth
from akamai_account import APP, DOMAIN, HOST, V16, liveness_test, prop
from akamai_description import description
from served_process import ServedProcess, until

from harness.history.codec import read
from harness.history.events import DnsAnswer, HealthTransition
from harness.parts.steering.akamai.config import AkamaiConfig
from harness.parts.steering.akamai.server import run
from harness.wire.ask import ask

pytestmark = [pytest.mark.live, pytest.mark.beside]

TOKENS = {"client_token": "akab-client", "client_secret": "c2VjcmV0", "access_token": "akab-access"}
VERSION = {"Accept": V16, "Content-Type": V16}
SCALE = 0.05


class Gtm(ServedProcess):
    """The process, on a thread of this one."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.events = folder / "events.jsonl"
        config = AkamaiConfig.parse(
            {
                "credentials": [{**TOKENS, "by": "somebody"}], "watch": [APP], "scale": SCALE, "activation_s": 30,
                "aliases": [{"name": APP, "zone": "example.com", "target": HOST}], "events": str(self.events),
                **settings,
            }
        )  # fmt: skip
        super().__init__(run, config)
        self.session = self.client()

    def close(self) -> None:
        self.session.close()
        super().close()

    def client(self, **tokens: str) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.auth = EdgeGridAuth(**{**TOKENS, **tokens})
        return session

    def call(self, method: str, path: str, body: Any = None, session: requests.Session | None = None) -> Any:
        url = "http://{}:{}/config-gtm/v1{}".format(*self.addresses["api"], path)
        return (session or self.session).request(method, url, json=body, headers=VERSION, timeout=5)

    def done(self, method: str, path: str, body: Any = None) -> Any:
        response = self.call(method, path, body)
        assert response.ok, response.text
        return response.json()

    def publish(self, **fields: Any) -> None:
        self.done("POST", "/domains", {"name": DOMAIN, "type": "full"})
        for nickname in ("Doune", "Snaefellsjokull"):
            self.done("POST", f"/domains/{DOMAIN}/datacenters", {"nickname": nickname})
        self.done("PUT", f"/domains/{DOMAIN}/properties/app", prop(**fields))

    def asked(self, name: str = APP) -> list[str]:
        host, port = self.addresses["dns"]
        answer = dns.query.udp(dns.message.make_query(name, "A"), host, 5, port)
        return sorted(text for rrset in answer.answer for text in map(str, rrset) if rrset.rdtype == 1)


@pytest.fixture
def gtm(tmp_path: Path) -> Iterator[Gtm]:
    found = Gtm(tmp_path)
    yield found
    found.close()


def test_akamais_own_client_sets_an_edge_up_and_waits_for_its_activation(gtm: Gtm) -> None:
    gtm.publish()
    assert gtm.asked() == []
    status = f"/domains/{DOMAIN}/status/current"
    assert gtm.done("GET", status)["propagationStatus"] == "PENDING"
    until(lambda: gtm.done("GET", status)["propagationStatus"] == "COMPLETE")
    until(lambda: gtm.asked() == ["192.0.2.1"])
    version = {"Accept": "application/vnd.config-gtm.v1.5+json"}
    url = "http://{}:{}/config-gtm/v1/domains/{}".format(*gtm.addresses["api"], DOMAIN)
    found = gtm.session.get(url, headers=version, timeout=5)
    assert found.headers["Content-Type"].partition(";")[0] == version["Accept"]
    assert description().mistakes("domain", "1.5", found.json()) == []
    assert gtm.done("GET", f"/domains/{DOMAIN}/properties/app?unused=a%20b")["name"] == "app"
    assert gtm.done("DELETE", f"/domains/{DOMAIN}/properties/app")["status"]["propagationStatus"] == "PENDING"
    assert gtm.asked() == ["192.0.2.1"]


def test_a_client_with_another_secret_is_told_as_akamai_tells_it(gtm: Gtm) -> None:
    with gtm.client(client_secret="Z3Vlc3NlZA==") as stranger:
        refused = gtm.call("POST", "/domains", {"name": DOMAIN, "type": "full"}, stranger)
    assert (refused.status_code, refused.json()["detail"]) == (401, "The signature does not match")
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    sent = gtm.call("GET", "/domains")
    assert sent.json() == {"items": []}
    again = requests.get(sent.request.url, headers=sent.request.headers, timeout=5)
    assert (again.status_code, again.json()["detail"]) == (400, "Duplicate nonce")


class _Server:
    """An edge. status: what it answers."""

    def __init__(self, host: str) -> None:
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self.address = (host, self._server.server_port)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_agents_move_the_answer_and_say_so_and_go_blind(tmp_path: Path) -> None:
    one, two = _Server("127.0.0.1"), _Server("127.0.0.2")
    book = {"192.0.2.1": list(one.address), "192.0.2.2": list(two.address)}
    gtm = Gtm(tmp_path, address_book=book, edges={"us-east-1": "192.0.2.1", "us-west-2": "192.0.2.2"})
    try:
        gtm.publish(livenessTests=[liveness_test(testTimeout=10)], dynamicTTL=60)
        gtm.admin("/activate")
        until(lambda: gtm.asked() == ["192.0.2.1"])
        one.status = 503
        until(lambda: gtm.asked() == ["192.0.2.2"])
        gtm.admin("/blind", {"mode": "frozen"})
        one.status = 200
        assert b'"frozen"' in ask(gtm.addresses["admin"], "GET", "/sight", timeout_s=5).body
        gtm.admin("/blind", {"mode": None})
        until(lambda: gtm.asked() == ["192.0.2.1"])
        gtm.admin("/outage", {"mode": "failing"})
        assert gtm.call("GET", "/domains").status_code == 503
        assert gtm.asked() == ["192.0.2.1"]
        gtm.admin("/outage", {"mode": None})
        assert gtm.call("GET", "/domains").status_code == 200
    finally:
        gtm.close()
        one.close()
        two.close()
    events = list(read(gtm.events))
    answers = [event.addresses for event in events if isinstance(event, DnsAnswer)]
    assert answers == [("192.0.2.1",), ("192.0.2.2",), ("192.0.2.1",)]
    found = [(e.target, e.status) for e in events if isinstance(e, HealthTransition) and e.kind == "akamai"]
    assert found == [("us-east-1", "unhealthy"), ("us-east-1", "healthy")]
