"""GTM's API as a machine: answers are as Akamai's published examples, signatures are verified, mistakes are told."""

from __future__ import annotations

from typing import Any

import pytest
from akamai_account import CREDENTIAL, DOMAIN, ONE, V16, WALL_NS, Account, liveness_test, prop
from akamai_description import description, unlike
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engines.provider.values import ApiLost
from harness.parts.steering.akamai import model, routes
from harness.parts.steering.akamai.calls import BASE
from harness.parts.steering.akamai.signing import Credential
from harness.parts.steering.akamai.values import Request


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with fields that there are, and lists."""
    keys = st.sampled_from(["name", "servers", "datacenterId", "weight", "testInterval", "staticRRSets", "httpHeaders"])
    return st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)


PROPERTY = f"/domains/{DOMAIN}/properties/app"
V10 = "application/vnd.config-gtm.v1.0+json"


@pytest.fixture
def account() -> Account:
    found = Account()
    found.domain()
    return found


def test_every_call_of_the_description_is_answered() -> None:
    assert routes.served() == frozenset(description().operations())


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"])
def test_objects_satisfy_the_schema_of_the_version_that_was_asked_for(account: Account, version: str) -> None:
    account.put()
    wanted = f"application/vnd.config-gtm.v{version}+json"
    found = account.done("GET", PROPERTY, accept=wanted)
    assert description().mistakes("property", version, found) == []
    center = account.done("GET", f"/domains/{DOMAIN}/datacenters/3131", accept=wanted)
    assert description().mistakes("datacenter", version, center) == []
    domain = account.done("GET", f"/domains/{DOMAIN}", accept=wanted)
    assert description().mistakes("domain", version, domain) == []
    assert (
        description().mistakes("status-response", version, account.done("GET", f"/domains/{DOMAIN}/status/current"))
        == []
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/domains", None),
        ("GET", "/domains/{}", None),
        ("GET", "/domains/{}/datacenters", None),
        ("GET", "/domains/{}/datacenters/{}", None),
        ("GET", "/domains/{}/properties/{}", None),
        ("GET", "/domains/{}/status/current", None),
        ("GET", "/domains/{}/history", None),
        ("POST", "/domains/{}/datacenters", {"nickname": "Winterfell"}),
        ("POST", "/domains/{}/datacenters/default-datacenter-for-maps", None),
        ("PUT", "/domains/{}/properties/{}", prop()),
        ("DELETE", "/domains/{}/properties/{}", None),
    ],
)
def test_answers_have_the_shape_of_the_published_examples(account: Account, method: str, path: str, body: Any) -> None:
    account.put()
    filled = path.replace("{}", DOMAIN, 1)
    filled = filled.replace("{}", "3131" if "datacenters" in path else "app")
    told = account.done(method, filled, body, accept=V10, **{"content-type": V10})
    assert [text for text in unlike(description().example(method, path), told) if not _beyond(text)] == []


def _beyond(text: str) -> bool:
    """What the examples leave out or have from before version 1.0: their fields are not in the schemas either."""
    old = ("pingInterval", "pingPacketSize", "servermonitor", "roundRobinPrefix", "minPingableRegion", "defaultUnreach")
    maps = (
        ".cidrMaps",
        ".geographicMaps",
        ".resources",
        "cloudServer",
        "scorePenalty",
        "Penalty is not in",
        ".comments",
        "loadImbalancePercentage",
    )
    return any(word in text for word in (*old, *maps, ".links is missing", "defaultLoadObject"))


def test_a_change_is_pending_until_it_is_activated(account: Account) -> None:
    status = f"/domains/{DOMAIN}/status/current"
    account.happened(model.Activate())
    assert account.done("GET", status)["propagationStatus"] == "COMPLETE"
    told = account.done("PUT", PROPERTY, prop())
    assert told["status"]["propagationStatus"] == "PENDING"
    assert told["status"]["message"] == "Change Pending"
    account.wait(299)
    assert account.done("GET", status)["propagationStatus"] == "PENDING"
    account.wait(2)
    found = account.done("GET", status)
    assert (found["propagationStatus"], found["changeId"]) == ("COMPLETE", told["status"]["changeId"])


def test_creating_answers_201_with_where_it_is_and_changing_200(account: Account) -> None:
    assert account.call("PUT", PROPERTY, prop()).status == 201
    assert account.call("PUT", PROPERTY, prop(dynamicTTL=30)).status == 200
    made = account.call("POST", f"/domains/{DOMAIN}/datacenters", {"nickname": "Winterfell"})
    assert (made.status, made.headers["Location"]) == (201, f"{BASE}/domains/{DOMAIN}/datacenters/3133")


def test_history_tells_who_changed_what_for(account: Account) -> None:
    account.done("PUT", f"{PROPERTY}?domainModificationComments=Load%20balancer", prop())
    found = account.done("GET", f"/domains/{DOMAIN}/history?pageSize=2")
    assert [one["comments"] for one in found["changes"]] == ["Load balancer", ""]
    assert found["changes"][0]["modifiedBy"] == CREDENTIAL.by
    assert (found["metadata"]["totalElements"], found["metadata"]["lastPage"]) == (4, 2)


# Signatures


def refused(account: Account, request: Request) -> tuple[int, str, str]:
    reply = account.sent(request)
    assert reply.content_type == "application/problem+json"
    assert reply.body["status"] == reply.status
    return reply.status, reply.body["type"].rpartition("/")[2], reply.body["detail"]


def test_a_request_that_nobody_signed_is_refused(account: Account) -> None:
    assert refused(account, account.request("GET", "/domains")) == (
        400,
        "request-error",
        "Missing authorization header",
    )
    garbled = account.request("GET", "/domains", authorization="EG1-HMAC-SHA256 client_token=x")
    assert refused(account, garbled) == (400, "request-error", "Invalid authorization header")


@pytest.mark.parametrize("off_s", [-31, 31])
def test_a_clock_that_is_half_a_minute_off_is_refused(account: Account, off_s: float) -> None:
    request = account.request("GET", "/domains")
    assert refused(account, account.signed(request, off_s=off_s)) == (400, "request-error", "Invalid timestamp")
    assert account.sent(account.signed(request, off_s=off_s * 29 / 31)).status == 200


def test_a_request_that_is_sent_again_as_it_was_is_refused(account: Account) -> None:
    request = account.signed(account.request("GET", "/domains"))
    assert account.sent(request).status == 200
    assert refused(account, request) == (400, "request-error", "Duplicate nonce")


def test_a_wrong_secret_a_wrong_token_and_a_changed_request_are_refused(account: Account) -> None:
    request = account.request("POST", "/domains", {"name": "other.akadns.net", "type": "full"})
    wrong = Credential(CREDENTIAL.client_token, "guessed", CREDENTIAL.access_token)
    mismatch = (401, "deny", "The signature does not match")
    assert refused(account, account.signed(request, credential=wrong)) == mismatch
    signed = account.signed(request)
    other_body = Request("POST", signed.target, signed.headers, signed.body.replace(b"other", b"their"))
    assert refused(account, other_body) == mismatch
    other_path = Request("POST", f"{signed.target}?gid=1", signed.headers, signed.body)
    assert refused(account, other_path) == mismatch
    nobody = Credential("akab-nobody", "secret", CREDENTIAL.access_token)
    assert refused(account, account.signed(request, credential=nobody)) == (
        400,
        "request-error",
        "Invalid client token",
    )
    stranger = Credential(CREDENTIAL.client_token, CREDENTIAL.client_secret, "akab-other")
    assert refused(account, account.signed(request, credential=stranger)) == (401, "deny", "Invalid access token")
    assert "other.akadns.net" not in account.state.account.domains


def test_a_problem_says_what_akamai_says(account: Account) -> None:
    told = account.sent(account.request("GET", "/domains")).body
    assert told["type"] == "https://problems.luna.akamaiapis.net/-/pep-authn/request-error"
    assert set(told) == {
        "type", "title", "status", "detail", "instance", "method", "serverIp", "clientIp", "requestId", "requestTime",
    }  # fmt: skip


def test_nonces_are_forgotten_once_their_timestamps_are_too_old(account: Account) -> None:
    for _ in range(5):
        account.call("GET", "/domains")
        account.wait(40)
    assert len(account.state.nonces) <= 3
    assert WALL_NS


# Media types


def test_versions_are_told_apart(account: Account) -> None:
    account.put()
    assert "handoutLimit" not in account.done("GET", PROPERTY, accept=V10)
    assert "precedence" in account.done("GET", PROPERTY, accept=V16)["trafficTargets"][0]
    wanted = "application/property-vnd-config-gtm.v1.4+json"
    assert account.call("GET", PROPERTY, accept=wanted).content_type == wanted
    assert account.call("GET", PROPERTY, accept="*/*").content_type == "application/json"
    assert account.call("GET", PROPERTY, accept="application/vnd.config-gtm.v9.9+json").status == 406
    assert account.call("PUT", PROPERTY, prop(), **{"content-type": "text/plain"}).status == 415


def test_a_field_of_a_later_version_is_refused(account: Account) -> None:
    reply = account.call("PUT", PROPERTY, prop(handoutLimit=3), **{"content-type": V10})
    assert [error["detail"] for error in reply.body["errors"]] == [
        'Property "app": "handoutLimit" is not a field of version 1.0'
    ]


# Wrong objects


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dynamicTTL": 29}, '"dynamicTTL" must be at least 30'),
        ({"dynamicTTL": True}, '"dynamicTTL" must be an integer'),
        ({"handoutMode": "all"}, '"handoutMode" must be one of'),
        ({"failoverDelay": -1}, '"failoverDelay" must be at least 0'),
        ({"livenessTests": [liveness_test(testInterval=9)]}, '"testInterval" must be at least 10'),
        ({"livenessTests": [liveness_test(testTimeout=0)]}, '"testTimeout" must be at least 0.001'),
        ({"livenessTests": [liveness_test(testTimeout=61)]}, '"testTimeout" must be at most 60'),
        ({"livenessTests": [liveness_test(testObjectProtocol="GOPHER")]}, "testObjectProtocol must be one of"),
        ({"livenessTests": [liveness_test(testObjectProtocol="DNS")]}, "DNS is not offered here"),
        ({"livenessTests": [liveness_test(), liveness_test()]}, 'two liveness tests are called "edge"'),
        ({"livenessTests": [liveness_test(testObject="health")]}, "testObject must begin with a slash"),
        (
            {"livenessTests": [liveness_test(hostHeader="a\r\nX: b")]},
            "headers need a name and a value each, of one line",
        ),
        ({"livenessTests": [liveness_test(httpHeaders=[{"name": "X"}])]}, "headers need a name and a value each"),
        ({"livenessTests": [liveness_test(testInterval=10**400)]}, '"testInterval" must be at most'),
        ({"staticRRSets": [{"type": "TXT", "ttl": 60}]}, '"rdata" is required'),
        ({"mxRecords": [{"exchange": "mx.example.com"}]}, '"preference" is required'),
        ({"trafficTargets": [{"datacenterId": 3131, "servers": [ONE], "weight": 1e308}]}, '"weight" must be at most'),
        ({"type": "performance"}, "'performance' is not offered here"),
        ({"backupIp": "192.0.2.9", "backupCName": "www.example.com"}, "both a backupCName and a backupIp"),
        ({"backupIp": "2001:db8::9"}, "backupIp is no address of the property's IP type"),
        ({"name": "other"}, 'the name is not that of the path, "app"'),
        ({"trafficTargets": []}, "no enabled traffic targets that have any traffic allowed to go to them"),
        ({"trafficTargets": [{"datacenterId": 9, "servers": [ONE]}]}, "there is no data center 9"),
        ({"trafficTargets": [{"datacenterId": 3131}]}, "neither servers nor a name"),
        ({"trafficTargets": [{"datacenterId": 3131, "servers": ["www"]}]}, '"www" is no address'),
        ({"trafficTarget": []}, '"trafficTarget" is not a known field'),
        ({"scoreAggregationType": None}, '"scoreAggregationType" is required'),
    ],
)
def test_what_a_property_may_not_say_is_told(account: Account, fields: dict[str, Any], words: str) -> None:
    (told,) = account.errors("PUT", PROPERTY, prop(**fields))
    assert words in told
    assert 'Property "' in told


def test_every_mistake_is_told_at_once(account: Account) -> None:
    told = account.errors("PUT", PROPERTY, prop(dynamicTTL=1, handoutMode="some", ipv6=3))
    assert len(told) == 3


def test_ranked_failover_needs_one_target_of_the_lowest_precedence(account: Account) -> None:
    targets = [{**target, "precedence": 7} for target in prop()["trafficTargets"]]
    (told,) = account.errors("PUT", PROPERTY, prop(type="ranked-failover", trafficTargets=targets))
    assert "multiple primary traffic targets" in told


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/domains/nobody.akadns.net", None, 404),
        ("GET", f"/domains/{DOMAIN}/properties/www", None, 404),
        ("GET", f"/domains/{DOMAIN}/datacenters/9", None, 404),
        ("GET", "/nothing", None, 404),
        ("DELETE", f"/domains/{DOMAIN}", None, 405),
        ("POST", "/domains", {"name": DOMAIN, "type": "full"}, 400),
        ("POST", "/domains", {"name": "example.com", "type": "full"}, 400),
        ("POST", "/domains", [], 400),
        ("PUT", PROPERTY, "text", 400),
        ("GET", f"/domains/{DOMAIN}/history?page=zero", None, 400),
    ],
)
def test_what_is_not_there_and_what_is_no_request(
    account: Account, method: str, path: str, body: Any, status: int
) -> None:
    reply = account.call(method, path, body)
    assert (reply.status, reply.content_type) == (status, "application/problem+json")


def test_a_method_that_there_is_not_says_which_there_are(account: Account) -> None:
    assert account.call("DELETE", f"/domains/{DOMAIN}").headers == {"Allow": "GET, PUT"}


def test_a_data_center_that_is_used_stays(account: Account) -> None:
    account.put()
    path = f"/domains/{DOMAIN}/datacenters/3132"
    assert account.call("DELETE", path).status == 400
    account.done("DELETE", PROPERTY)
    account.done("DELETE", path)
    assert account.call("GET", path).status == 404


def test_penalties_that_a_test_leaves_out_are_the_domains(account: Account) -> None:
    body = {"name": "other.akadns.net", "type": "full", "defaultErrorPenalty": 50, "datacenters": [{"nickname": "a"}]}
    account.done("POST", "/domains", body)
    targets = [{"datacenterId": 3131, "servers": [ONE], "weight": 1}]
    account.done("PUT", "/domains/other.akadns.net/properties/app", prop(trafficTargets=targets))
    (test,) = account.done("GET", "/domains/other.akadns.net/properties/app")["livenessTests"]
    assert (test["errorPenalty"], test["timeoutPenalty"]) == (50, 25)


def test_a_property_of_the_domains_own_name(account: Account) -> None:
    told = account.done("PUT", f"/domains/{DOMAIN}/properties/%40", prop(name="@"))
    assert told["resource"]["links"][0]["href"].endswith("/properties/%40")
    account.happened(model.Activate())
    assert account.addresses(DOMAIN) == (ONE,)


@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), _nested, max_leaves=8
    )
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_sent_is_answered(body: Any) -> None:
    account = Account()
    account.domain()
    fields = body if isinstance(body, dict) else {"livenessTests": body, "trafficTargets": body, "cname": body}
    for method, path in (("PUT", PROPERTY), ("POST", "/domains"), ("POST", f"/domains/{DOMAIN}/datacenters")):
        reply = account.call(method, path, {**prop(), **fields} if path == PROPERTY else fields)
        assert reply.status in (200, 201, 400)
    account.happened(model.Activate())
    account.addresses()


def test_a_whole_domain_is_written_at_once(account: Account) -> None:
    account.put()
    body = account.done("GET", f"/domains/{DOMAIN}")
    body["properties"][0]["dynamicTTL"] = 120
    told = account.done("PUT", f"/domains/{DOMAIN}", body)
    assert told["resource"]["properties"][0]["dynamicTTL"] == 120
    assert account.done("GET", PROPERTY)["dynamicTTL"] == 120


def test_a_lost_api_fails_every_call_and_names_are_answered_all_the_same(account: Account) -> None:
    account.put()
    account.happened(model.Activate())
    account.happened(ApiLost("failing"))
    assert account.call("GET", "/domains").status == 503
    assert account.addresses() == (ONE,)
    account.happened(ApiLost("silent"))
    assert account.call("GET", "/domains").silent
    account.happened(ApiLost(None))
    assert account.call("GET", "/domains").status == 200
