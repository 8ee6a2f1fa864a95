"""Access tokens: how they are got, how long they count, and what is said to whoever has none."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from shopify_rig import START_US, VERSION, Rig

from harness.parts.commerce.shopify.admin import session_tokens

PAGE: Any = re.compile(r"<h2>Oauth error (\w+): (.+)</h2>")
CLIENT = {"client_id": "drill-app", "client_secret": "shpss_drill"}
GRANT = {**CLIENT, "grant_type": "client_credentials"}
EXCHANGE = {
    **CLIENT, "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
}  # fmt: skip


def get(rig: Rig, body: Any, status: int = 200, place: str = "us-east-1") -> Any:
    reply = rig.ask("POST", "/admin/oauth/access_token", body, place=place)
    assert reply.status == status, reply
    if reply.headers["Content-Type"].startswith("text/html"):
        return dict(zip(("error", "error_description"), PAGE.search(reply.body.decode()).groups(), strict=True))
    return json.loads(reply.body)


def works(rig: Rig, token: str) -> bool:
    reply = rig.ask("GET", f"/admin/api/{VERSION}/shop.json", headers={"X-Shopify-Access-Token": token})
    assert reply.status in (200, 401)
    if reply.status == 401:
        said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        assert json.loads(reply.body) == {"errors": said}
    return reply.status == 200


def session(rig: Rig, secret: str = "shpss_drill", **claims: Any) -> str:
    now = START_US // 1_000_000 + rig.clock.ns // 1_000_000_000
    said = {
        "iss": f"https://{rig.shop.domain}/admin", "dest": f"https://{rig.shop.domain}", "aud": "drill-app",
        "sub": "42", "nbf": now, "iat": now, "exp": now + 60, "jti": "a", "sid": "b",
    }  # fmt: skip
    return session_tokens.sign({**said, **claims}, secret)


def test_client_credentials_give_a_token_for_a_day() -> None:
    rig = Rig()
    said = get(rig, GRANT)
    assert said["expires_in"] == 86_399
    assert "read_orders" in said["scope"].split(",")
    assert works(rig, said["access_token"])
    rig.clock.sleep_s(86_400)
    assert not works(rig, said["access_token"])
    assert works(rig, get(rig, GRANT)["access_token"])


def test_a_form_will_do_as_well_as_json() -> None:
    rig = Rig()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = rig.ask("POST", "/admin/oauth/access_token", urlencode(GRANT).encode(), form)
    assert reply.status == 200


def test_tokens_of_one_place_can_be_ended_alone() -> None:
    rig = Rig()
    here, there = get(rig, GRANT)["access_token"], get(rig, GRANT, place="us-west-2")["access_token"]
    assert rig.api.expire_token("us-west-2") == 1
    assert (works(rig, here), works(rig, there)) == (True, False)
    rig.api.expire_token()
    assert not works(rig, here)


def test_an_old_secret_gets_tokens_for_a_while() -> None:
    rig = Rig(accepts_secret_s=100)
    new = rig.api.rotate_secret()
    assert works(rig, get(rig, GRANT)["access_token"])
    assert works(rig, get(rig, {**GRANT, "client_secret": new})["access_token"])
    rig.clock.sleep_s(101)
    assert get(rig, GRANT, 400)["error"] == "invalid_client"
    assert works(rig, get(rig, {**GRANT, "client_secret": new})["access_token"])


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({**GRANT, "client_secret": "wrong"}, 400, "invalid_client"),
        ({**GRANT, "client_secret": None}, 400, "invalid_client"),
        ({**GRANT, "client_id": "other"}, 400, "application_cannot_be_found"),
        ({}, 400, "application_cannot_be_found"),
        ({**CLIENT, "grant_type": "password"}, 400, "unsupported_grant_type"),
        ({**CLIENT, "grant_type": ["x"]}, 400, "unsupported_grant_type"),
        (CLIENT, 400, "invalid_request"),
        (b"{", 400, "invalid_request"),
        (b"[]", 400, "invalid_request"),
        (b"\xff\xfe", 400, "invalid_request"),
        ({**EXCHANGE, "subject_token": "a.b.c"}, 400, "invalid_subject_token"),
        ({**EXCHANGE, "subject_token": "ü"}, 400, "invalid_subject_token"),
        (EXCHANGE, 400, "invalid_subject_token"),
        ({**EXCHANGE, "subject_token_type": "x"}, 400, "invalid_request"),
        ({**EXCHANGE, "requested_token_type": "x"}, 400, "invalid_request"),
        ({**CLIENT, "grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
    ],
)
def test_whoever_asks_wrongly_gets_no_token(body: Any, status: int, error: str) -> None:
    said = get(Rig(), body, status)
    assert said["error"] == error
    assert said["error_description"]


def test_a_session_token_is_exchanged() -> None:
    rig = Rig()
    said = get(rig, {**EXCHANGE, "subject_token": session(rig)})
    assert set(said) == {"access_token", "scope"}
    assert works(rig, said["access_token"])
    online = "urn:shopify:params:oauth:token-type:online-access-token"
    said = get(rig, {**EXCHANGE, "subject_token": session(rig), "requested_token_type": online})
    assert (said["expires_in"], said["associated_user"]["id"]) == (86_399, 42)


def test_an_expiring_token_is_renewed_once() -> None:
    rig = Rig()
    said = get(rig, {**EXCHANGE, "subject_token": session(rig), "expiring": "1"})
    assert (said["expires_in"], said["refresh_token_expires_in"]) == (3_600, 7_776_000)
    rig.clock.sleep_s(3_601)
    assert not works(rig, said["access_token"])
    renew = {**CLIENT, "grant_type": "refresh_token", "refresh_token": said["refresh_token"]}
    assert works(rig, get(rig, renew)["access_token"])
    assert get(rig, renew, 400)["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "claims",
    [{"exp": 1}, {"nbf": 9_999_999_999}, {"aud": "other"}, {"dest": "https://other.myshopify.com"}, {"exp": "x"}],
)
def test_a_session_token_that_is_not_for_this(claims: dict[str, Any]) -> None:
    rig = Rig()
    get(rig, {**EXCHANGE, "subject_token": session(rig, **claims)}, 400)


def test_a_session_token_that_somebody_else_signed() -> None:
    rig = Rig()
    get(rig, {**EXCHANGE, "subject_token": session(rig, secret="other")}, 400)
    unsigned = session(rig).split(".")
    get(rig, {**EXCHANGE, "subject_token": f"{unsigned[0]}.{unsigned[1]}."}, 400)


def test_an_app_that_was_removed_has_nothing_any_more() -> None:
    rig = Rig()
    rig.shop.installation.uninstall()
    assert not works(rig, rig.token)
    assert get(rig, GRANT, 400)["error"] == "app_not_installed"
