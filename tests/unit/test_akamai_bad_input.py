"""GTM's API with requests that nobody should send, and signatures at their limits: refused, and nothing breaks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import dns.message
import dns.rcode
import pytest
from akamai_account import APP, BAD, CREDENTIAL, DOMAIN, ONE, Account, liveness_test, prop
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engines.dns.lookup import Answer
from harness.engines.dns.server import Responder
from harness.errors import InputError
from harness.parts.steering.akamai import model, summary
from harness.parts.steering.akamai.agents import LivenessAgents
from harness.parts.steering.akamai.config import AkamaiConfig
from harness.parts.steering.akamai.shapes import DATACENTER, PROPERTY, TARGET, TEST
from harness.parts.steering.akamai.signing import BODY_BYTES_MAX, SCHEME, signature
from harness.parts.steering.akamai.values import Reply, Request
from harness.parts.steering.akamai.zones import picking


@pytest.fixture
def account() -> Account:
    found = Account()
    found.published()
    return found


class Names:
    """The name servers of an account."""

    generation, draws, scale = 0, 0, 1.0

    def __init__(self, account: Account) -> None:
        self._account = account

    def answer(self, name: str, record_type: str) -> Answer:
        state = self._account.state
        return state.answer(name, record_type, picking(state.basis(name).properties, lambda: 0.3))


def used(account: Account) -> None:
    """Everything that a stand-in does with an account: agents test, names are answered, all of it is read."""
    account.happened(model.Activate())
    policy = LivenessAgents(7, 0.1)
    for check in account.checks.values():
        request = policy.request(check, ("127.0.0.1", 9), policy.limits(check))
        assert b"\nX-Injected" not in request.payload
        request.judge.status(204, "")
        request.judge.body(b"alive")
    account.rounds(1, one=BAD)
    summary.lines(account.state, None, {}, account.now_ns)
    for name in (APP, *account.state.now.properties):
        wire = Responder(Names(account)).respond(dns.message.make_query(name, "A").to_wire(), 0) or b""
        assert dns.message.from_wire(wire).rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    whole = account.done("GET", f"/domains/{DOMAIN}")
    account.done("PUT", f"/domains/{DOMAIN}", json.loads(json.dumps(whole)))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"backupCName": "a b"}, '"backupCName" must be a host name'),
        ({"cname": "x" * 64}, '"cname" must be a host name'),
        ({"backupIp": "fe80::1%eth0", "ipv6": True}, "backupIp is no address of the property's IP type"),
        ({"name": "x" * 64}, "the name is no host name"),
        ({"name": ".".join(["x" * 60] * 4)}, "the name is no host name"),
        ({"staticRRSets": [{"type": "A", "ttl": 60, "rdata": ["::1"]}]}, "the static A record '::1' is none"),
        ({"staticRRSets": [{"type": "CNAME", "ttl": 60, "rdata": ["a", "b"]}]}, "the static CNAME set has 2 records"),
        ({"staticRRSets": [{"type": "TXT", "ttl": 60, "rdata": []}]}, "the static TXT set has 0 records"),
        ({"mxRecords": [{"exchange": "a b", "preference": 1}]}, 'the exchange "a b" is no host name'),
        ({"trafficTargets": [{"datacenterId": 2**31, "servers": [ONE]}]}, '"datacenterId" must be at most'),
        ({"trafficTargets": [{"datacenterId": 3131, "handoutCName": "a b"}]}, '"handoutCName" must be a host name'),
    ],
)  # fmt: skip
def test_what_could_not_be_answered_is_refused(account: Account, fields: dict[str, Any], said: str) -> None:
    body = prop(**fields)
    path = f"/domains/{DOMAIN}/properties/{body['name']}"
    assert any(said in error for error in account.errors("PUT", path, body))
    used(account)


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 70_000), st.just(10**30), st.floats(-1e9, 1e9),
    st.text(max_size=5), st.sampled_from(["\r\nX-Injected: y", "a..b", "::1", ONE, "x" * 300, "@"]),
    st.recursive(
        st.sampled_from([None, 0, "x", 3131, ONE]),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["datacenterId", "name", "value", "type", "ttl", "rdata", "servers", "nickname"]),
            inner, max_size=4,
        ),
        max_leaves=6,
    ),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_a_field_says_the_account_goes_on(data: st.DataObject) -> None:
    account = Account()
    account.published()
    whole, path = prop(), f"/domains/{DOMAIN}/properties/app"
    shape, part = data.draw(
        st.sampled_from([(PROPERTY, whole), (TEST, whole["livenessTests"][0]), (TARGET, whole["trafficTargets"][0])])
        | st.just((DATACENTER, {"nickname": "n"}))
    )
    part[data.draw(st.sampled_from(sorted(shape.fields)))] = data.draw(ODD)
    if shape is DATACENTER:
        whole, path = part, f"/domains/{DOMAIN}/datacenters/3131"
    reply = account.call("PUT", path, whole)
    assert reply.status in (200, 400)
    if reply.status == 400:
        assert reply.body["errors"]
    used(account)


# Signatures


def signed_in_order(account: Account, *names: str, **changed: str) -> Reply:
    """A call whose header names its fields in that order."""
    request = account.request("GET", "/domains")
    given = account.signed(request).headers["authorization"].removeprefix(f"{SCHEME} ").split(";")
    said = dict(field.split("=", 1) for field in given) | changed
    unsigned = f"{SCHEME} " + "".join(f"{name}={said[name]};" for name in names)
    header = f"{unsigned}signature={signature(request, unsigned, said['timestamp'], CREDENTIAL.client_secret)}"
    return account.sent(replace(request, headers={**request.headers, "authorization": header}))


def test_the_fields_of_a_signature_may_stand_in_any_order_each_of_them_once(account: Account) -> None:
    names = ("client_token", "access_token", "timestamp", "nonce")
    assert signed_in_order(account, *names).status == 200
    assert signed_in_order(account, *reversed(names)).status == 200
    for wrong in (names[:3], (*names[:3], "timestamp"), (*names, "nonce")):
        reply = signed_in_order(account, *wrong)
        assert (reply.status, reply.body["detail"]) == (400, "Invalid authorization header")
    assert signed_in_order(account, *names, nonce="").body["detail"] == "Invalid nonce"


@pytest.mark.parametrize("of", ["client_token", "access_token", "timestamp", "nonce", "signature"])
def test_bytes_that_are_no_text_make_a_signature_wrong_and_nothing_else(account: Account, of: str) -> None:
    request = account.signed(account.request("GET", "/domains"))
    header = request.headers["authorization"].replace(f"{of}=", f"{of}=\udcff\udcfe")
    reply = account.sent(replace(request, headers={**request.headers, "authorization": header}))
    assert reply.status in (400, 401)
    json.dumps(reply.body)
    strange = account.signed(account.request("GET", "/domains", host="\udcff"))
    assert account.sent(strange).status == 200, "a host of whatever bytes is signed as well"


def test_only_the_first_131072_bytes_of_a_post_are_signed_and_nothing_of_a_put(account: Account) -> None:
    def sent(method: str, path: str, change: Any) -> Reply:
        request = account.signed(account.request(method, path, {"name": "x" * 200_000}))
        return account.sent(replace(request, body=change(request.body)))

    assert BODY_BYTES_MAX == 131_072
    assert sent("POST", "/domains", lambda body: b"!" + body[1:]).status == 401
    assert sent("POST", "/domains", lambda body: body[:-1] + b"!").status == 400, "well signed, and no JSON"
    assert sent("PUT", f"/domains/{DOMAIN}", lambda body: b"!" + body[1:]).status == 400


def test_a_body_that_is_too_long_is_refused_as_such(account: Account) -> None:
    request = account.signed(account.request("POST", "/domains"))
    reply = account.sent(replace(request, body=b"", too_large=True))
    assert (reply.status, reply.body["title"]) == (413, "Request Entity Too Large")


def test_a_nonce_serves_another_client_and_no_request_twice_even_one_that_failed(account: Account) -> None:
    first = account.signed(account.request("GET", "/domains/nowhere.akadns.net"), nonce="same")
    assert account.sent(first).status == 404
    second = account.signed(account.request("GET", "/domains"), nonce="same")
    assert account.sent(second).body["detail"] == "Duplicate nonce"
    forged = account.signed(account.request("GET", "/domains"), nonce="next")
    worse = replace(forged, headers={**forged.headers, "authorization": forged.headers["authorization"] + "x"})
    assert account.sent(worse).status == 401
    assert account.sent(forged).status == 200, "what nobody let in has used no nonce"
    account.wait(29)
    late = account.signed(account.request("GET", "/domains"), nonce="late", off_s=30)
    assert account.sent(late).status == 200
    account.wait(59)
    assert account.sent(late).body["detail"] == "Duplicate nonce", "its timestamp is good for a minute"


def test_a_change_of_a_pending_domain_keeps_what_it_did_not_name(account: Account) -> None:
    account.put(name="www", comments="first")
    pending = account.done("GET", f"/domains/{DOMAIN}/status/current")
    assert pending["propagationStatus"] == "PENDING"
    account.put(name="app", dynamicTTL=90)
    assert {one["name"] for one in account.done("GET", f"/domains/{DOMAIN}/properties")["items"]} == {"app", "www"}
    again = account.done("GET", f"/domains/{DOMAIN}/status/current")
    assert again["changeId"] != pending["changeId"]
    account.wait(301)
    assert account.done("GET", f"/domains/{DOMAIN}/status/current")["propagationStatus"] == "COMPLETE"
    assert set(account.state.now.properties) == {f"app.{DOMAIN}", f"www.{DOMAIN}"}


def test_a_test_of_ten_seconds_and_a_millisecond_is_the_least_there_is(account: Account) -> None:
    def wrong(**fields: Any) -> list[str]:
        body = prop(livenessTests=[liveness_test(**fields)])
        reply = account.call("PUT", f"/domains/{DOMAIN}/properties/app", body)
        return [] if reply.status == 200 else [error["detail"] for error in reply.body["errors"]]

    assert wrong(testInterval=10, testTimeout=0.001) == wrong(testTimeout=60) == []
    assert "at least 10" in wrong(testInterval=9)[0]
    assert "at least 0.001" in wrong(testTimeout=0.0009)[0]
    assert "at most 60" in wrong(testTimeout=60.1)[0]
    assert "required" in wrong(testInterval=None)[0]
    assert "required" in wrong(testTimeout=None)[0]
    for protocol in ("DNS", "FTP", "POP", "POPS", "SMTP", "SMTPS"):
        assert "not offered here" in wrong(testObjectProtocol=protocol)[0]


def test_requests_that_are_not_signed_at_all_are_told_so_before_anything_else() -> None:
    account = Account()
    reply = account.sent(Request("DELETE", "/config-gtm/v1/tea", {"host": "x"}))
    assert (reply.status, reply.body["detail"]) == (400, "Missing authorization header")


def test_what_is_left_out_is_as_akamai_has_it_and_precedence_goes_from_0_to_255(account: Account) -> None:
    told = account.done("GET", f"/domains/{DOMAIN}/properties/app")
    defaults = {"failoverDelay": 0, "failbackDelay": 0, "dynamicTTL": 60, "staticTTL": None, "handoutLimit": None}
    assert {key: told[key] for key in defaults} == defaults
    test = told["livenessTests"][0]
    assert (test["errorPenalty"], test["timeoutPenalty"]) == (75, 25)
    targets = prop()["trafficTargets"]
    for precedence, said in ((256, "at most 255"), (-1, "at least 0")):
        ranked = [{**targets[0], "precedence": precedence}, {**targets[1], "precedence": 1}]
        errors = account.errors("PUT", f"/domains/{DOMAIN}/properties/app", prop(trafficTargets=ranked))
        assert said in errors[0]


def test_records_that_are_static_have_a_ttl_of_their_own(account: Account) -> None:
    account.put(dynamicTTL=90, staticTTL=900, mxRecords=[{"exchange": "mx.example.com", "preference": 10}])
    account.happened(model.Activate())
    mail, address = (account.state.answer(f"app.{DOMAIN}", kind, lambda group: group) for kind in ("MX", "A"))
    assert (mail.answers[0].ttl_s, address.answers[0].ttl_s) == (900, 90)


def test_a_configuration_with_one_client_twice_is_none() -> None:
    one = {"client_token": "a", "client_secret": "b", "access_token": "c"}
    with pytest.raises(InputError, match="credentials: two API clients have the same client_token"):
        AkamaiConfig.parse({"credentials": [one, one]})
