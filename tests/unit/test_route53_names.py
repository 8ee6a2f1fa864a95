"""Names in every spelling, and lists of records page by page: one record is one record, and none is left out."""

from __future__ import annotations

from typing import Any

import dns.message
import dns.name
import dns.rdatatype
import pytest
from route53_api import Api, a, alias, api, code_of, patched_moto, weighted

from harness.engines.dns.lookup import Answer, everyone, lookup
from harness.engines.dns.names import escaped, from_labels, normalise, to_labels
from harness.engines.dns.selection import Health
from harness.engines.dns.server import Responder
from harness.engines.dns.zone import Configuration, parse_zone

__all__ = ["api", "patched_moto"]  # fixtures

SPELLINGS = {
    "*.shop.test": "\\052.shop.test.",
    "\\052.shop.test.": "\\052.shop.test.",
    "*.SHOP.test": "\\052.shop.test.",
    "App.Shop.Test.": "app.shop.test.",
    "\\101pp.shop.test": "app.shop.test.",
    "_srv.shop.test": "_srv.shop.test.",
    "a\\056b.shop.test": "a\\056b.shop.test.",
    "a\\134b.shop.test": "a\\134b.shop.test.",
    "a@b.shop.test": "a\\100b.shop.test.",
    "a\\040b.shop.test": "a\\040b.shop.test.",
    "a\\351.shop.test": "a\\351.shop.test.",
}


@pytest.mark.parametrize("typed", SPELLINGS)
def test_a_name_is_one_in_every_spelling(api: Api, typed: str) -> None:
    stored = SPELLINGS[typed]
    assert api.upsert(a("") | {"Name": typed}) is None
    assert api.upsert(a("", "192.0.2.2") | {"Name": stored}) is None
    assert api.records() == [(stored, "A", None, ["192.0.2.2"])]
    assert api.records(StartRecordName=typed, StartRecordType="A") == api.records()
    assert api.change(("CREATE", a("") | {"Name": typed.upper()})) == "InvalidChangeBatch"
    assert api.change(("DELETE", a("", "192.0.2.2") | {"Name": typed.rstrip(".")})) is None
    assert api.records() == []


@pytest.mark.parametrize("name", ["plain.test", "*.test", "a\\056b.test", "a\\134056b.test", "a b.test"])
def test_labels_and_text_say_the_same(name: str) -> None:
    assert from_labels(to_labels(normalise(name))) == normalise(name)
    assert normalise(escaped(name)) == normalise(name)


class _Answers:
    generation, draws, scale = 1, 0, 1.0

    def __init__(self, config: Configuration) -> None:
        self._config = config

    def answer(self, name: str, record_type: str) -> Answer:
        return lookup(self._config, Health(), name, record_type, everyone)


@pytest.mark.parametrize(
    ("typed", "labels", "found"),
    [
        ("a\\056b.shop.test", (b"a.b", b"shop", b"test", b""), True),
        ("a\\056b.shop.test", (b"a", b"b", b"shop", b"test", b""), False),
        ("a@b.shop.test", (b"A@B", b"shop", b"test", b""), True),
        ("a\\134b.shop.test", (b"a\\b", b"shop", b"test", b""), True),
        ("\\052.shop.test", (b"any", b"shop", b"test", b""), True),
    ],
)
def test_dns_finds_a_name_by_its_labels(api: Api, typed: str, labels: tuple[bytes, ...], found: bool) -> None:
    assert api.upsert(a("") | {"Name": typed}) is None
    config = Configuration((parse_zone({"Id": api.zone, "Name": "shop.test."}, _listed(api)),))
    query = dns.message.make_query(dns.name.Name(labels), dns.rdatatype.A)
    answered = Responder(_Answers(config)).respond(query.to_wire(), 0)
    assert answered is not None
    answer = dns.message.from_wire(answered).answer
    assert [rrset.name for rrset in answer] == ([dns.name.Name(labels)] if found else [])


def _listed(api: Api, **arguments: Any) -> Any:
    return api.route53.list_resource_record_sets(HostedZoneId=api.zone, **arguments)["ResourceRecordSets"]


def test_an_alias_may_name_its_target_in_any_spelling(api: Api) -> None:
    assert api.upsert(a("*.")) is None
    for target in ("*.shop.test", "\\052.SHOP.test."):
        assert api.upsert(alias(api, "to.", target)) is None
    (found,) = [record["AliasTarget"] for record in _listed(api) if "AliasTarget" in record]
    assert found["DNSName"] == "\\052.shop.test."


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_go_through_a_group_and_leave_nothing_out(api: Api, size: int) -> None:
    wanted = [weighted("w.", identifier) for identifier in ("c", "a", "b", "d e")]
    wanted += [weighted("w.", "a", '"x"') | {"Type": "TXT"}, a("z."), a("b.a."), a("*.")]
    assert api.upsert(*wanted) is None
    pages = api.route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=api.zone, PaginationConfig={"PageSize": size}
    )
    found = [(r["Name"], r["Type"], r.get("SetIdentifier")) for page in pages for r in page["ResourceRecordSets"]]
    assert found == [
        ("shop.test.", "NS", None), ("shop.test.", "SOA", None), ("\\052.shop.test.", "A", None),
        ("b.a.shop.test.", "A", None),
        *(("w.shop.test.", "A", identifier) for identifier in ("a", "b", "c", "d e")),
        ("w.shop.test.", "TXT", "a"), ("z.shop.test.", "A", None),
    ]  # fmt: skip


def test_a_page_says_where_the_next_one_begins(api: Api) -> None:
    assert api.upsert(weighted("w.", "a"), weighted("w.", "b")) is None
    first = api.route53.list_resource_record_sets(
        HostedZoneId=api.zone, StartRecordName="w.shop.test", StartRecordType="A", MaxItems="1"
    )
    assert (first["IsTruncated"], first["NextRecordName"], first["NextRecordType"], first["NextRecordIdentifier"]) == (
        True, "w.shop.test.", "A", "b"
    )  # fmt: skip
    (rest,) = _listed(api, StartRecordName="w.shop.test.", StartRecordType="A", StartRecordIdentifier="b")
    assert rest["SetIdentifier"] == "b"
    assert code_of(lambda: _listed(api, StartRecordType="A")) == "InvalidInput"
    assert code_of(lambda: _listed(api, StartRecordName="w.shop.test", StartRecordIdentifier="b")) == "InvalidInput"
    missing = code_of(lambda: api.route53.list_resource_record_sets(HostedZoneId="ZNONE"))
    assert missing == "NoSuchHostedZone"


def test_a_page_has_at_most_300_records(api: Api) -> None:
    for start in (0, 200):
        assert api.change(*(("CREATE", a(f"n{number}.")) for number in range(start, start + 200))) is None
    first = api.route53.list_resource_record_sets(HostedZoneId=api.zone, MaxItems="1000")
    assert (len(first["ResourceRecordSets"]), first["MaxItems"], first["IsTruncated"]) == (300, "300", True)


@pytest.mark.parametrize("name", ["two words.test", "a..test", "x" * 64 + ".test"])
def test_a_zone_whose_name_dns_does_not_have_is_refused(api: Api, name: str) -> None:
    assert code_of(lambda: api.create_zone(name)) == "InvalidDomainName"
