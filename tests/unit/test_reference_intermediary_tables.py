"""The claim in a table that judges conditions as DynamoDB does (moto): who may replace whose."""

from __future__ import annotations

from collections.abc import Iterator

import botocore.session
import pytest
from moto import mock_aws

from reference import dynamo
from reference.active_region import Record
from reference.dynamo import Client
from reference.intermediary.leadership import Claim
from reference.intermediary.tables import assert_claim, read_table
from reference.record_table import write_record
from reference.settings import Settings, load


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Client, Settings]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        monkeypatch.setattr(dynamo, "_session", botocore.session.get_session())
        yield Client("us-east-1"), load({})


def test_only_the_claim_that_was_seen_is_replaced_and_only_its_holder_renews_it(
    table: tuple[Client, Settings],
) -> None:
    client, settings = table
    assert read_table(client, settings).claim is None, "a table that is not there yet is made"
    first, renewed = Claim("a", 1, 1), Claim("a", 1, 2)
    assert assert_claim(client, settings, first, None).outcome == "taken"
    refused = assert_claim(client, settings, Claim("b", 1, 1), None)
    assert (refused.outcome, refused.found) == ("refused", first)
    assert assert_claim(client, settings, renewed, first).outcome == "taken", "whatever its beat is by now"
    assert assert_claim(client, settings, Claim("a", 1, 3), first).outcome == "taken"
    stale = assert_claim(client, settings, Claim("b", 2, 1), renewed)
    assert (stale.outcome, stale.found) == ("refused", Claim("a", 1, 3)), "a beat in between refuses it"
    assert assert_claim(client, settings, Claim("b", 2, 1), Claim("a", 1, 3)).outcome == "taken"
    late = assert_claim(client, settings, Claim("a", 1, 4), Claim("a", 1, 3))
    assert (late.outcome, late.found) == ("refused", Claim("b", 2, 1))


def test_who_is_active_is_read_with_the_claim(table: tuple[Client, Settings]) -> None:
    client, settings = table
    read_table(client, settings)
    write_record(client, settings, Record("us-west-2", 4))
    found = read_table(client, settings)
    assert (found.reached, found.record, found.claim) == (True, Record("us-west-2", 4), None)
