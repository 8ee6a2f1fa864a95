"""Secrets leave configuration files, and nothing else does."""

from __future__ import annotations

import json

import pytest

from harness.archive import hiding
from harness.archive.hiding import Unhidden, hidden, is_secret, shown

TOML = """# The app
client_id = "a1b2c3"
client_secret = "s3cr3t/with\\"quote"  # never shown
[webhooks]
api_version = "2026-10"
"signing-key" = 'single quoted value'
token_expires_s = 3600
use_token = true
"""
ENV = """# settings
SHOPIFY_API_SECRET=shpss_0123456789abcdef0123456789abcdef
DATABASE_URL=postgresql://app:hunter2hunter2@db.example.com/app
export ADMIN_PASSWORD='p w'
PUBLIC_NAME=hunter
LOG_LEVEL=info
"""
YAML = """shop: example
auth:
  apiKey: a,b#c
  tokens: [tok-one-1234, tok-two-5678]
  pin_password: 1234
list: [1, 2]
"""
JSON = json.dumps(
    {"name": "x", "accessToken": "grün/🌍 token", "nested": {"private_key": "ab", "other": "ab"}}, indent=1
)


@pytest.mark.parametrize(
    ("name", "text", "gone"),
    [
        ("shopify.app.toml", TOML, ["s3cr3t", "single quoted"]),
        (".env", ENV, ["shpss_", "hunter2hunter2", "p w"]),
        ("config/app.yaml", YAML, ["a,b#c", "tok-one-1234", "tok-two-5678", "1234"]),
        ("settings.json", JSON, ['token"', "gr\\u00fcn"]),
        ("a.toml", 'token = """\nlong\nvalue"""\n', ["value"]),
        ("deploy.js", 'const apiSecret = "abc def";\nconst other = 1;\n', ["abc def"]),
        ("notes.txt", "see https://user:pa55word@example.com/x", ["pa55word"]),
    ],
)
def test_secrets_are_taken_out_and_put_back_to_the_byte(name: str, text: str, gone: list[str]) -> None:
    found = hidden(name, text)
    assert [word for word in gone if word in found.text] == []
    assert shown(found.text, found.values) == (text, [])


def test_what_is_not_secret_stays_readable() -> None:
    text = hidden("shopify.app.toml", TOML).text
    assert 'client_id = "a1b2c3"' in text
    assert "token_expires_s = 3600" in text
    assert 'client_secret = "${secret:client_secret}"  # never shown' in text


def test_a_secret_that_stands_elsewhere_too_is_taken_out_there() -> None:
    found = hidden("a.json", '{"password": "correct-horse", "note": "it is correct-horse, do not tell"}')
    assert "correct-horse" not in found.text


def test_a_private_key_is_found_by_its_looks() -> None:
    pem = "-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----"
    found = hidden("install.sh", f'KEY="$(cat <<E\n{pem}\nE\n)"\n')
    assert "MHcC" not in found.text
    assert shown(found.text, found.values)[0].count("MHcC") == 1


def test_a_value_that_is_not_known_stays_open_and_is_told() -> None:
    found = hidden("shopify.app.toml", TOML)
    text, open_ones = shown(found.text, {})
    assert open_ones == ["client_secret", "signing-key"]
    assert text == found.text
    assert hiding.places(text) == open_ones


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "client_secret = ", "it cannot be read"),
        ("a.yaml", "password: |\n  two\n  lines\n", "could not be taken out"),
        ("a.json", '{"client_secret": "${secret:client_secret}"}', "stands for what was taken out"),
    ],
)
def test_a_file_whose_secrets_cannot_be_taken_out_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(Unhidden, match=said.replace("$", r"\$")):
        hidden(name, text)


@pytest.mark.parametrize(
    "key", ["client_secret", "API-KEY", "accessToken", "DB_PASSWORD", "refresh_token", "X_TOKEN_2"]
)
def test_keys_that_are_secret(key: str) -> None:
    assert is_secret(key)


@pytest.mark.parametrize("key", ["client_id", "token_expires_s", "access_token_url", "tokenizer", "name", "key"])
def test_keys_that_are_not(key: str) -> None:
    assert not is_secret(key)


def test_more_keys_can_be_named() -> None:
    assert is_secret("licence", ["licen?e"])
    assert "abcd" not in hidden("a.env", "LICENCE=abcd", ["licence"]).text
