"""What the reference's Shopify application answers to whatever says that it is a webhook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shopify_tables import SECRET

from reference.shopify_app import intake
from reference.shopify_app.intake import Refused, Webhook
from reference.shopify_app.secrets_file import Secrets
from reference.shopify_app.settings import TOPICS, Credentials
from reference.shopify_app.signature import is_signed, sign

SHOP = "drill-shop.myshopify.com"
BODY = json.dumps({"id": 1001, "updated_at": "2026-11-29T11:00:00Z"}).encode()


def headers(body: bytes = BODY, secret: str = SECRET, **changed: str | None) -> list[tuple[str, str]]:
    given: dict[str, str | None] = {
        "Content-Type": "application/json",
        "X-Shopify-Hmac-Sha256": sign(body, secret),
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Webhook-Id": "w-1",
        "X-Shopify-Event-Id": "e-1",
        "X-Shopify-Triggered-At": "2026-11-29T11:00:01Z",
    }
    given |= {name.replace("_", "-"): value for name, value in changed.items()}
    return [(name, value) for name, value in given.items() if value is not None]


def decide(given: list[tuple[str, str]], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> Webhook | Refused:
    return intake.decide(given, body, secrets, SHOP, TOPICS)


def status(decided: Webhook | Refused) -> int:
    return decided.status if isinstance(decided, Refused) else 200


def test_a_webhook_is_taken_with_its_raw_body() -> None:
    body = b'{"id": 1,  "note": "caf\\u00e9 \\/ \xe2\x98\x95"}'
    taken = decide(headers(body), body)
    assert taken == Webhook("w-1", "orders/create", "e-1", "2026-11-29T11:00:01Z", body)


@pytest.mark.parametrize(
    ("expected", "changed"),
    [
        (401, {"X_Shopify_Hmac_Sha256": None}),
        (401, {"X_Shopify_Hmac_Sha256": ""}),
        (401, {"X_Shopify_Hmac_Sha256": sign(BODY + b" ", SECRET)}),
        (401, {"X_Shopify_Hmac_Sha256": "h\u00e4\u2713"}),
        (401, {"X_Shopify_Hmac_Sha256": None, "X_Shopify_Topic": None}),
        (400, {"X_Shopify_Topic": None}),
        (400, {"X_Shopify_Shop_Domain": None}),
        (400, {"X_Shopify_Webhook_Id": None}),
        (400, {"X_Shopify_Webhook_Id": " "}),
        (400, {"X_Shopify_Webhook_Id": "w" * 201}),
        (400, {"X_Shopify_Webhook_Id": "w\udcff"}),
        (400, {"X_Shopify_Event_Id": "e\x00"}),
        (400, {"X_Shopify_Triggered_At": "\ud83d"}),
        (400, {"Content_Type": "text/plain"}),
        (400, {"Content_Type": None}),
        (400, {"Content_Encoding": "gzip"}),
        (404, {"X_Shopify_Topic": "app/uninstalled"}),
        (404, {"X_Shopify_Topic": "ORDERS/CREATE"}),
        (404, {"X_Shopify_Shop_Domain": "other.myshopify.com"}),
        (200, {"X_Shopify_Shop_Domain": SHOP.upper()}),
        (200, {"Content_Type": "application/json; charset=utf-8"}),
        (200, {"X_Shopify_Event_Id": None, "X_Shopify_Triggered_At": None}),
        (200, {"X_Shopify_Triggered_At": "1999-01-01T00:00:00Z"}),
        (200, {"X_Shopify_Triggered_At": "2999-01-01T00:00:00Z"}),
        (200, {"X_Shopify_Triggered_At": "the day after tomorrow"}),
    ],
)
def test_each_defect_has_its_status(expected: int, changed: dict[str, str | None]) -> None:
    assert status(decide(headers(**changed))) == expected


@pytest.mark.parametrize("name", ["X-Shopify-Webhook-Id", "x-shopify-hmac-sha256", "X-SHOPIFY-TOPIC", "content-type"])
def test_a_header_that_is_there_twice_is_refused_before_anybody_guesses_which_one_counts(name: str) -> None:
    given = headers()
    value = next(value for known, value in given if known.lower() == name.lower())
    assert status(decide([*given, (name, value)])) == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"t"', b"null", b"\xff\xfe", b"[" * 100_000, b'{"a": ' * 50_000])
def test_a_signed_body_that_is_no_object_is_refused_and_breaks_nothing(body: bytes) -> None:
    assert status(decide(headers(body), body)) == 400


def test_a_megabyte_is_taken_and_a_byte_more_is_not() -> None:
    body = b'{"a": "' + b"x" * (intake.BODY_MAX - 9) + b'"}'
    assert len(body) == intake.BODY_MAX
    assert status(decide(headers(body), body)) == 200
    assert status(decide(headers(body + b" "), body + b" ")) == 413


def test_both_secrets_count_while_a_rotation_is_under_way() -> None:
    assert status(decide(headers(secret="old"), secrets=("new", "old"))) == 200
    assert status(decide(headers(secret="new"), secrets=("new", "old"))) == 200
    assert status(decide(headers(secret="older"), secrets=("new", "old"))) == 401


def test_without_a_secret_nothing_is_signed() -> None:
    assert not is_signed(BODY, sign(BODY, ""), ())
    assert status(decide(headers(secret=""), secrets=())) == 401


def test_a_secret_that_was_rotated_is_known_at_the_next_look(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    secrets = Secrets(Credentials("app", "from-env"), str(file))
    assert secrets.current().secrets == ("from-env",)
    (tmp_path / "next").write_text('{"client_secret": "one"}')
    (tmp_path / "next").replace(file)
    assert secrets.read_again()
    assert secrets.current().secrets == ("one",)
    (tmp_path / "next").write_text('{"client_secret": "two", "client_secret_old": "one"}')
    (tmp_path / "next").replace(file)
    assert secrets.read_again()
    assert not secrets.read_again()
    assert secrets.current().secrets == ("two", "one")
    assert "two" not in repr(secrets.current())


def test_a_damaged_file_leaves_the_secrets_that_are_known(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text('{"client_secret": "one"}')
    secrets = Secrets(Credentials("app", ""), str(file))
    assert secrets.current().secrets == ("one",)
    for damaged in ("", "{", "[]", '{"client_secret_old": "x"}'):
        file.write_text(damaged)
        assert not secrets.read_again()
        assert secrets.current().secrets == ("one",)
